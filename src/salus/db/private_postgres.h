#pragma once

#include <memory>
#include <string>

#include "salus/core/log.h"
#include "salus/core/result.h"

namespace salus::db {

struct PostgresOptions {
    std::string data_dir;    ///< HOME/pg: initdb there when it is empty
    std::string socket_dir;  ///< HOME/run: the socket's folder is made in it, or in /run, /tmp
                             ///< where HOME is closed to the server's user
    std::string log_file;    ///< HOME/log/postgres.log
    bool fast_unsafe_for_tests = false;  ///< fsync off
};

/// The private PostgreSQL of a home: initdb with checksums, Unix socket only, peer authentication,
/// an unprivileged user also when salus runs as root. Started as a supervised child that ends with
/// this object (fast shutdown), and is started again when it dies. Crash recovery is PostgreSQL's
/// own; a postmaster left over by a killed salus is found by its working directory and stopped
/// first. HOME/pg.lock is held while it runs: one salus a home.
class PrivatePostgres {
  public:
    /// Errors: wrong_version (below 15.9: known row-security holes; or a data directory of another
    /// major version), unavailable (binaries missing, start failed; the log says why), conflict.
    static Result<std::unique_ptr<PrivatePostgres>> start(const PostgresOptions& options,
                                                          Logger& log);
    ~PrivatePostgres();

    /// A DSN for a role: salus_owner (migrations), salus_app, salus_operator, salus_super (backups
    /// and tests: row security does not stop it).
    [[nodiscard]] std::string dsn(std::string_view role) const;
    [[nodiscard]] int server_version() const;  ///< e.g. 150020
    [[nodiscard]] int pid() const;
    Result<void> stop();

  private:
    struct Impl;
    explicit PrivatePostgres(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::db
