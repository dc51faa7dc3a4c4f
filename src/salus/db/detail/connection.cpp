#include "salus/db/detail/connection.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "salus/core/limits.h"
#include "salus/db/detail/pg_error.h"
#include "salus/db/detail/server_version.h"

namespace salus::db {
namespace {

/// libpq keeps what the kernel did not take yet, and never shrinks that buffer: push once this much
/// waits, and do not keep a connection that had to hold a parameter larger than kRetireBytes.
constexpr std::size_t kPushBytes = 1024 * 1024;
constexpr std::size_t kRetireBytes = 8 * 1024 * 1024;
/// The largest message that PostgreSQL takes is 1 GB (PQ_LARGE_MESSAGE_LIMIT).
constexpr std::size_t kMessageBytes = 1'000'000'000;
/// The server's own statement timeout comes first; after this much silence it is not answering at
/// all.
constexpr int kSilenceMs = limits::kStatementTimeoutMs + 10'000;

// Plans are made once: a custom plan per run halves the throughput.
constexpr char kSessionSettings[] =
    "SET plan_cache_mode = force_generic_plan; SET jit = off;"
    "SET client_encoding = 'UTF8'; SET timezone = 'UTC';"
    "SET search_path = public, pg_temp; SET row_security = on";

void ignore_notice(void*, const PGresult*) {}

/// The limits as SET commands: numbers of ours only.
std::string session_limits() {
    return "SET statement_timeout = " + std::to_string(limits::kStatementTimeoutMs) +
           "; SET lock_timeout = " + std::to_string(limits::kLockTimeoutMs) +
           "; SET idle_in_transaction_session_timeout = " +
           std::to_string(2 * limits::kStatementTimeoutMs);
}

struct ClearResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

bool failed(ExecStatusType status) {
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_SYNC;
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::string& dsn) {
    // `dbname` is expanded as a connection string; what stands before it are defaults.
    const char* const keywords[] = {"connect_timeout", "fallback_application_name", "dbname",
                                    nullptr};
    const char* const values[] = {"5", "salus", dsn.c_str(), nullptr};
    std::unique_ptr<Connection> connection(new Connection(PQconnectdbParams(keywords, values, 1)));
    SALUS_CHECK(connection->set_up());
    return connection;
}

Connection::Connection(PGconn* conn) : conn_(conn) {}
Connection::~Connection() {
    PQfinish(conn_);
}

Result<void> Connection::set_up() {
    if (PQstatus(conn_) != CONNECTION_OK)
        return fail(Errc::unavailable, "The database can't be reached.",
                    "Check that it runs: salus status.");
    PQsetNoticeReceiver(conn_, ignore_notice, nullptr);
    SALUS_CHECK(detail::check_server_version(PQserverVersion(conn_)));
    const std::string settings = kSessionSettings + std::string("; ") + session_limits();
    ResultPtr done(PQexec(conn_, settings.c_str()));
    if (PQresultStatus(done.get()) != PGRES_COMMAND_OK)
        return fail(detail::error_of(detail::sqlstate_of(done.get())));
    // Row security does not hold for these roles, so salus does not work as one.
    done.reset(PQexec(conn_,
                      "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = current_user "
                      "AND (rolsuper OR rolbypassrls)"));
    if (PQresultStatus(done.get()) != PGRES_TUPLES_OK)
        return fail(detail::error_of(detail::sqlstate_of(done.get())));
    if (PQntuples(done.get()) != 0)
        return fail(Errc::denied, "The database role would bypass row-level security.",
                    "Connect as a role without SUPERUSER and BYPASSRLS.");
    if (PQsetnonblocking(conn_, 1) != 0 || PQenterPipelineMode(conn_) != 1)
        return broken(detail::connection_lost());
    return {};
}

Result<void> Connection::send(Sql sql, const Params& params, Keep keep) {
    if (broken_) return fail(detail::connection_lost());
    if (params.buffer_.size() > kMessageBytes)
        return fail(Errc::too_large, "The parameters of a statement are larger than 1 GB.");
    SALUS_TRY(const char* const name, prepare(sql, params));

    const std::size_t count = params.size();
    values_.resize(count);
    for (std::size_t i = 0; i < count; ++i)
        values_[i] = reinterpret_cast<const char*>(params.value(i));
    formats_.resize(std::max(formats_.size(), count), 1);
    if (PQsendQueryPrepared(conn_, name, static_cast<int>(count), values_.data(),
                            params.lengths_.data(), formats_.data(), 1) != 1)
        return broken(detail::connection_lost());
    expected_.push_back({Expected::Kind::run, keep, {}});

    const std::size_t bytes = params.buffer_.size();
    if (bytes > kRetireBytes) retire_ = true;
    unpushed_bytes_ += bytes;
    if (unpushed_bytes_ >= kPushBytes) SALUS_CHECK(push());
    return {};
}

Result<const char*> Connection::prepare(Sql sql, const Params& params) {
    const char* const key = sql.text().data();
    const auto [first, last] = statements_.equal_range(key);
    for (auto known = first; known != last; ++known)
        if (known->second.oids == params.oids_) return known->second.name.c_str();
    const auto added =
        statements_.emplace(key, Statement{"s" + std::to_string(names_++), params.oids_});
    const char* const name = added->second.name.c_str();
    if (PQsendPrepare(conn_, name, key, static_cast<int>(params.size()), params.oids_.data()) != 1)
        return broken(detail::connection_lost());
    expected_.push_back({Expected::Kind::prepare, Keep::nothing, added});
    return name;
}

Result<void> Connection::queue_sync() {
    if (PQpipelineSync(conn_) != 1) return broken(detail::connection_lost());
    expected_.push_back({Expected::Kind::sync, Keep::nothing, {}});
    return {};
}

Result<void> Connection::wait(std::vector<Rows>& results) {
    if (broken_) return fail(detail::connection_lost());
    if (expected_.empty()) return {};
    SALUS_CHECK(queue_sync());
    return receive(results);
}

void Connection::rollback() {
    const Params none;
    std::vector<Rows> discarded;
    // What is queued may fail, and then everything up to its Sync is skipped: ROLLBACK stands
    // behind a Sync of its own. Outside a transaction it is no more than a notice.
    if (broken_ || (!expected_.empty() && !queue_sync())) return;
    if (!send("ROLLBACK", none, Keep::nothing) || !queue_sync()) return;
    failure_.reset();
    static_cast<void>(receive(discarded));
}

Result<void> Connection::push() {
    for (;;) {
        const int left = PQflush(conn_);
        if (left < 0) break;
        if (left == 0) {
            unpushed_bytes_ = 0;
            return {};
        }
        SALUS_CHECK(wait_socket(POLLIN | POLLOUT));
    }
    // The server may have said why before it closed the connection: read that first.
    if (PQconsumeInput(conn_) == 0) return broken(detail::connection_lost());
    return {};
}

Result<void> Connection::receive(std::vector<Rows>& results) {
    SALUS_CHECK(push());
    while (!expected_.empty()) {
        const Expected item = expected_.front();
        expected_.pop_front();
        SALUS_TRY(PGresult* const raw, next());
        ResultPtr result(raw);
        const ExecStatusType status = PQresultStatus(result.get());
        if (raw == nullptr || PQstatus(conn_) != CONNECTION_OK)
            return broken(raw != nullptr ? detail::error_of(detail::sqlstate_of(raw))
                                         : detail::connection_lost());
        if (item.kind == Expected::Kind::sync) {
            if (status != PGRES_PIPELINE_SYNC) return broken(detail::connection_lost());
            continue;
        }
        if (failed(status)) {
            if (item.kind == Expected::Kind::prepare) statements_.erase(item.statement);
            if (status != PGRES_PIPELINE_ABORTED) {
                const std::string_view state = detail::sqlstate_of(result.get());
                note_failure(detail::error_of(state), state);
            }
            result.reset();
        }
        if (item.keep == Keep::rows) results.emplace_back(result.release());
        // libpq marks the end of each statement's results with a null result.
        for (;;) {
            SALUS_TRY(PGresult* const end, next());
            if (end == nullptr) break;
            PQclear(end);
            if (PQstatus(conn_) != CONNECTION_OK) return broken(detail::connection_lost());
        }
    }
    if (failure_) {
        const Error error = *failure_;
        failure_.reset();
        return fail(error);
    }
    return {};
}

Result<PGresult*> Connection::next() {
    while (PQisBusy(conn_) != 0) {
        SALUS_CHECK(wait_socket(POLLIN));
        if (PQconsumeInput(conn_) == 0 && PQisBusy(conn_) != 0)
            return broken(detail::connection_lost());
    }
    return PQgetResult(conn_);
}

Result<void> Connection::wait_socket(short events) {
    pollfd socket{PQsocket(conn_), events, 0};
    for (;;) {
        const int ready = ::poll(&socket, 1, kSilenceMs);
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) return broken(detail::connection_lost());
        if (ready == 0)
            return broken(Error(Errc::timeout, "The database does not answer.",
                                "Check the database's machine and network."));
        break;
    }
    if ((events & POLLOUT) != 0 && (socket.revents & POLLIN) != 0 && PQconsumeInput(conn_) == 0)
        return broken(detail::connection_lost());
    return {};
}

void Connection::note_failure(const Error& error, std::string_view sqlstate) {
    if (!failure_) failure_ = error;
    // After a migration a cached plan may no longer fit its result type; behind a connection pooler
    // a prepared statement may be unknown. A new connection starts afresh.
    if (sqlstate == "0A000" || sqlstate == "26000") retire_ = true;
}

tl::unexpected<Error> Connection::broken(const Error& error) {
    broken_ = true;
    return fail(failure_ ? *failure_ : error);
}

bool Connection::usable() const {
    return !broken_ && !retire_ && expected_.empty() && PQstatus(conn_) == CONNECTION_OK &&
           PQtransactionStatus(conn_) == PQTRANS_IDLE && PQpipelineStatus(conn_) == PQ_PIPELINE_ON;
}

bool Connection::still_open() const {
    // Nothing is asked of an idle connection: what arrives on one is its end, or a changed setting
    // of the server, and then a new connection is right as well.
    pollfd socket{PQsocket(conn_), POLLIN, 0};
    return ::poll(&socket, 1, 0) == 0;
}

}  // namespace salus::db
