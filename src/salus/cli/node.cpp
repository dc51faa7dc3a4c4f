#include "salus/cli/node.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "salus/access/gate.h"
#include "salus/audit/sequencer.h"
#include "salus/cli/external_dsn.h"
#include "salus/cli/version.h"
#include "salus/core/encoding.h"
#include "salus/core/fs.h"
#include "salus/core/json.h"
#include "salus/crypto/random.h"
#include "salus/db/migrations.h"
#include "salus/db/private_postgres.h"
#include "salus/edge/routes.h"
#include "salus/edge/server.h"
#include "salus/edge/tls_material.h"
#include "salus/ops/demo_setup.h"

namespace salus::cli {
namespace {

constexpr std::size_t kPassphraseBytes = 4096;
constexpr std::size_t kMinimumPassphraseBytes = 12;

/// The key file of a fresh home. It lies beside the data, which earns no breach safe harbour
/// (45 CFR 164.402); `salus doctor` says so until it is moved.
Result<void> make_passphrase(const ops::Home& home) {
    const Secret random = crypto::random_secret(32);
    const std::string text = to_base64url(random.expose()) + "\n";
    return write_file_atomic(home.passphrase(), as_bytes(text), 0600);
}

Result<Secret> read_passphrase(const ops::Home& home, const std::string& named) {
    std::error_code code;
    const std::string path = named.empty() ? home.passphrase() : named;
    if (named.empty() && !std::filesystem::exists(path, code) &&
        !std::filesystem::exists(home.keystore(), code))
        SALUS_CHECK(make_passphrase(home));
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0)
        return fail(Errc::wrong_passphrase, "The passphrase file does not exist.",
                    "Name it with --passphrase-file.");
    if ((file.st_mode & 0077) != 0)
        return fail(Errc::denied, "Other users can read the passphrase file.",
                    "Take their permissions away: chmod 600 FILE");
    SALUS_TRY(Bytes text, read_file(path, kPassphraseBytes));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
        text.pop_back();
    if (text.size() < kMinimumPassphraseBytes)
        return fail(Errc::invalid, "The passphrase is shorter than 12 characters.",
                    "Choose a longer one: it guards every record.");
    return Secret(std::move(text));
}

}  // namespace

/// In the order in which they are built; each is used by those below it alone.
struct Node::Parts {
    Parts(ops::Home home_, NodeOptions options_)
        : home(std::move(home_)),
          options(std::move(options_)),
          log(options.log_to_file ? home.log() + "/salus.log" : std::string()) {}

    ops::Home home;
    NodeOptions options;
    std::optional<ops::HomeLock> lock;
    Logger log;
    SystemClock clock;
    std::unique_ptr<keys::Keystore> keystore;
    std::unique_ptr<db::PrivatePostgres> postgres;
    std::unique_ptr<db::Pool> pool;
    std::unique_ptr<audit::Recorder> recorder;
    std::unique_ptr<audit::Sequencer> sequencer;
    std::unique_ptr<identity::Sessions> sessions;
    std::unique_ptr<identity::Tenants> tenants;
    std::unique_ptr<access::CareIndex> care;
    std::unique_ptr<access::Gate> gate;
    std::unique_ptr<fhir::Service> service;
    std::unique_ptr<edge::Metrics> metrics;
    std::unique_ptr<edge::Server> server;
    std::string ca_file;
    std::string description;

    Result<void> open_keys();
    Result<void> open_database();
    void build_rooms();
    Result<void> serve();
    Result<void> describe();
};

Result<void> Node::Parts::open_keys() {
    SALUS_TRY(Secret passphrase, read_passphrase(home, options.passphrase_file));
    SALUS_TRY(keystore, keys::Keystore::open(home.keystore(), std::move(passphrase), clock));
    return {};
}

Result<void> Node::Parts::open_database() {
    db::PoolOptions pool_options;
    std::string owner;
    if (options.dsn.empty()) {
        SALUS_TRY(postgres, db::PrivatePostgres::start(
                                {home.pg(), home.run(), home.log() + "/postgres.log"}, log));
        owner = postgres->dsn("salus_owner");
        pool_options.dsn_app = postgres->dsn("salus_app");
        pool_options.dsn_operator = postgres->dsn("salus_operator");
    } else {
        SALUS_TRY(const ExternalDsn dsn, ExternalDsn::parse(options.dsn));
        owner = dsn.for_owner();
        pool_options.dsn_app = dsn.for_role("salus_app");
        pool_options.dsn_operator = dsn.for_role("salus_operator");
    }
    SALUS_CHECK(db::migrate(owner, log));
    pool = std::make_unique<db::Pool>(pool_options, log);
    return {};
}

void Node::Parts::build_rooms() {
    recorder = std::make_unique<audit::Recorder>(*pool, *keystore, log);
    sequencer = std::make_unique<audit::Sequencer>(*pool, *keystore, home.audit(), clock, log);
    sessions = std::make_unique<identity::Sessions>(*pool, *keystore, *recorder, clock, log);
    tenants = std::make_unique<identity::Tenants>(*pool, *keystore, *recorder, *sessions, clock);
    care = std::make_unique<access::CareIndex>(*pool, clock);
    gate = std::make_unique<access::Gate>(*recorder, *care, clock);
    service = std::make_unique<fhir::Service>(fhir::ServiceOptions{options.listen.url() + "/fhir"},
                                              *pool, *keystore, *gate, *care, clock, log);
    metrics = std::make_unique<edge::Metrics>();
    sequencer->start();
}

Result<void> Node::Parts::serve() {
    SALUS_TRY(const auto tls, edge::ensure_tls(home.tls(), {options.listen.address}, clock));
    SALUS_CHECK(home.prepare_operator_socket());
    edge::ServerOptions server_options;
    server_options.address = options.listen.address;
    server_options.port = options.listen.port;
    server_options.certificate_file = tls.certificate_file;
    server_options.key_file = tls.key_file;
    server_options.operator_socket = home.operator_socket();
    server_options.admission = edge::make_admission(*sessions);
    server_options.admission = edge::make_admission(*sessions);
    ca_file = tls.ca_file;
    edge::Parts parts{*sessions, *tenants, *service,     *recorder, *keystore, *metrics,
                      clock,     log,      home.audit(), kVersion,  {}};
    // The same way out as for a signal: main() waits for it.
    parts.shutdown = [] { ::kill(::getpid(), SIGTERM); };
    server = std::make_unique<edge::Server>(server_options, edge::make_handler(std::move(parts)),
                                            *metrics, log);
    return server->start();
}

/// For the commands that look for this server. Written last: who sees it can connect.
Result<void> Node::Parts::describe() {
    JsonWriter json;
    json.begin_object().member("url", options.listen.url()).member("ca", ca_file);
    json.member("home", home.root()).member("pid", static_cast<std::int64_t>(::getpid()));
    json.member("version", kVersion).member("operator_socket", home.operator_socket());
    json.member("started_at", to_instant(clock.now_us()));
    // Peer authentication: the DSN holds no secret.
    if (postgres) json.member("admin_dsn", postgres->dsn("salus_super"));
    if (options.demo) json.member("demo", home.demo_json());
    json.end_object();
    description = json.str();
    return write_file_atomic(home.server_json(), as_bytes(description), 0600);
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Node::~Node() {
    stop();
}
const std::string& Node::description() const {
    return parts_->description;
}

Outcome<std::unique_ptr<Node>> Node::start(const ops::Home& home, NodeOptions options) {
    std::unique_ptr<Node> node(new Node(std::make_unique<Parts>(home, std::move(options))));
    Parts& parts = *node->parts_;
    CLI_TRY(auto lock, ops::HomeLock::take(home));
    parts.lock.emplace(std::move(lock));
    CLI_CHECK(parts.open_keys());
    CLI_CHECK(parts.open_database());
    parts.build_rooms();
    CLI_CHECK(parts.serve());
    if (parts.options.demo)
        CLI_CHECK(ops::set_up_demo({*parts.tenants, *parts.sessions, *parts.service, parts.clock},
                                   home, parts.options.listen.url()));
    CLI_CHECK(parts.describe());
    parts.log.info("The server is ready.");
    return node;
}

void Node::stop() {
    Parts& parts = *parts_;
    if (parts.lock) ::unlink(parts.home.server_json().c_str());
    if (parts.server) parts.server->drain();
    parts.server.reset();
    if (parts.sequencer)
        if (const auto last = parts.sequencer->step(); !last) parts.log.error(last.error());
    parts.metrics.reset();
    parts.service.reset();
    parts.gate.reset();
    parts.care.reset();
    parts.tenants.reset();
    parts.sessions.reset();
    parts.sequencer.reset();
    parts.recorder.reset();
    parts.pool.reset();
    if (parts.postgres)
        if (const auto stopped = parts.postgres->stop(); !stopped) parts.log.error(stopped.error());
    parts.postgres.reset();
    parts.home.remove_operator_socket();
    parts.lock.reset();
}

}  // namespace salus::cli
