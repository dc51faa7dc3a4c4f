#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "salus/core/result.h"
#include "salus/core/secret.h"

namespace salus::crypto {

/// Argon2id (RFC 9106) at the cost of OWASP ASVS 5 (19 MiB, 2 passes, 1 lane), as a PHC string.
/// Blocks while limits::kPasswordHashesAtOnce others run. Errors: unavailable (no memory).
Result<std::string> hash_password(std::string_view password);
/// Constant time in the password. A wrong password is `false`; a broken hash string too.
bool verify_password(std::string_view phc_hash, std::string_view password);
/// Spends the time of one verification, so that an unknown user can't be told from a wrong
/// password.
void spend_password_check(std::string_view password);

/// Passphrase to a 32-byte key: Argon2id, 64 MiB, 3 passes; `salt` is 16 bytes.
Result<Secret> derive_from_passphrase(ByteView passphrase, ByteView salt);

/// RFC 6238 TOTP: SHA-1, 6 digits, 30 s, one step of drift either way. Returns the matched time
/// step, so that the caller can refuse a step it has already seen (RFC 6238 5.2).
std::optional<std::int64_t> verify_totp(ByteView secret, std::string_view code,
                                        std::int64_t unix_seconds);
/// The code of this moment (demo, tests, the enrolment check).
std::string totp_code(ByteView secret, std::int64_t unix_seconds);

}  // namespace salus::crypto
