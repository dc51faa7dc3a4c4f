#pragma once

#include <memory>
#include <string>
#include <vector>

#include "salus/core/clock.h"
#include "salus/core/pass_key.h"
#include "salus/core/secret.h"
#include "salus/crypto/sign.h"
#include "salus/keys/tenant_keys.h"

namespace salus {
class TestAccess;  // defined by tests only
}

namespace salus::keys {

struct GenerationInfo {
    std::uint32_t generation;
    TimeUs created_us;
};

/// The local provider: one file outside the database. passphrase --Argon2id--> wrapping key -->
/// root key --> tenant key generations --HKDF--> data key; the index, audit-pseudonym and
/// audit-signing keys are random, wrapped under the newest tenant key. Each key has a commitment
/// that is checked at unwrap. Every change is written atomically before it is used. Thread-safe.
class Keystore {
  public:
    /// Creates the file when it is absent. Errors: wrong_passphrase, integrity, wrong_version,
    /// storage_full, unavailable.
    static Result<std::unique_ptr<Keystore>> open(const std::string& path, Secret passphrase,
                                                  const Clock& clock);
    ~Keystore();

    /// Errors: conflict (it has keys already).
    Result<void> create_tenant(TenantId tenant);
    /// Unwraps once and caches; costs one stat() afterwards, so that what another process rotated
    /// or destroyed counts from the next call on. Errors: not_found (never made, or destroyed),
    /// integrity, unavailable (the file is gone: nothing is served from memory).
    Result<std::shared_ptr<const TenantKeys>> tenant(TenantId tenant);
    /// A new generation; older ones still open. Rewrites no row. Errors: not_found, too_large.
    Result<void> rotate(TenantId tenant);
    /// Crypto-shredding: the tenant's sealed values can't be opened any more, here or in a backup
    /// of the database. A snapshot that a caller still holds works until it lets go. The id can't
    /// be used again; destroying twice succeeds. Errors: not_found.
    Result<void> destroy(TenantId tenant);
    Result<std::vector<GenerationInfo>> generations(TenantId tenant) const;
    /// Signs the tenant's audit checkpoints (Ed25519).
    Result<std::shared_ptr<const crypto::SigningKey>> audit_signer(TenantId tenant);

    /// Test-only: seals and opens without associated data, to show that row security holds alone.
    void disable_associated_data(PassKey<TestAccess>);

  private:
    Keystore();
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::keys
