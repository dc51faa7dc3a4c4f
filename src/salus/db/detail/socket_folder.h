#pragma once

#include <string>

#include "salus/core/result.h"
#include "salus/db/detail/account.h"

namespace salus::db::detail {

/// The folder of a server's Unix socket, the account's own and closed to others.
class SocketFolder {
  public:
    /// WISHED/postgres, or, where that is too long for a socket (sun_path holds 107 bytes), has
    /// characters that libpq gives a meaning, or can't be reached by the account: a short folder in
    /// /run (root) or /tmp, named after the data directory. Errors: unavailable, conflict.
    static Result<SocketFolder> make(const std::string& wished, const std::string& data_dir,
                                     const Account& account);
    [[nodiscard]] const std::string& path() const { return path_; }
    /// Removes the socket and its lock file of a server that is known to be gone: PostgreSQL
    /// refuses to start while the pid in the lock file answers, be it a zombie's or another
    /// program's.
    void clear() const;
    /// Takes the folder away again, once the server has ended.
    void remove() const;

  private:
    explicit SocketFolder(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

}  // namespace salus::db::detail
