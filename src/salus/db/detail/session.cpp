#include "salus/db/detail/session.h"

#include "salus/db/detail/pg_error.h"

namespace salus::db::detail {
namespace {

void ignore_notice(void*, const PGresult*) {}

Result<Rows> checked(PGresult* result) {
    Rows rows(result);  // frees it
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        return fail(error_of(sqlstate_of(result)));
    return rows;
}

}  // namespace

Result<Session> Session::open(const std::string& dsn) {
    const char* const keywords[] = {"connect_timeout", "fallback_application_name", "dbname",
                                    nullptr};
    const char* const values[] = {"5", "salus", dsn.c_str(), nullptr};
    Session session(PQconnectdbParams(keywords, values, 1));
    if (PQstatus(session.conn_.get()) != CONNECTION_OK)
        return fail(Errc::unavailable, "The database can't be reached.",
                    "Check that it runs: salus status.");
    PQsetNoticeReceiver(session.conn_.get(), ignore_notice, nullptr);
    return session;
}

Result<void> Session::run(Sql script) {
    return run_step(script.text().data());
}

Result<void> Session::run_step(const char* script) {
    SALUS_CHECK(checked(PQexec(conn_.get(), script)));
    return {};
}

Result<Rows> Session::query(Sql sql, const char* first, const char* second) {
    const char* const values[] = {first, second};
    const int count = second != nullptr ? 2 : first != nullptr ? 1 : 0;
    return checked(
        PQexecParams(conn_.get(), sql.text().data(), count, nullptr, values, nullptr, nullptr, 1));
}

}  // namespace salus::db::detail
