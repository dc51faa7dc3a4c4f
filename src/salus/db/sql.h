#pragma once

#include <string_view>

namespace salus::db {

/// SQL text known at compile time: a string built from input has no way in. The address of the text
/// is its identity: each connection prepares it once.
class Sql {
  public:
    template <std::size_t N>
    consteval Sql(const char (&text)[N])  // NOLINT(google-explicit-constructor)
        : text_(text, N - 1) {}
    [[nodiscard]] constexpr std::string_view text() const { return text_; }

  private:
    std::string_view text_;
};

}  // namespace salus::db
