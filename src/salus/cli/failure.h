#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "salus/core/result.h"

namespace salus::cli {

/// Why a command ends without success: shown as one line on stderr, `salus: <code>: <text>`, and
/// the next step below it. Made of an Error of a room, or of what a server answered.
struct Failure {
    std::string code;  ///< stable: info(Errc).name
    std::string text;
    std::string next_step;
    int exit_code = 1;

    Failure(const Error& error);  // NOLINT(google-explicit-constructor): SALUS_TRY converts
    Failure(Errc errc, std::string what, std::string next = {});
};

template <typename T>
using Outcome = tl::expected<T, Failure>;

tl::unexpected<Failure> failed(Errc code, std::string text, std::string next_step = {});
inline tl::unexpected<Failure> failed(Failure failure) {
    return tl::unexpected<Failure>(std::move(failure));
}

/// Reads {"error":{"code","text","next"}} or an OperationOutcome; falls back on the HTTP status.
Failure failure_of_answer(int http_status, std::string_view body);

void print(const Failure& failure);

}  // namespace salus::cli

/// SALUS_TRY and SALUS_CHECK for commands: the error becomes a Failure.
#define CLI_TRY(declaration, expression)                                      \
    auto SALUS_CONCAT(cli_try_, __LINE__) = (expression);                     \
    if (!SALUS_CONCAT(cli_try_, __LINE__))                                    \
        return ::salus::cli::failed(                                          \
            ::salus::cli::Failure(SALUS_CONCAT(cli_try_, __LINE__).error())); \
    declaration = std::move(*SALUS_CONCAT(cli_try_, __LINE__))

#define CLI_CHECK(expression)                                                       \
    do {                                                                            \
        if (auto cli_check_ = (expression); !cli_check_)                            \
            return ::salus::cli::failed(::salus::cli::Failure(cli_check_.error())); \
    } while (false)
