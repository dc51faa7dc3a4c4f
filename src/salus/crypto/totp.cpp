#include <liboath/oath.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "salus/crypto/detail/openssl.h"
#include "salus/crypto/mac.h"
#include "salus/crypto/password.h"

namespace salus::crypto {
namespace {

constexpr std::int64_t kStepSeconds = 30;
constexpr unsigned kDigits = 6;

using Code = std::array<char, kDigits + 1>;

Code code_at(ByteView secret, std::int64_t step) {
    Code code{};
    detail::must(oath_hotp_generate(reinterpret_cast<const char*>(secret.data()), secret.size(),
                                    static_cast<std::uint64_t>(step), kDigits, false,
                                    OATH_HOTP_DYNAMIC_TRUNCATION, code.data()) == OATH_OK);
    return code;
}

}  // namespace

// RFC 6238 4.2: a time-based code is the counter-based one of RFC 4226 at the number of the time
// step. liboath's own validation compares with strcmp; here all three steps are compared in
// constant time.
std::optional<std::int64_t> verify_totp(ByteView secret, std::string_view code,
                                        std::int64_t unix_seconds) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (code.size() != kDigits || !std::all_of(code.begin(), code.end(), is_digit) ||
        secret.empty() || unix_seconds < 0)
        return std::nullopt;
    const std::int64_t now = unix_seconds / kStepSeconds;
    std::optional<std::int64_t> matched;
    for (const std::int64_t drift : {1, -1, 0}) {
        const std::int64_t step = now + drift;
        if (step < 0) continue;
        const Code expected = code_at(secret, step);
        if (equal(as_bytes({expected.data(), kDigits}), as_bytes(code))) matched = step;
    }
    return matched;
}

std::string totp_code(ByteView secret, std::int64_t unix_seconds) {
    return code_at(secret, std::max<std::int64_t>(unix_seconds, 0) / kStepSeconds).data();
}

}  // namespace salus::crypto
