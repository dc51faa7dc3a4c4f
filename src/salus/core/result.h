#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "salus/core/errc.h"

namespace salus {

/// Text known at compile time: a value from a request, a row or a key has no way into it.
class ConstText {
  public:
    template <std::size_t N>
    consteval ConstText(const char (&text)[N])  // NOLINT(google-explicit-constructor)
        : text_(text, N - 1) {}
    constexpr ConstText() = default;
    [[nodiscard]] constexpr std::string_view view() const { return text_; }

  private:
    std::string_view text_;
};

/// Where an error was made. std::source_location, which clang 14 has no builtin for.
struct SourcePlace {
    const char* file;
    int line;
    static constexpr SourcePlace current(const char* file = __builtin_FILE(),
                                         int line = __builtin_LINE()) {
        return {file, line};
    }
};

/// What went wrong: a code, a constant sentence, a constant next step, and where. Copyable, cheap.
class [[nodiscard]] Error {
  public:
    Error(Errc code, ConstText text, ConstText next_step = {},
          SourcePlace place = SourcePlace::current())
        : code_(code), text_(text), next_step_(next_step), place_(place) {}

    [[nodiscard]] Errc code() const { return code_; }
    [[nodiscard]] std::string_view text() const { return text_.view(); }
    [[nodiscard]] std::string_view next_step() const { return next_step_.view(); }
    [[nodiscard]] const SourcePlace& place() const { return place_; }

  private:
    Errc code_;
    ConstText text_;
    ConstText next_step_;
    SourcePlace place_;
};

/// A value or an Error. A class of its own, not an alias, so that ignoring one is a compile error.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  public:
    using tl::expected<T, Error>::expected;
    Result() = default;
};

/// `return fail(Errc::invalid, "The text.", "The next step.");`
inline tl::unexpected<Error> fail(Errc code, ConstText text, ConstText next_step = {},
                                  SourcePlace place = SourcePlace::current()) {
    return tl::unexpected<Error>(Error(code, text, next_step, place));
}
inline tl::unexpected<Error> fail(const Error& error) {
    return tl::unexpected<Error>(error);
}

}  // namespace salus

#define SALUS_CONCAT_(a, b) a##b
#define SALUS_CONCAT(a, b) SALUS_CONCAT_(a, b)

/// `SALUS_TRY(auto row, tx.one(...));` declares `row`, or returns the error to the caller.
/// Declaration form only: the statement-expression form with co_await crashes g++ 12.
#define SALUS_TRY(declaration, expression)                                \
    auto SALUS_CONCAT(salus_try_, __LINE__) = (expression);               \
    if (!SALUS_CONCAT(salus_try_, __LINE__))                              \
        return ::salus::fail(SALUS_CONCAT(salus_try_, __LINE__).error()); \
    declaration = std::move(*SALUS_CONCAT(salus_try_, __LINE__))

/// The same for Result<void>.
#define SALUS_CHECK(expression)                              \
    do {                                                     \
        if (auto salus_check_ = (expression); !salus_check_) \
            return ::salus::fail(salus_check_.error());      \
    } while (false)
