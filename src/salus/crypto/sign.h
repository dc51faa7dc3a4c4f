#pragma once

#include <array>

#include "salus/core/bytes.h"
#include "salus/core/result.h"
#include "salus/core/secret.h"

namespace salus::crypto {

using Signature = std::array<std::uint8_t, 64>;
using PublicKey = std::array<std::uint8_t, 32>;

/// Ed25519 (RFC 8032).
class SigningKey {
  public:
    explicit SigningKey(Secret seed);  ///< 32 bytes
    [[nodiscard]] Signature sign(ByteView message) const;
    [[nodiscard]] const PublicKey& public_key() const { return public_key_; }

  private:
    Secret secret_;  ///< seed | public key, the form libsodium signs with
    PublicKey public_key_{};
};

bool verify_signature(const PublicKey& key, ByteView message, ByteView signature);

}  // namespace salus::crypto
