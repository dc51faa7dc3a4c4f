#pragma once

#include <optional>
#include <string>

#include "salus/core/result.h"
#include "salus/db/detail/account.h"

namespace salus::db::detail {

/// The server programs of one installation.
struct Binaries {
    std::string postgres;
    std::string initdb;
    int version = 0;  ///< 150020
};

/// The newest installation that salus may use, of `major` when a data directory asks for it: first
/// in PATH, then in /usr/lib/postgresql. Errors: unavailable (none), wrong_version (none may be
/// used).
Result<Binaries> find_binaries(std::optional<int> major, const Account& account);

/// 150020 of "postgres (PostgreSQL) 15.20 (Debian …)"; nullopt for a development version.
std::optional<int> parse_version(std::string_view text);

}  // namespace salus::db::detail
