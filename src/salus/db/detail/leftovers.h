#pragma once

#include "salus/core/log.h"
#include "salus/core/result.h"

namespace salus::db::detail {

/// Ends the PostgreSQL processes whose working directory is this data directory: all of a server's
/// are. The server that the pid file names gets a fast shutdown (SIGINT) first; whatever is left
/// after that SIGQUIT and then SIGKILL, which is a crash that PostgreSQL recovers from. Errors:
/// unavailable (one did not end).
Result<void> end_leftovers(int directory_fd, Logger& log);

}  // namespace salus::db::detail
