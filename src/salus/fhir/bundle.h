#pragma once

#include <functional>

#include "salus/core/json.h"
#include "salus/fhir/service.h"

namespace salus::fhir {

struct StoreParts;

/// Answers one request; how a bundle's GET entries are carried out.
using Handle = std::function<Response(const Request&)>;

/// Transactions and batches (FHIR R4 3.1.0.11). A transaction's writes are one atomic change; its
/// GET entries are answered after it, and see it. A batch's entries stand for themselves. Views of
/// the request must live through the call.
Response run_bundle(StoreParts& parts, const identity::Caller& caller, const Request& request,
                    const Handle& handle);

}  // namespace salus::fhir
