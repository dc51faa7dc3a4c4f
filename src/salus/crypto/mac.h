#pragma once

#include <array>
#include <memory>

#include "salus/core/bytes.h"
#include "salus/core/secret.h"

namespace salus::crypto {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(ByteView data);
/// Constant time for equal lengths.
bool equal(ByteView a, ByteView b);

/// HMAC-SHA-256 (RFC 2104) with the key schedule done once. Thread-safe; contexts reused per
/// thread.
class HmacKey {
  public:
    explicit HmacKey(Secret key);  ///< any length, 32 bytes in salus
    HmacKey(HmacKey&&) noexcept;
    HmacKey& operator=(HmacKey&&) noexcept;
    ~HmacKey();
    [[nodiscard]] Digest mac(ByteView message) const;
    /// The first 8 bytes as a big-endian number: a blind-index token.
    [[nodiscard]] std::int64_t token(ByteView message) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// HKDF-SHA-256 (RFC 5869). `size` at most 8160.
Secret hkdf(ByteView key_material, ByteView salt, ByteView info, std::size_t size);

}  // namespace salus::crypto
