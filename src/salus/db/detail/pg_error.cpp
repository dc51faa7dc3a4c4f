#include "salus/db/detail/pg_error.h"

namespace salus::db::detail {
namespace {

struct Row {
    std::string_view state;  ///< five characters, or two for a whole class
    Errc code;
    ConstText text;
    ConstText next_step;
};

// The first match counts, so single states stand before their class.
constexpr Row kRows[] = {
    {"23505", Errc::conflict, "The same key is stored already.", {}},
    {"23503", Errc::internal, "A row refers to one that does not exist.", {}},
    {"23", Errc::internal, "A row breaks a constraint of the schema.", {}},
    {"40001", Errc::timeout, "The transaction collided with another one.", "Try again."},
    {"40P01", Errc::timeout, "The transaction and another one waited for each other.",
     "Try again."},
    {"55P03", Errc::timeout, "A lock was not free in time.", "Try again."},
    {"57014", Errc::timeout, "The statement ran past its time limit.", "Ask for less at once."},
    {"25P03", Errc::timeout, "The transaction stayed idle for too long.", "Try again."},
    {"53100", Errc::storage_full, "The database's disk is full.",
     "Free space on the database's volume."},
    {"53", Errc::unavailable, "The database has no connection or memory left.", "Try again later."},
    {"58030", Errc::unavailable, "The database could not read or write its disk.",
     "Check the database's volume."},
    {"57", Errc::unavailable, "The database is stopping or starting.", "Try again in a moment."},
    {"08", Errc::unavailable, "The connection to the database broke.", "Try again in a moment."},
    {"28", Errc::unavailable, "The database refused the login.",
     "Check the role and the rules in pg_hba.conf."},
    {"3D000", Errc::unavailable, "The database named by the connection does not exist.",
     "Create it, or correct the connection string."},
    {"42501",
     Errc::internal,
     "The database's privileges or row security refused the statement.",
     {}},
    {"42", Errc::internal, "The database does not understand a statement of this build.",
     "Run the migrations; the PostgreSQL log has the message."},
    {"22", Errc::internal, "A value does not fit its column.", {}},
    {"25", Errc::internal, "A statement was sent outside its transaction.", {}},
    {"XX001", Errc::integrity, "The database found damaged pages.",
     "Restore from a backup; the PostgreSQL log names the file."},
    {"XX002", Errc::integrity, "The database found a damaged index.",
     "Rebuild it; the PostgreSQL log names the index."},
};

}  // namespace

Error error_of(std::string_view sqlstate, SourcePlace place) {
    if (sqlstate.size() != 5) return connection_lost(place);
    for (const Row& row : kRows)
        if (sqlstate.substr(0, row.state.size()) == row.state)
            return {row.code, row.text, row.next_step, place};
    return {Errc::internal, "The database refused a statement.",
            "The PostgreSQL log has the message.", place};
}

std::string_view sqlstate_of(const PGresult* result) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state == nullptr ? std::string_view() : std::string_view(state);
}

Error connection_lost(SourcePlace place) {
    return {Errc::unavailable, "The connection to the database was lost.", "Try again in a moment.",
            place};
}

}  // namespace salus::db::detail
