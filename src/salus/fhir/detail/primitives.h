#pragma once

#include <string_view>

#include "salus/fhir/detail/tables.h"

namespace salus::fhir::detail {

/// Does the text of a JSON string (unescaped) have the format of that primitive? FHIR R4
/// datatypes.html, "Primitive Types": its regular expressions, as scanners that take linear time.
/// Only for kinds whose JSON form is a string.
bool is_valid_text(Kind kind, std::string_view text);

/// The same for kinds whose JSON form is a number: decimal and the integers.
bool is_valid_number(Kind kind, std::string_view literal);

bool is_date(std::string_view text);       ///< YYYY, YYYY-MM or YYYY-MM-DD, in the calendar
bool is_date_time(std::string_view text);  ///< a date, or one with a time and a zone
bool is_instant(std::string_view text);    ///< a date with seconds and a zone

/// Narrative (R4 narrative.html, txt-1 and txt-2): one <div>, the elements it lists, no scripts, no
/// handlers, no NUL.
bool is_safe_xhtml(std::string_view text);

}  // namespace salus::fhir::detail
