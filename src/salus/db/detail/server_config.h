#pragma once

#include <string>

#include "salus/db/detail/account.h"

namespace salus::db::detail {

/// The superuser of a private server: bootstrap, backups, tests. salus serves nothing as it.
inline constexpr char kSuperRole[] = "salus_super";
inline constexpr char kDatabase[] = "salus";

/// postgresql.conf: written at each start, so an upgrade of salus upgrades it too.
std::string postgresql_conf(const std::string& socket_folder, bool unsafe_for_tests);

/// pg_hba.conf: peer authentication for our roles, nothing else.
std::string pg_hba_conf();

/// pg_ident.conf: the users of the operating system that may be our roles: who runs salus, and who
/// runs PostgreSQL.
std::string pg_ident_conf(const std::string& own_name, const Account& account);

/// `host='/run/salus' …`: a value of a libpq connection string, quoted.
std::string quoted(const std::string& value);

}  // namespace salus::db::detail
