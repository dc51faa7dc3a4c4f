#pragma once

#include <string>
#include <string_view>

#include "salus/core/clock.h"

namespace salus::fhir {

/// The CapabilityStatement of what is really there: the types, interactions and search parameters
/// of the definitions that this build compiled.
std::string make_capability_statement(std::string_view base_url, TimeUs now_us);

}  // namespace salus::fhir
