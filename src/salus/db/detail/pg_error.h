#pragma once

#include <libpq-fe.h>

#include <string_view>

#include "salus/core/result.h"

namespace salus::db::detail {

/// The error of a SQLSTATE (PostgreSQL, appendix A), as pool.h promises. The server's own message
/// is never part of it: it may quote a value.
Error error_of(std::string_view sqlstate, SourcePlace place = SourcePlace::current());

/// The SQLSTATE of a failed result; empty when libpq itself made the result (connection lost).
std::string_view sqlstate_of(const PGresult* result);

/// The connection is gone.
Error connection_lost(SourcePlace place = SourcePlace::current());

}  // namespace salus::db::detail
