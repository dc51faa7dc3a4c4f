#include "salus/db/migrations.h"

#include <string>

#include "salus/db/detail/roles.h"
#include "salus/db/detail/server_version.h"
#include "salus/db/detail/session.h"
#include "salus/db/detail/steps.h"

namespace salus::db {
namespace {

using detail::Session;

/// Any constant: two salus that start at once apply the steps one after the other.
constexpr Sql kLock("SET lock_timeout = '60s'; SELECT pg_advisory_lock(7305804401)");

constexpr Sql kVersionTable(R"(
CREATE TABLE IF NOT EXISTS salus_schema (
    version    int PRIMARY KEY,
    title      text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
))");

/// A table that a tenant's rows are in, without the wall: row security off, or not for its owner.
constexpr Sql kOpenTables(R"(
SELECT count(*) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE a.attname = 'tenant_id' AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
  AND c.relnamespace = 'public'::regnamespace
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity))");

/// Roles that the wall does not stop: BYPASSRLS, superusers, and a querying role that owns a table
/// (it could switch the wall off).
constexpr Sql kStrongRoles(R"(
SELECT count(*) FROM pg_roles r
WHERE (r.rolname IN ('salus_owner', 'salus_app', 'salus_operator')
       AND (r.rolsuper OR r.rolbypassrls))
   OR (r.rolname IN ('salus_app', 'salus_operator')
       AND EXISTS (SELECT FROM pg_class c
                   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                     AND pg_has_role(r.oid, c.relowner, 'MEMBER'))))");

Result<int> version_of(Session& session) {
    SALUS_TRY(const Rows table,
              session.query("SELECT to_regclass('public.salus_schema') IS NOT NULL"));
    if (!table.boolean(0, 0)) return 0;
    SALUS_TRY(const Rows rows, session.query("SELECT coalesce(max(version), 0) FROM salus_schema"));
    return rows.i32(0, 0);
}

Result<void> apply(Session& session, const detail::Step& step) {
    SALUS_CHECK(session.run("BEGIN"));
    SALUS_CHECK(session.run_step(step.sql));
    const std::string version = std::to_string(step.version);
    SALUS_CHECK(
        session.query("INSERT INTO salus_schema (version, title) VALUES ($1::text::int, $2)",
                      version.c_str(), step.title));
    return session.run("COMMIT");
}

Result<void> verify(Session& session) {
    SALUS_TRY(const Rows open, session.query(kOpenTables));
    if (open.i64(0, 0) != 0)
        return fail(Errc::integrity, "A table with tenants' rows has no forced row-level security.",
                    "ALTER TABLE … ENABLE, and FORCE, ROW LEVEL SECURITY on it.");
    SALUS_TRY(const Rows strong, session.query(kStrongRoles));
    if (strong.i64(0, 0) != 0)
        return fail(Errc::integrity, "A role of salus could pass row-level security.",
                    "Take SUPERUSER, BYPASSRLS and the ownership of tables from the salus roles.");
    return {};
}

Result<void> migrate_locked(Session& session, Logger& log) {
    SALUS_TRY(const int found, version_of(session));
    if (found > schema_version())
        return fail(Errc::wrong_version, "The database's schema is newer than this build.",
                    "Start the newer salus that made it.");
    if (found == 0) {
        // Needs a right that the owner may not have; then the administrator made the roles before.
        SALUS_CHECK(session.run(detail::kCreateRoles).map_error([](const Error&) {
            return Error(
                Errc::unavailable, "The roles of salus are missing and can't be created.",
                "Create salus_app and salus_operator (LOGIN, NOBYPASSRLS) as administrator.");
        }));
        SALUS_CHECK(session.run(kVersionTable));
    }
    for (const detail::Step& step : detail::steps()) {
        if (step.version <= found) continue;
        SALUS_CHECK(apply(session, step));
        log.info("The database schema was brought forward.", {{"version", step.version}});
    }
    return verify(session);
}

}  // namespace

Result<void> migrate(const std::string& owner_dsn, Logger& log) {
    SALUS_TRY(Session session, Session::open(owner_dsn));
    SALUS_CHECK(detail::check_server_version(session.server_version()));
    SALUS_CHECK(session.run("SET search_path = public, pg_temp"));
    SALUS_CHECK(session.run(kLock));
    // The lock ends with the connection.
    return migrate_locked(session, log);
}

int schema_version() {
    return static_cast<int>(detail::steps().size());
}

Result<int> database_schema_version(const std::string& owner_dsn) {
    SALUS_TRY(Session session, Session::open(owner_dsn));
    return version_of(session);
}

}  // namespace salus::db
