#pragma once

#include <optional>
#include <string>
#include <vector>

#include "salus/core/clock.h"
#include "salus/fhir/detail/store_change.h"
#include "salus/fhir/query.h"
#include "salus/fhir/service.h"

namespace salus::fhir {

/// The parts of HTTP that FHIR's REST interactions define (FHIR R4 3.1.0).

Response error_response(const Error& error);
Response problem_response(const Problem& problem);
/// A status that no Errc stands for: 405, 406, 415, 501.
Response status_response(int status, ConstText text, ConstText next_step = {});
/// "201 Created", for the entries of a bundle's response.
std::string_view status_line(int status);
/// An OperationOutcome that tells of something without failure.
std::string information(ConstText text);

std::string etag_of(std::int32_t version);  ///< W/"3"
/// The version of an entity tag, weak or strong. Empty: not one of ours.
std::optional<std::int32_t> version_of(std::string_view etag);
/// IMF-fixdate (RFC 9110 5.6.7).
std::string http_date(TimeUs at_us);

/// Are we asked for JSON, by the Accept header and the _format parameter?
bool accepts_json(std::string_view accept);
bool is_json_format(std::string_view format);
/// Is a body of this Content-Type FHIR in JSON and UTF-8?
bool is_json_body(std::string_view content_type);
bool is_form_body(std::string_view content_type);

enum class Return : std::uint8_t { representation, minimal, outcome };
/// The `return` preference (RFC 7240, FHIR R4 3.1.0.1.6).
std::optional<Return> preferred_return(std::string_view prefer);

/// The segments of a path, decoded. Errors: invalid.
Result<std::vector<std::string>> split_path(std::string_view path);
/// name=value&…, every byte outside RFC 3986's unreserved set escaped.
std::string encode_form(const QueryPairs& pairs);

}  // namespace salus::fhir
