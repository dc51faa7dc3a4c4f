#pragma once

#include <optional>
#include <string>

#include "salus/core/log.h"
#include "salus/core/result.h"
#include "salus/db/detail/account.h"
#include "salus/db/detail/binaries.h"
#include "salus/db/detail/child.h"

namespace salus::db::detail {

/// Makes the folder, and those above it, when it is not there; one that is stays as it is.
Result<void> ensure_folder(const std::string& path, unsigned mode);

/// The folder of a private server's files, held open and locked: two salus can't run one home.
class DataDirectory {
  public:
    /// Locks HOME/pg.lock, and makes the folder with initdb where there is none. initdb works in
    /// HOME/pg.new, which gets its name when complete: a crash leaves no half of a database.
    /// Errors: conflict (locked by another salus, or other files in it), wrong_version,
    /// unavailable.
    static Result<DataDirectory> open(const std::string& path, int log_fd, bool unsafe_for_tests,
                                      Logger& log);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const Account& account() const { return account_; }
    [[nodiscard]] const Binaries& binaries() const { return binaries_; }
    [[nodiscard]] int fd() const { return folder_.get(); }
    /// What to pass to `postgres -D`: the path, or, where the account can't reach it,
    /// kGivenDirectory.
    [[nodiscard]] std::string server_path() const;

    /// Ends every PostgreSQL process that still works here: the server of a killed salus, or what a
    /// killed server left behind. Politely first. Errors: unavailable (one did not end).
    Result<void> end_leftovers(Logger& log) const;

  private:
    DataDirectory() = default;
    Result<void> initialise(int log_fd, bool unsafe_for_tests);

    std::string path_;
    Descriptor lock_;
    Descriptor folder_;
    Account account_;
    Binaries binaries_;
    bool reachable_ = false;
};

}  // namespace salus::db::detail
