#pragma once

#include <string>

#include "salus/core/log.h"
#include "salus/core/result.h"

namespace salus::db {

/// Brings the schema to this build's version, one transaction per step, as salus_owner; the steps
/// are the files of src/salus/db/migrations/NNNN-title.sql, compiled in. Creates the roles on a
/// server where the caller may. Afterwards verifies that every table with a tenant_id has FORCE
/// row-level security and that no salus role has BYPASSRLS or owns a tenant table it queries.
/// Errors: wrong_version (the schema is newer than this build), unavailable, internal.
Result<void> migrate(const std::string& owner_dsn, Logger& log);

/// The version this build wants, and the one the database has (0: none).
int schema_version();
Result<int> database_schema_version(const std::string& owner_dsn);

}  // namespace salus::db
