#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace salus::edge {

/// Where a request came in. The operator socket is a Unix socket in the home, mode 0600, whose peer's
/// user id was checked: only it reaches /api/operator.
enum class Listener : std::uint8_t { tls, operator_socket };

/// A complete request; the body is within its limit, names are lower case. Views live through the call.
struct HttpRequest {
    Listener listener = Listener::tls;
    std::string_view method;
    std::string_view path;   ///< percent-encoded, without the query
    std::string_view query;  ///< after '?'
    std::string_view body;
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// Runs on a worker of the listener; may block on the database (limits::kWorkerThreads run at once).
using Handler = std::function<HttpResponse(const HttpRequest&)>;

}  // namespace salus::edge
