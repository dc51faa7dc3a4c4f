#pragma once

#include <string>

#include "salus/cli/context.h"

namespace salus::cli {

/// Makes a machine client of a tenant for one task, named "<purpose>-<uuid>", through the
/// operator's socket; its token. Making it, and everything it does, is audited.
Outcome<std::string> make_machine_client(const Context& context, const std::string& tenant,
                                         const std::string& purpose, const std::string& scopes);

}  // namespace salus::cli
