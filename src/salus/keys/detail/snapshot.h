#pragma once

#include <vector>

#include "salus/crypto/aead.h"
#include "salus/crypto/sign.h"
#include "salus/keys/detail/hierarchy.h"
#include "salus/keys/tenant_keys.h"

namespace salus::keys::detail {

/// Whether sealed values are tied to their place. Off only in tests of row security.
enum class Binding : std::uint8_t { on, off };

/// One generation's key for data. Derived, never the tenant key itself.
struct DataKey {
    std::uint32_t generation;
    crypto::XaesKey key;
};

/// The unwrapped keys of one tenant. Immutable, thread-safe.
class Snapshot final : public TenantKeys {
  public:
    /// Unwraps every key of the record. Errors: integrity.
    static Result<std::shared_ptr<const Snapshot>> unwrap(const Wrapper& root, TenantId tenant,
                                                          const TenantRecord& record,
                                                          Binding binding);

    [[nodiscard]] TenantId tenant() const override { return tenant_; }
    [[nodiscard]] Bytes seal(const Place& place, ByteView plaintext) const override;
    [[nodiscard]] Result<Bytes> open(const Place& place, ByteView sealed) const override;
    [[nodiscard]] const crypto::HmacKey& index() const override { return index_; }
    [[nodiscard]] const crypto::HmacKey& audit() const override { return audit_; }
    [[nodiscard]] std::uint32_t generation() const override { return data_.back().generation; }
    [[nodiscard]] const crypto::SigningKey& signer() const { return signer_; }

  private:
    Snapshot(TenantId tenant, Binding binding, std::vector<DataKey> data, FixedKeys fixed);

    TenantId tenant_;
    Binding binding_;
    std::vector<DataKey> data_;  ///< ascending by generation, never empty
    crypto::HmacKey index_;
    crypto::HmacKey audit_;
    crypto::SigningKey signer_;
};

}  // namespace salus::keys::detail
