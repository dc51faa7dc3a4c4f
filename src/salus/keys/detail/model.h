#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "salus/core/clock.h"
#include "salus/core/id.h"
#include "salus/crypto/mac.h"

namespace salus::keys::detail {

/// A key as it lies on the disk: sealed under another, with the commitment that unwrapping checks.
struct WrappedKey {
    Bytes sealed;  ///< XAES nonce | ciphertext | tag
    crypto::Digest commitment{};
};

struct Generation {
    std::uint32_t number = 0;
    TimeUs created_us = 0;
    WrappedKey key;  ///< under the root key
};

/// A destroyed tenant stays as a record without keys, so that its id can't come back to life.
struct TenantRecord {
    std::vector<Generation> generations;  ///< ascending by number
    WrappedKey index;                     ///< these three under the newest generation
    WrappedKey audit;
    WrappedKey signing;
    [[nodiscard]] bool destroyed() const { return generations.empty(); }
};

/// Everything the keystore file holds.
struct Model {
    std::int64_t revision =
        0;  ///< one more with every write; an older file is refused while running
    Bytes salt;
    crypto::Digest passphrase_commitment{};
    WrappedKey root;  ///< under the key of the passphrase
    std::map<TenantId, TenantRecord> tenants;
};

}  // namespace salus::keys::detail
