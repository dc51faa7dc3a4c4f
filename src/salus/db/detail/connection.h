#pragma once

#include <libpq-fe.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "salus/core/result.h"
#include "salus/db/params.h"
#include "salus/db/rows.h"
#include "salus/db/sql.h"

namespace salus::db {

/// Whether a statement's rows are wanted by the caller, or it is one of the transaction's own.
enum class Keep : std::uint8_t { rows, nothing };

/// One connection in libpq pipeline mode, non-blocking, so that neither side can wait for the other
/// to read while both write. Statements are prepared once, by the address of their text, and run
/// with binary parameters and results. Used by one thread at a time.
class Connection {
  public:
    /// Connects, refuses servers and roles that would not enforce row security, and sets the
    /// session's limits. Errors: unavailable, wrong_version, denied.
    static Result<std::unique_ptr<Connection>> open(const std::string& dsn);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Queues a statement. An error leaves the connection to be rolled back.
    Result<void> send(Sql sql, const Params& params, Keep keep);
    /// Ends the pipeline with a Sync and waits for all that was queued. Rows of kept statements are
    /// appended to `results` in order, empty ones for those that failed. The first error counts.
    Result<void> wait(std::vector<Rows>& results);
    /// Whatever was queued or begun is undone. Afterwards `usable` tells whether to keep the
    /// connection.
    void rollback();

    /// Open, outside a transaction, nothing queued, and not worth replacing.
    [[nodiscard]] bool usable() const;
    /// Looks, without waiting, whether the server closed an idle connection.
    [[nodiscard]] bool still_open() const;
    /// How many statements have been prepared on this connection.
    [[nodiscard]] std::size_t prepared() const { return statements_.size(); }

  private:
    struct Statement {
        std::string name;
        std::vector<std::uint32_t> oids;
    };
    /// By the address of the text; more than one where a text is used with other types.
    using Statements = std::multimap<const char*, Statement>;
    struct Expected {
        enum class Kind : std::uint8_t { prepare, run, sync } kind;
        Keep keep;
        Statements::iterator statement;  ///< for `prepare`
    };

    explicit Connection(PGconn* conn);
    Result<void> set_up();
    /// The statement's name; queues its preparation at the first use.
    Result<const char*> prepare(Sql sql, const Params& params);
    Result<void> queue_sync();
    /// Waits until the kernel took all that was sent, reading meanwhile.
    Result<void> push();
    Result<void> receive(std::vector<Rows>& results);
    /// One result of the pipeline; null at the end of a statement.
    Result<PGresult*> next();
    Result<void> wait_socket(short events);
    void note_failure(const Error& error, std::string_view sqlstate);
    tl::unexpected<Error> broken(const Error& error);

    PGconn* conn_;
    Statements statements_;
    std::deque<Expected> expected_;
    std::size_t names_ = 0;  ///< given to statements so far: a name is not used again
    std::size_t unpushed_bytes_ = 0;
    std::optional<Error> failure_;  ///< the first one since the last wait
    bool broken_ = false;
    bool retire_ = false;  ///< close instead of reuse
    std::vector<const char*> values_;
    std::vector<int> formats_;
};

}  // namespace salus::db
