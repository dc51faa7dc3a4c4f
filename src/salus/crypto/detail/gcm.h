#pragma once

#include <span>

#include "salus/core/bytes.h"

namespace salus::crypto::detail {

inline constexpr std::size_t kGcmKeyBytes = 32;
inline constexpr std::size_t kGcmNonceBytes = 12;
inline constexpr std::size_t kGcmTagBytes = 16;

/// What an AES-256-GCM call works under.
struct GcmParameters {
    std::span<const std::uint8_t, kGcmKeyBytes> key;
    std::span<const std::uint8_t, kGcmNonceBytes> nonce;
    ByteView associated_data;
};

/// NIST SP 800-38D. The inner cipher of XAES-256-GCM; on its own its nonce is too short for random
/// ones, so nothing outside this room calls it. Thread-safe; contexts are reused per thread.
/// `out` has room for the plaintext and the tag.
void gcm_seal(const GcmParameters& parameters, ByteView plaintext, std::span<std::uint8_t> out);
/// `sealed` is ciphertext | tag, `out` has room for the plaintext. False, and `out` wiped, when the
/// tag does not verify.
[[nodiscard]] bool gcm_open(const GcmParameters& parameters, ByteView sealed,
                            std::span<std::uint8_t> out);

}  // namespace salus::crypto::detail
