#pragma once

#include "salus/core/result.h"

namespace salus::db::detail {

/// Versions as PQserverVersion gives them: 150020 is 15.20.

/// The release of each major version that fixed CVE-2024-10976 (row security forgot the role in
/// subqueries with cached plans): 15.9, 16.5, 17.1. Errors: wrong_version.
Result<void> check_server_version(int version);

/// 15.19, or the release of a later major version made on the same day, or newer.
bool is_preferred(int version);

}  // namespace salus::db::detail
