#pragma once

#include <optional>

#include "salus/core/bytes.h"

namespace salus::crypto::detail {

inline constexpr std::size_t kSivTagBytes = 16;

/// RFC 5297 AES-SIV; the key's length (32, 48 or 64 bytes) chooses AES-128, -192 or -256.
/// `components` are the associated data strings of S2V in order, none of them empty. `plaintext` is
/// not empty either: OpenSSL 3.0 rejects it. Gives the synthetic IV | ciphertext. Thread-safe.
Bytes siv_seal(ByteView key, std::initializer_list<ByteView> components, ByteView plaintext);
/// The reverse; nothing when it does not verify.
std::optional<Bytes> siv_open(ByteView key, std::initializer_list<ByteView> components,
                              ByteView sealed);

}  // namespace salus::crypto::detail
