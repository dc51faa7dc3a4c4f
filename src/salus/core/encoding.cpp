#include "salus/core/encoding.h"

namespace salus {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Writes the bits of `bytes`, `width` at a time, most significant first; the last is zero-filled.
std::string encode(ByteView bytes, std::string_view alphabet, unsigned width) {
    std::string text;
    text.reserve(bytes.size() * 8 / width + 4);
    std::uint32_t pending = 0;
    unsigned bits = 0;
    for (const std::uint8_t byte : bytes) {
        pending = (pending << 8) | byte;
        bits += 8;
        while (bits >= width) {
            bits -= width;
            text.push_back(alphabet[(pending >> bits) & ((1U << width) - 1)]);
        }
        pending &= (1U << bits) - 1;
    }
    if (bits > 0) text.push_back(alphabet[(pending << (width - bits)) & ((1U << width) - 1)]);
    return text;
}

/// Strict: a character outside the alphabet, a length no encoder makes, or left-over bits that are
/// not zero (RFC 4648 section 3.5) fail.
std::optional<Bytes> decode(std::string_view text, std::string_view alphabet, unsigned width) {
    Bytes bytes;
    bytes.reserve(text.size() * width / 8);
    std::uint32_t pending = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const std::size_t value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        pending = (pending << width) | static_cast<std::uint32_t>(value);
        bits += width;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<std::uint8_t>(pending >> bits));
            pending &= (1U << bits) - 1;
        }
    }
    if (bits >= width || pending != 0) return std::nullopt;
    return bytes;
}

}  // namespace

std::string to_hex(ByteView bytes) {
    return encode(bytes, "0123456789abcdef", 4);
}

std::optional<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    return decode(text, "0123456789abcdef", 4);
}

std::string to_base64(ByteView bytes) {
    std::string text = encode(bytes, kBase64, 6);
    while (text.size() % 4 != 0)
        text.push_back('=');
    return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i)
        text.remove_suffix(1);
    return decode(text, kBase64, 6);
}

std::string to_base64url(ByteView bytes) {
    return encode(bytes, kBase64Url, 6);
}
std::optional<Bytes> from_base64url(std::string_view text) {
    return decode(text, kBase64Url, 6);
}
std::string to_base32(ByteView bytes) {
    return encode(bytes, kBase32, 5);
}
std::optional<Bytes> from_base32(std::string_view text) {
    return decode(text, kBase32, 5);
}

}  // namespace salus
