#pragma once

#include <array>
#include <atomic>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "salus/core/json.h"
#include "salus/edge/routes.h"

namespace salus::edge::detail {

/// What the routes of one handler share.
struct RouteState {
    explicit RouteState(Parts p) : parts(std::move(p)), started_us(parts.clock.now_us()) {}
    Parts parts;
    TimeUs started_us;
    std::atomic<std::size_t> logins{0};  ///< running now; at most limits::kLoginsAtOnce
};

/// One request on its way through a route.
struct Call {
    RouteState& state;
    const HttpRequest& request;
    std::array<std::string, 2> captured;  ///< the {parts} of the path in order, decoded
    [[nodiscard]] const Parts& parts() const { return state.parts; }
};

using RouteFunction = HttpResponse (*)(const Call&);

// fhir_routes.cpp
HttpResponse serve_fhir(const Call& call);
HttpResponse serve_capability(const Call& call);
// auth_routes.cpp
HttpResponse log_in(const Call& call);
HttpResponse log_out(const Call& call);
HttpResponse who_am_i(const Call& call);
// audit_routes.cpp
HttpResponse read_audit(const Call& call);
// operator_routes.cpp
HttpResponse list_tenants(const Call& call);
HttpResponse create_tenant(const Call& call);
HttpResponse show_tenant(const Call& call);
HttpResponse suspend_tenant(const Call& call);
HttpResponse resume_tenant(const Call& call);
HttpResponse rotate_keys(const Call& call);
HttpResponse list_keys(const Call& call);
HttpResponse list_people(const Call& call);
HttpResponse invite_person(const Call& call);
HttpResponse disable_person(const Call& call);
HttpResponse create_client(const Call& call);
HttpResponse show_status(const Call& call);
HttpResponse shut_down(const Call& call);

/// The token of "Authorization: Bearer …" (RFC 6750 2.1), or nothing.
std::optional<std::string_view> bearer_token(const HttpRequest& request);
/// Errors: unauthenticated, unavailable.
Result<identity::Caller> verified_caller(identity::Sessions& sessions, const HttpRequest& request);

HttpResponse json_answer(int status, JsonWriter&& json);
HttpResponse no_content();

/// A JSON object whose members are strings. Anything else is refused: a misspelled member is an
/// error, never ignored.
class StringObject {
  public:
    /// `names` with a '?' behind may be absent. Errors: unsupported (not JSON by its Content-Type),
    /// invalid.
    static Result<StringObject> parse(const HttpRequest& request,
                                      std::initializer_list<std::string_view> names);
    /// Empty when absent.
    [[nodiscard]] std::string_view operator[](std::string_view name) const;

  private:
    explicit StringObject(JsonDocument document) : document_(std::move(document)) {}
    JsonDocument document_;
};

/// A body that must say nothing: empty, or an empty object.
Result<void> expect_no_body(const HttpRequest& request);

}  // namespace salus::edge::detail
