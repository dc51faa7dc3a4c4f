#pragma once

#include <memory>

#include "salus/core/bytes.h"
#include "salus/core/result.h"
#include "salus/core/secret.h"

namespace salus::crypto {

inline constexpr std::size_t kXaesKeyBytes = 32;
inline constexpr std::size_t kXaesNonceBytes = 24;
inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kSivKeyBytes = 64;  ///< AES-256-SIV: two AES-256 keys (RFC 5297)

/// XAES-256-GCM (C2SP v1): a 192-bit random nonce, so one key seals any practical number of
/// records. Immutable, thread-safe; contexts are reused per thread.
class XaesKey {
  public:
    explicit XaesKey(Secret key);  ///< exactly kXaesKeyBytes
    XaesKey(XaesKey&&) noexcept;
    XaesKey& operator=(XaesKey&&) noexcept;
    ~XaesKey();

    /// Appends nonce | ciphertext | tag to `out`; the nonce is drawn fresh.
    void seal(ByteView plaintext, ByteView associated_data, Bytes& out) const;
    /// Takes nonce | ciphertext | tag. Errors: integrity.
    [[nodiscard]] Result<Bytes> open(ByteView sealed, ByteView associated_data) const;
    /// For the published vectors: the nonce is given.
    void seal_with_nonce(ByteView nonce, ByteView plaintext, ByteView associated_data,
                         Bytes& out) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// AES-256-SIV (RFC 5297), deterministic: equal inputs give equal outputs, and nothing else shows.
/// A type byte is put before the plaintext (OpenSSL 3.0 rejects empty input). Thread-safe.
class SivKey {
  public:
    explicit SivKey(Secret key);  ///< exactly kSivKeyBytes
    SivKey(SivKey&&) noexcept;
    SivKey& operator=(SivKey&&) noexcept;
    ~SivKey();
    [[nodiscard]] Bytes seal(ByteView plaintext, ByteView associated_data) const;
    /// Errors: integrity.
    [[nodiscard]] Result<Bytes> open(ByteView sealed, ByteView associated_data) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::crypto
