#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "salus/core/result.h"
#include "salus/db/rows.h"
#include "salus/db/sql.h"

namespace salus::db::detail {

/// A plain connection for migrations and the server's own set-up: one statement at a time.
class Session {
  public:
    /// Errors: unavailable.
    static Result<Session> open(const std::string& dsn);
    Session(Session&&) noexcept = default;
    Session& operator=(Session&&) noexcept = default;

    /// Runs one or more statements without parameters, in one implicit transaction.
    Result<void> run(Sql script);
    /// A step of the schema: text compiled in, but not a literal of the caller.
    Result<void> run_step(const char* script);
    /// One statement, with rows in binary form. $1 and $2 are text where given.
    Result<Rows> query(Sql sql, const char* first = nullptr, const char* second = nullptr);
    [[nodiscard]] int server_version() const { return PQserverVersion(conn_.get()); }

  private:
    struct Close {
        void operator()(PGconn* conn) const { PQfinish(conn); }
    };
    explicit Session(PGconn* conn) : conn_(conn) {}
    std::unique_ptr<PGconn, Close> conn_;
};

}  // namespace salus::db::detail
