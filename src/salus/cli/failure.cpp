#include "salus/cli/failure.h"

#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "salus/core/json.h"

namespace salus::cli {
namespace {

std::optional<Errc> code_by_name(std::string_view name) {
    for (int i = 0; i <= static_cast<int>(Errc::internal); ++i)
        if (info(static_cast<Errc>(i)).name == name) return static_cast<Errc>(i);
    return std::nullopt;
}

Errc code_by_status(int status) {
    switch (status) {
        case 401:
            return Errc::unauthenticated;
        case 403:
            return Errc::denied;
        case 404:
            return Errc::not_found;
        case 410:
            return Errc::gone;
        case 409:
            return Errc::conflict;
        case 412:
            return Errc::precondition;
        case 413:
            return Errc::too_large;
        case 422:
            return Errc::unprocessable;
        case 429:
            return Errc::too_many_requests;
        case 503:
            return Errc::unavailable;
        case 504:
            return Errc::timeout;
        case 507:
            return Errc::storage_full;
        default:
            return status >= 500 ? Errc::internal : Errc::invalid;
    }
}

}  // namespace

Failure::Failure(const Error& error)
    : Failure(error.code(), std::string(error.text()), std::string(error.next_step())) {}

Failure::Failure(Errc errc, std::string what, std::string next)
    : code(info(errc).name),
      text(std::move(what)),
      next_step(std::move(next)),
      exit_code(info(errc).exit_code) {}

tl::unexpected<Failure> failed(Errc code, std::string text, std::string next_step) {
    return tl::unexpected<Failure>(Failure(code, std::move(text), std::move(next_step)));
}

Failure failure_of_answer(int http_status, std::string_view body) {
    const Errc fallback = code_by_status(http_status);
    const auto document = JsonDocument::parse(body);
    if (document) {
        const JsonView error = document->root()["error"];
        if (error.exists())
            return {code_by_name(error.string("code")).value_or(fallback),
                    std::string(error.string("text")), std::string(error.string("next"))};
        for (const JsonView issue : document->root()["issue"])
            return {fallback, std::string(issue.string("diagnostics"))};
    }
    return {fallback, fmt::format("The server answered with HTTP status {}.", http_status)};
}

void print(const Failure& failure) {
    fmt::print(stderr, "salus: {}: {}\n", failure.code, failure.text);
    if (!failure.next_step.empty()) fmt::print(stderr, "  next: {}\n", failure.next_step);
}

}  // namespace salus::cli
