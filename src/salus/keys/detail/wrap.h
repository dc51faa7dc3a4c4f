#pragma once

#include "salus/core/result.h"
#include "salus/core/secret.h"
#include "salus/crypto/aead.h"
#include "salus/keys/detail/model.h"

namespace salus::keys::detail {

inline constexpr std::size_t kKeyBytes = 32;

enum class Purpose : std::uint8_t { passphrase, root, tenant, index, audit, signing };

/// What a key is for and whose. It is associated data of the wrapping and part of every derivation,
/// so a wrapped key put in another place does not unwrap.
struct Label {
    Purpose purpose;
    TenantId tenant = TenantId(0);
    std::uint32_t generation = 0;
    [[nodiscard]] Bytes bytes() const;
};

/// HKDF with a use and a label: no key is used for two things, only its derivations are.
Secret derive(const Secret& key, ConstText use, const Label& label);

/// A value that only this key has. AES-GCM alone does not commit to its key: a ciphertext can be
/// made that opens under several.
crypto::Digest commitment_of(const Secret& key, const Label& label);

/// Wraps keys under a parent key. Immutable, thread-safe.
class Wrapper {
  public:
    Wrapper(const Secret& parent, const Label& parent_label);
    [[nodiscard]] WrappedKey wrap(const Secret& key, const Label& label) const;
    /// Errors: integrity.
    [[nodiscard]] Result<Secret> unwrap(const WrappedKey& wrapped, const Label& label) const;

  private:
    crypto::XaesKey key_;
};

}  // namespace salus::keys::detail
