#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "salus/core/bytes.h"

namespace salus {

/// The value of a lower-case hexadecimal digit, or -1.
constexpr int lower_hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

std::string to_hex(ByteView bytes);
std::optional<Bytes> from_hex(std::string_view text);

/// RFC 4648 section 4, with padding; decoding is strict.
std::string to_base64(ByteView bytes);
std::optional<Bytes> from_base64(std::string_view text);
/// RFC 4648 section 5, without padding; decoding is strict.
std::string to_base64url(ByteView bytes);
std::optional<Bytes> from_base64url(std::string_view text);
/// RFC 4648 section 6, without padding (TOTP secrets); decoding takes upper case only.
std::string to_base32(ByteView bytes);
std::optional<Bytes> from_base32(std::string_view text);

}  // namespace salus
