#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace salus::edge {

/// Where a request came in. The operator socket is a Unix socket in the home, mode 0600, whose
/// peer's user id was checked: only it reaches /api/operator.
enum class Listener : std::uint8_t { tls, operator_socket };

/// A complete request; the body is within its limit, names are lower case. Views live through the
/// call.
struct HttpRequest {
    Listener listener = Listener::tls;
    bool from_loopback = false;  ///< the TLS peer's address is this machine's
    std::string_view method;     ///< HEAD arrives as GET; the server leaves the body out
    std::string_view path;       ///< percent-encoded, without the query
    std::string_view query;      ///< after '?'
    std::string_view body;
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    /// The value of the first header of that name, or empty.
    [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string_view route = "other";  ///< the route's class for metrics: constant text
};

/// Runs on a worker of the listener; may block on the database (limits::kWorkerThreads run at
/// once).
using Handler = std::function<HttpResponse(const HttpRequest&)>;

/// Asked before a body larger than limits::kApiBodyBytes is taken in, with the headers alone: an
/// answer refuses the request, so strangers can't make the server hold large bodies. May block.
using Admission = std::function<std::optional<HttpResponse>(const HttpRequest&)>;

}  // namespace salus::edge
