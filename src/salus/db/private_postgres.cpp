#include "salus/db/private_postgres.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include "salus/db/detail/data_directory.h"
#include "salus/db/detail/roles.h"
#include "salus/db/detail/server_config.h"
#include "salus/db/detail/server_version.h"
#include "salus/db/detail/session.h"
#include "salus/db/detail/socket_folder.h"
#include "salus/db/detail/supervisor.h"

namespace salus::db {
namespace {

using namespace std::chrono_literals;
constexpr auto kReady = 600s;  ///< crash recovery replays up to max_wal_size
constexpr std::chrono::milliseconds kFirstLook = 5ms;
constexpr std::chrono::milliseconds kLongestLook = 250ms;  ///< each refusal is a line of its log
constexpr off_t kLogBytes = 16 * 1024 * 1024;  ///< a longer log is set aside at the next start

/// Opened by salus and given to the server, which itself can't reach it.
Result<detail::Descriptor> open_log(const std::string& path) {
    SALUS_CHECK(
        detail::ensure_folder(std::filesystem::absolute(path).parent_path().string(), 0700));
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && info.st_size > kLogBytes)
        ::rename(path.c_str(), (path + ".1").c_str());
    detail::Descriptor file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.ok())
        return fail(Errc::unavailable, "The PostgreSQL log can't be opened.",
                    "Check the owner and the permissions of the home directory.");
    return file;
}

Result<void> write_settings(const detail::DataDirectory& directory,
                            const std::string& socket_folder, bool unsafe_for_tests) {
    SALUS_TRY(const std::string name, detail::own_name());
    const detail::Account& account = directory.account();
    const int fd = directory.fd();
    // postgresql.auto.conf (ALTER SYSTEM) would override what salus sets.
    if (detail::write_as(account, fd, "postgresql.conf",
                         detail::postgresql_conf(socket_folder, unsafe_for_tests)) &&
        detail::write_as(account, fd, "postgresql.auto.conf", "") &&
        detail::write_as(account, fd, "pg_hba.conf", detail::pg_hba_conf()) &&
        detail::write_as(account, fd, "pg_ident.conf", detail::pg_ident_conf(name, account)))
        return {};
    return fail(Errc::unavailable, "The database's settings can't be written.",
                "Check the free space and the owner of the data directory.");
}

/// Roles and database, where they are missing.
Result<void> bootstrap(detail::Session& session) {
    SALUS_CHECK(session.run(detail::kCreateRoles));
    SALUS_TRY(const Rows found, session.query("SELECT 1 FROM pg_database WHERE datname = 'salus'"));
    if (found.empty())
        SALUS_CHECK(session.run("CREATE DATABASE salus OWNER salus_owner TEMPLATE template0"));
    return session.run(
        "REVOKE ALL ON DATABASE salus FROM PUBLIC;"
        "GRANT CONNECT ON DATABASE salus TO salus_app, salus_operator");
}

}  // namespace

struct PrivatePostgres::Impl {
    detail::Descriptor log_file;
    detail::DataDirectory directory;
    detail::SocketFolder socket;
    std::optional<detail::Supervisor> supervisor;

    [[nodiscard]] std::string dsn(std::string_view role, const char* database) const {
        return "host=" + detail::quoted(socket.path()) +
               " port=5432 user=" + detail::quoted(std::string(role)) + " dbname=" + database;
    }

    [[nodiscard]] detail::Command command() const {
        detail::Command command;
        command.argv = {directory.binaries().postgres, "-D", directory.server_path()};
        command.account = directory.account();
        command.output_fd = log_file.get();
        command.directory_fd = directory.fd();
        command.death_signal = SIGINT;
        return command;
    }

    /// Waits until the server answers; its own roles are missing before the first start.
    Result<detail::Session> connect() {
        const std::string super = dsn(detail::kSuperRole, "postgres");
        const auto deadline = std::chrono::steady_clock::now() + kReady;
        auto pause = kFirstLook;
        while (supervisor->ends() == 0 && std::chrono::steady_clock::now() < deadline) {
            if (auto session = detail::Session::open(super)) return session;
            std::this_thread::sleep_for(pause);
            pause = std::min(2 * pause, kLongestLook);
        }
        return fail(Errc::unavailable, "PostgreSQL did not start.",
                    "The PostgreSQL log in the home directory says why.");
    }
};

PrivatePostgres::PrivatePostgres(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PrivatePostgres::~PrivatePostgres() {
    static_cast<void>(stop());
}

Result<std::unique_ptr<PrivatePostgres>> PrivatePostgres::start(const PostgresOptions& options,
                                                                Logger& log) {
    SALUS_TRY(auto log_file, open_log(options.log_file));
    SALUS_TRY(auto directory, detail::DataDirectory::open(options.data_dir, log_file.get(),
                                                          options.fast_unsafe_for_tests, log));
    SALUS_CHECK(directory.end_leftovers(log));
    if (!detail::is_preferred(directory.binaries().version))
        log.warn("This PostgreSQL release is old: update it to 15.19 or its sisters.",
                 {{"version", directory.binaries().version}});
    SALUS_TRY(auto socket, detail::SocketFolder::make(options.socket_dir, directory.path(),
                                                      directory.account()));
    socket.clear();  // nothing runs here any more: see end_leftovers
    SALUS_CHECK(write_settings(directory, socket.path(), options.fast_unsafe_for_tests));

    std::unique_ptr<Impl> impl(
        new Impl{std::move(log_file), std::move(directory), std::move(socket), std::nullopt});
    std::unique_ptr<PrivatePostgres> self(new PrivatePostgres(std::move(impl)));
    Impl& parts = *self->impl_;
    parts.supervisor.emplace(parts.directory, parts.command(), log);
    parts.supervisor->start();
    SALUS_TRY(auto session, parts.connect());
    SALUS_CHECK(bootstrap(session));
    return self;
}

std::string PrivatePostgres::dsn(std::string_view role) const {
    return impl_->dsn(role, detail::kDatabase);
}

int PrivatePostgres::server_version() const {
    return impl_->directory.binaries().version;
}

int PrivatePostgres::pid() const {
    return impl_->supervisor->pid();
}

Result<void> PrivatePostgres::stop() {
    impl_->supervisor->stop();
    impl_->socket.remove();
    return {};
}

}  // namespace salus::db
