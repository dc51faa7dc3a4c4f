#pragma once

#include <cstddef>
#include <string_view>

#include "salus/core/result.h"

namespace salus::identity::detail {

inline constexpr std::size_t kTenantNameBytes = 63;  ///< a DNS label (RFC 1035 2.3.4)
inline constexpr std::size_t kUserNameBytes = 64;

constexpr bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

constexpr bool is_name(std::string_view text, std::size_t limit, std::string_view marks) {
    if (text.empty() || text.size() > limit || !is_lower_or_digit(text.front())) return false;
    for (const char c : text)
        if (!is_lower_or_digit(c) && marks.find(c) == std::string_view::npos) return false;
    return true;
}

/// Names are compared byte by byte, so only one spelling of each may exist: lower case ASCII.
constexpr bool is_tenant_name(std::string_view text) {
    return is_name(text, kTenantNameBytes, "-");
}
constexpr bool is_user_name(std::string_view text) {
    return is_name(text, kUserNameBytes, "-._@");
}
constexpr bool is_client_name(std::string_view text) {
    return is_name(text, kUserNameBytes, "-._");
}

/// A unique violation says no more than this; every other error stays what it is.
inline tl::unexpected<Error> taken(const Error& error) {
    if (error.code() != Errc::conflict) return fail(error);
    return fail(Errc::conflict, "That name is taken in this tenant.", "Choose another name.");
}

}  // namespace salus::identity::detail
