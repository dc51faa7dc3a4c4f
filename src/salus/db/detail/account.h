#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "salus/core/result.h"

namespace salus::db::detail {

/// The user of the operating system that PostgreSQL runs as: it refuses to run as root.
struct Account {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;

    /// Whether this process must give up its own identity to act as the account.
    [[nodiscard]] bool is_other() const;
    /// Becomes the account, for good. Async-signal-safe: for a child between fork and exec.
    [[nodiscard]] bool become() const;
};

/// This process's own account, or, for root: the owner of an existing data directory, else `salus`,
/// else `postgres`. Errors: unavailable, conflict (the data directory is somebody else's).
Result<Account> choose_account(const std::string& data_dir);

/// The name of the user this process runs as. Errors: unavailable (no entry in the user database).
Result<std::string> own_name();

/// Whether the account can use this directory by its path (every folder above lets it through).
bool can_reach(const Account& account, const std::string& path);

/// Writes a file of a directory as the account, in a child process, replacing it as a whole. A
/// compromised account could have put a link where root is about to write; for the account itself
/// the link leads nowhere new.
bool write_as(const Account& account, int directory_fd, const std::string& name,
              const std::string& content);

}  // namespace salus::db::detail
