#pragma once

#include "salus/core/result.h"
#include "salus/edge/detail/request_head.h"
#include "salus/edge/http.h"

namespace salus::edge::detail {

/// The one shape of an error: an OperationOutcome under /fhir, {"error":{"code","text","next"}}
/// elsewhere.
HttpResponse problem(std::string_view path, const Error& error);
/// The same with the HTTP status of a refusal.
HttpResponse problem(std::string_view path, const Refusal& refusal);

bool is_fhir_path(std::string_view path);

}  // namespace salus::edge::detail
