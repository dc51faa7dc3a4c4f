#pragma once

#include "salus/db/sql.h"

namespace salus::db::detail {

/// The roles that salus connects as; none of them gets around row-level security. Does nothing for
/// a role that is there.
inline constexpr Sql kCreateRoles(R"(
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['salus_owner', 'salus_app', 'salus_operator'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS',
                           name);
        END IF;
    END LOOP;
END $$)");

}  // namespace salus::db::detail
