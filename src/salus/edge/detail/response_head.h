#pragma once

#include <string>

#include "salus/edge/http.h"

namespace salus::edge::detail {

/// Appends the status line and headers of `response`, blank line included, to `out`: the security
/// headers always, Content-Length where a body may follow. A header with a character that could end
/// its line is a defect of a route: nothing is appended and false is returned.
[[nodiscard]] bool write_response_head(const HttpResponse& response, bool keep_alive,
                                       std::string& out);

/// RFC 9110 6.4.1: 1xx, 204 and 304 never carry a body.
bool may_have_body(int status);

}  // namespace salus::edge::detail
