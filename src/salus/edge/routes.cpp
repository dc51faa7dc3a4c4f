#include "salus/edge/routes.h"

#include <algorithm>
#include <array>
#include <memory>

#include "salus/crypto/random.h"
#include "salus/edge/detail/problem.h"
#include "salus/edge/detail/route.h"

namespace salus::edge {
namespace {

using detail::Call;
using detail::problem;
using detail::RouteState;

HttpResponse health(const Call&) {
    HttpResponse response;
    response.body = R"({"status":"ok"})";
    return response;
}

HttpResponse metrics(const Call& call) {
    HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = call.parts().metrics.render();
    return response;
}

/// Who may ask at all. To everybody else the route is not there.
enum class From : std::uint8_t { anywhere, this_machine, operator_socket };

struct Route {
    RouteName name;
    std::string_view route_class;  ///< for metrics
    From from;
    detail::RouteFunction serve;
};

constexpr Route kRoutes[] = {
    {{"GET", "/healthz"}, "health", From::anywhere, health},
    {{"GET", "/metrics"}, "metrics", From::this_machine, metrics},
    {{"GET", "/fhir/metadata"}, "fhir", From::anywhere, detail::serve_capability},
    {{"POST", "/fhir"}, "fhir", From::anywhere, detail::serve_fhir},
    {{"GET", "/fhir/{type}"}, "fhir", From::anywhere, detail::serve_fhir},
    {{"POST", "/fhir/{type}"}, "fhir", From::anywhere, detail::serve_fhir},
    {{"POST", "/fhir/{type}/_search"}, "fhir", From::anywhere, detail::serve_fhir},
    {{"GET", "/fhir/{type}/{id}"}, "fhir", From::anywhere, detail::serve_fhir},
    {{"PUT", "/fhir/{type}/{id}"}, "fhir", From::anywhere, detail::serve_fhir},
    {{"DELETE", "/fhir/{type}/{id}"}, "fhir", From::anywhere, detail::serve_fhir},
    {{"GET", "/fhir/{type}/{id}/_history"}, "fhir", From::anywhere, detail::serve_fhir},
    {{"GET", "/fhir/{type}/{id}/_history/{version}"}, "fhir", From::anywhere, detail::serve_fhir},
    {{"POST", "/auth/login"}, "auth", From::anywhere, detail::log_in},
    {{"POST", "/auth/logout"}, "auth", From::anywhere, detail::log_out},
    {{"GET", "/auth/whoami"}, "auth", From::anywhere, detail::who_am_i},
    {{"GET", "/api/audit"}, "api", From::anywhere, detail::read_audit},
    {{"GET", "/api/operator/status"}, "api", From::operator_socket, detail::show_status},
    {{"POST", "/api/operator/shutdown"}, "api", From::operator_socket, detail::shut_down},
    {{"GET", "/api/operator/tenants"}, "api", From::operator_socket, detail::list_tenants},
    {{"POST", "/api/operator/tenants"}, "api", From::operator_socket, detail::create_tenant},
    {{"GET", "/api/operator/tenants/{tenant}"}, "api", From::operator_socket, detail::show_tenant},
    {{"POST", "/api/operator/tenants/{tenant}/suspend"},
     "api",
     From::operator_socket,
     detail::suspend_tenant},
    {{"POST", "/api/operator/tenants/{tenant}/resume"},
     "api",
     From::operator_socket,
     detail::resume_tenant},
    {{"GET", "/api/operator/tenants/{tenant}/keys"},
     "api",
     From::operator_socket,
     detail::list_keys},
    {{"POST", "/api/operator/tenants/{tenant}/rotate-keys"},
     "api",
     From::operator_socket,
     detail::rotate_keys},
    {{"GET", "/api/operator/tenants/{tenant}/users"},
     "api",
     From::operator_socket,
     detail::list_people},
    {{"POST", "/api/operator/tenants/{tenant}/users"},
     "api",
     From::operator_socket,
     detail::invite_person},
    {{"POST", "/api/operator/tenants/{tenant}/users/{username}/disable"},
     "api",
     From::operator_socket,
     detail::disable_person},
    {{"POST", "/api/operator/tenants/{tenant}/clients"},
     "api",
     From::operator_socket,
     detail::create_client},
};

constexpr auto kNames = [] {
    std::array<RouteName, std::size(kRoutes)> names{};
    std::ranges::transform(kRoutes, names.begin(), &Route::name);
    return names;
}();

/// The server has checked every escape of a path (detail/target.cpp).
std::string decode(std::string_view segment) {
    const auto digit = [](char c) {
        return c <= '9' ? c - '0' : c <= 'F' ? c - 'A' + 10 : c - 'a' + 10;
    };
    std::string out;
    for (std::size_t i = 0; i < segment.size(); ++i) {
        if (segment[i] != '%' || i + 2 >= segment.size()) {
            out.push_back(segment[i]);
            continue;
        }
        out.push_back(static_cast<char>(digit(segment[i + 1]) * 16 + digit(segment[i + 2])));
        i += 2;
    }
    return out;
}

std::string_view next_segment(std::string_view& path) {
    path.remove_prefix(1);  // the slash
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

bool matches(std::string_view pattern, std::string_view path,
             std::array<std::string, 2>& captured) {
    std::size_t captures = 0;
    while (!pattern.empty() && !path.empty()) {
        const std::string_view wanted = next_segment(pattern);
        const std::string_view segment = next_segment(path);
        if (wanted.starts_with('{') && !segment.empty() && captures < captured.size())
            captured[captures++] = decode(segment);
        else if (wanted != segment)
            return false;
    }
    return pattern.empty() && path.empty();
}

bool may_ask(From from, const HttpRequest& request) {
    if (from == From::anywhere || request.listener == Listener::operator_socket) return true;
    return from == From::this_machine && request.from_loopback;
}

HttpResponse run(std::string_view route_class, detail::RouteFunction serve, const Call& call) {
    HttpResponse response = serve(call);
    response.route = route_class;
    return response;
}

HttpResponse dispatch(RouteState& state, const HttpRequest& request) {
    Call call{state, request, {}};
    // The FHIR service reads its own paths, and says what it does not have in its own way.
    if (detail::is_fhir_path(request.path) &&
        !(request.method == "GET" && request.path == "/fhir/metadata"))
        return run("fhir", detail::serve_fhir, call);
    std::string allowed;
    for (const Route& route : kRoutes) {
        if (!may_ask(route.from, request) || !matches(route.name.path, request.path, call.captured))
            continue;
        if (route.name.method == request.method) return run(route.route_class, route.serve, call);
        allowed.append(allowed.empty() ? "" : ", ").append(route.name.method);
    }
    if (allowed.empty())
        return problem(request.path, Error(Errc::not_found, "There is nothing at this address."));
    HttpResponse response =
        problem(request.path, detail::Refusal{405, "The route does not have this method."});
    response.headers.emplace_back("Allow", std::move(allowed));
    return response;
}

/// The caller's own id where it is harmless to repeat, else a new one.
std::string request_id(const HttpRequest& request, const Clock& clock) {
    constexpr std::size_t kMaximum = 64;
    const std::string_view given = request.header("x-request-id");
    const bool harmless =
        !given.empty() && given.size() <= kMaximum && std::ranges::all_of(given, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '-' || c == '_' || c == '.';
        });
    return harmless ? std::string(given) : crypto::new_uuid_v7(clock.now_us()).to_string();
}

}  // namespace

Handler make_handler(Parts parts) {
    // Shared: std::function copies its target, and all copies are one handler.
    const auto state = std::make_shared<RouteState>(std::move(parts));
    return [state](const HttpRequest& request) {
        HttpResponse response = dispatch(*state, request);
        response.headers.emplace_back("X-Request-Id", request_id(request, state->parts.clock));
        if (response.status >= 500)
            state->parts.log.warn("A request failed.", {{"status", response.status}});
        return response;
    };
}

Admission make_admission(identity::Sessions& sessions) {
    return [&sessions](const HttpRequest& request) -> std::optional<HttpResponse> {
        const auto caller = detail::verified_caller(sessions, request);
        if (caller) return std::nullopt;
        return problem(request.path, caller.error());
    };
}

std::span<const RouteName> route_names() {
    return kNames;
}

}  // namespace salus::edge
