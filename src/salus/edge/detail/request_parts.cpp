#include <algorithm>

#include "salus/edge/detail/problem.h"
#include "salus/edge/detail/route.h"

namespace salus::edge::detail {
namespace {

constexpr std::size_t kTokenBytes = 256;

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
    return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
        return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y;
    });
}

bool says_json(std::string_view content_type) {
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' '))
        type.remove_suffix(1);
    return equal_ignoring_case(type, "application/json");
}

tl::unexpected<Error> bad_body() {
    return fail(Errc::invalid, "The body is not a JSON object with exactly the route's members.",
                "See docs/openapi.yaml.");
}

}  // namespace

std::optional<std::string_view> bearer_token(const HttpRequest& request) {
    constexpr std::string_view kScheme = "bearer ";
    const std::string_view value = request.header("authorization");
    if (value.size() <= kScheme.size() || value.size() > kScheme.size() + kTokenBytes ||
        !equal_ignoring_case(value.substr(0, kScheme.size()), kScheme))
        return std::nullopt;
    return value.substr(kScheme.size());
}

Result<identity::Caller> verified_caller(identity::Sessions& sessions, const HttpRequest& request) {
    const auto token = bearer_token(request);
    if (!token)
        return fail(Errc::unauthenticated, "The request carries no token.",
                    "Send \"Authorization: Bearer TOKEN\" from /auth/login.");
    return sessions.verify(*token);
}

HttpResponse json_answer(int status, JsonWriter&& json) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(json).str();
    return response;
}

HttpResponse no_content() {
    HttpResponse response;
    response.status = 204;
    return response;
}

Result<StringObject> StringObject::parse(const HttpRequest& request,
                                         std::initializer_list<std::string_view> names) {
    if (!says_json(request.header("content-type")))
        return fail(Errc::unsupported, "The body's Content-Type is not application/json.");
    auto document = JsonDocument::parse(request.body);
    if (!document || !document->root().is(JsonKind::object)) return bad_body();
    for (const JsonView member : document->root()) {
        const bool known = std::ranges::any_of(names, [&](std::string_view name) {
            if (name.ends_with('?')) name.remove_suffix(1);
            return name == member.key();
        });
        if (!known || !member.is(JsonKind::string)) return bad_body();
    }
    for (const std::string_view name : names)
        if (!name.ends_with('?') && !document->root()[name].exists()) return bad_body();
    return StringObject(std::move(*document));
}

std::string_view StringObject::operator[](std::string_view name) const {
    return document_.root().string(name);
}

Result<void> expect_no_body(const HttpRequest& request) {
    if (request.body.empty()) return {};
    SALUS_CHECK(StringObject::parse(request, {}));
    return {};
}

}  // namespace salus::edge::detail
