#pragma once

#include "salus/fhir/store.h"

namespace salus::fhir {

/// The one place where bodies are opened for disclosure: the decision must cover each row, and is
/// spent. Errors: denied, integrity.
Result<std::vector<Phi<std::string>>> open_decided(const keys::TenantKeys& keys,
                                                   std::span<const SealedRow> rows,
                                                   access::AccessDecision&& decision);

}  // namespace salus::fhir
