#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "salus/audit/verify.h"
#include "salus/cli/commands.h"
#include "salus/cli/machine_client.h"
#include "salus/cli/terminal.h"
#include "salus/core/encoding.h"
#include "salus/crypto/random.h"
#include "salus/ops/scan.h"

namespace salus::cli {
namespace {

constexpr std::string_view kTenant = "salus-verify";
constexpr std::size_t kCanaryBytes = 10;
constexpr int kLogPolls = 200;
constexpr std::chrono::milliseconds kLogPoll(50);

/// Texts that exist nowhere else in the world, one for each place where a record can hold PHI.
struct Canaries {
    std::string family = make("Fam");
    std::string given = make("Giv");
    std::string identifier = make("Mrn");
    std::string street = make("Str");
    std::string phone = make("Tel");
    std::string note = make("Note");
    std::string value = make("Val");
    std::string old_name = make("Old");
    std::string asked = make("Ask");

    static std::string make(std::string_view prefix) {
        const Secret random = crypto::random_secret(kCanaryBytes);
        return std::string(prefix) + to_base32(random.expose());
    }
    [[nodiscard]] std::vector<std::pair<std::string_view, std::string>> all() const {
        return {
            {"a family name", family}, {"a given name", given},     {"a record number", identifier},
            {"a street", street},      {"a phone number", phone},   {"a note", note},
            {"a result", value},       {"a former name", old_name}, {"a search's value", asked}};
    }
};

std::string patient_json(const Canaries& canaries, std::string_view family, std::string_view id) {
    JsonWriter json;
    json.begin_object().member("resourceType", "Patient");
    if (!id.empty()) json.member("id", id);
    json.key("identifier").begin_array().begin_object().member("system", "urn:salus:verify");
    json.member("value", canaries.identifier).end_object().end_array();
    json.key("name").begin_array().begin_object().member("family", family).key("given");
    json.begin_array().value(canaries.given).end_array().end_object().end_array();
    json.key("telecom").begin_array().begin_object().member("system", "phone");
    json.member("value", canaries.phone).end_object().end_array();
    json.member("birthDate", "1961-04-02").key("address").begin_array().begin_object().key("line");
    json.begin_array().value(canaries.street).end_array().end_object().end_array().end_object();
    return std::move(json).str();
}

std::string observation_json(const Canaries& canaries, std::string_view patient) {
    JsonWriter json;
    json.begin_object().member("resourceType", "Observation").member("status", "final");
    json.key("code").begin_object().member("text", "verification").end_object();
    json.key("subject").begin_object().member("reference", fmt::format("Patient/{}", patient));
    json.end_object().member("valueString", canaries.value).key("note").begin_array();
    json.begin_object().member("text", canaries.note).end_object().end_array().end_object();
    return std::move(json).str();
}

/// Stores the canaries the way a client would: create, update (the old name goes into the history),
/// search by each kind of index, read. Errors: those of the server.
class Planter {
  public:
    static constexpr std::uint64_t kRecords = 7;  ///< audit records of what plant() does, at least

    Planter(HttpClient& client, const Canaries& canaries) : client_(client), canaries_(canaries) {}

    Outcome<void> plant() {
        CLI_TRY(const std::string id,
                store("POST", "Patient", patient_json(canaries_, canaries_.old_name, {})));
        CLI_CHECK(store("PUT", "Patient/" + id, patient_json(canaries_, canaries_.family, id)));
        CLI_CHECK(store("POST", "Observation", observation_json(canaries_, id)));
        CLI_CHECK(find("Patient?identifier=urn:salus:verify%7C" + canaries_.identifier, 1));
        CLI_CHECK(find("Patient?family=" + canaries_.family, 1));
        CLI_CHECK(find("Patient?name=" + canaries_.asked, 0));
        CLI_CHECK(find("Observation?patient=" + id, 1));
        // A refused request must not leave its content in a log either.
        CLI_TRY(
            const HttpAnswer refused,
            client_.send("POST", "/fhir/Patient",
                         "{\"resourceType\":\"Patient\",\"" + canaries_.asked + "\":1}", kJson));
        if (refused.status != 400 && refused.status != 422)
            return failed(Errc::internal, "An invalid resource was not refused.");
        return {};
    }

  private:
    static inline const HttpClient::Headers kJson = {{"Content-Type", "application/fhir+json"}};

    Outcome<std::string> store(std::string_view method, const std::string& path,
                               const std::string& body) {
        CLI_TRY(const HttpAnswer answer, client_.send(method, "/fhir/" + path, body, kJson));
        if (answer.status >= 300) return failed(failure_of_answer(answer.status, answer.body));
        CLI_TRY(const JsonDocument stored, JsonDocument::parse(answer.body));
        return std::string(stored.root().string("id"));
    }
    Outcome<void> find(const std::string& search, std::size_t expected) {
        CLI_TRY(const HttpAnswer answer, client_.send("GET", "/fhir/" + search));
        if (answer.status >= 300) return failed(failure_of_answer(answer.status, answer.body));
        CLI_TRY(const JsonDocument found, JsonDocument::parse(answer.body));
        if (found.root()["entry"].size() != expected)
            return failed(Errc::internal, "A stored record was not found again.");
        return {};
    }

    HttpClient& client_;
    const Canaries& canaries_;
};

Outcome<void> ensure_tenant(const Context& context) {
    JsonWriter body;
    body.begin_object().member("name", kTenant).end_object();
    const auto made = context.operator_call("POST", "tenants", body.str());
    if (!made && made.error().code != info(Errc::conflict).name) return failed(made.error());
    return {};
}

/// The folder of the verification tenant's audit log.
Outcome<std::string> log_folder(const Context& context, const ops::Home& home) {
    CLI_TRY(const std::string answer,
            context.operator_call("GET", "tenants/" + std::string(kTenant)));
    CLI_TRY(const JsonDocument tenant, JsonDocument::parse(answer));
    return fmt::format("{}/{}", home.audit(), tenant.root()["id"].text());
}

/// The sequencer moves records into the log a moment after the answer: what it writes is scanned
/// too.
Outcome<void> await_log(const std::string& folder, std::uint64_t size) {
    for (int i = 0; i < kLogPolls; ++i) {
        CLI_TRY(const std::uint64_t now, audit::log_size(folder));
        if (now >= size) return {};
        std::this_thread::sleep_for(kLogPoll);
    }
    return failed(Errc::timeout, "The audit log did not take up what was done.",
                  "Look for the reason in HOME/log/salus.log.");
}

std::string report_json(const Canaries& canaries, const ops::ScanReport& report) {
    const auto texts = canaries.all();
    JsonWriter json;
    json.begin_object().member("readable", report.hits.size());
    json.member("canaries", texts.size());
    json.member("files", static_cast<std::int64_t>(report.files));
    json.member("bytes", static_cast<std::int64_t>(report.bytes)).key("places").begin_array();
    for (const ops::ScanHit& hit : report.hits) {
        json.begin_object().member("file", hit.file);
        json.member("offset", static_cast<std::int64_t>(hit.offset));
        json.member("form", hit.encoding).member("content", texts[hit.text].first).end_object();
    }
    json.end_array().end_object();
    return std::move(json).str();
}

Outcome<int> verify_encryption(const Context& context) {
    CLI_TRY(const ops::Home home, context.open_home());
    CLI_TRY(const JsonDocument running, context.running_server());
    ProgressLine line;
    line.show("Storing canaries through the API …");
    CLI_CHECK(ensure_tenant(context));
    CLI_TRY(std::string token,
            make_machine_client(context, std::string(kTenant), "verify", "system/*.cruds"));
    CLI_TRY(HttpTarget target, context.public_target(std::move(token)));
    HttpClient client(std::move(target));
    const Canaries canaries;
    CLI_TRY(const std::string folder, log_folder(context, home));
    const auto before = audit::log_size(folder);
    CLI_CHECK(Planter(client, canaries).plant());
    line.show("Waiting for the audit log …");
    CLI_CHECK(await_log(folder, before.value_or(0) + Planter::kRecords));
    const std::string admin_dsn(running.root().string("admin_dsn"));
    if (admin_dsn.empty())
        fmt::print(
            stderr,
            "The database is elsewhere: its files are not here, so only the home is scanned.\n");
    else
        CLI_CHECK(ops::checkpoint(admin_dsn));
    ops::Needles needles;
    for (const auto& [what, text] : canaries.all())
        needles.add(text);
    CLI_TRY(const ops::ScanReport report,
            ops::scan_tree(home.root(), needles, [&line](const ops::ScanReport& so_far) {
                line.show(fmt::format("Reading every byte: {} files, {}", so_far.files,
                                      human_bytes(so_far.bytes)));
            }));
    line.clear();
    const std::string json = report_json(canaries, report);
    if (context.format() != Format::table) print_data(json, context.format(), {});
    for (const ops::ScanHit& hit : report.hits)
        if (context.format() == Format::table)
            fmt::print("{} at byte {}: {} ({})\n", hit.file, hit.offset,
                       canaries.all()[hit.text].first, hit.encoding);
    if (!report.hits.empty())
        return failed(Errc::integrity, "PHI is readable on disk: the places are listed above.",
                      "Report this as a defect of salus, with the places.");
    if (context.format() == Format::table)
        fmt::print("Clean: {} canaries in {} forms, {} files, {}; none is readable.\n",
                   canaries.all().size(), needles.forms(), with_thousands(report.files),
                   human_bytes(report.bytes));
    return 0;
}

}  // namespace

void add_verify_commands(CLI::App& app, Context& context) {
    CLI::App* noun =
        add_noun(app, "verify", "Proofs that anybody can repeat", {"salus verify encryption"});
    add_command(*noun, "encryption",
                "Store unique texts through the API, then look for them in every byte of the home",
                {"salus verify encryption", "salus verify encryption -o json"})
        ->callback(
            [&context] { context.action = [&context] { return verify_encryption(context); }; });
}

}  // namespace salus::cli
