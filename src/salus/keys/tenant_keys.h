#pragma once

#include <cstdint>
#include <memory>

#include "salus/core/bytes.h"
#include "salus/core/id.h"
#include "salus/core/result.h"
#include "salus/crypto/mac.h"

namespace salus::keys {

/// Where a sealed value lives. Every part is associated data, so a value moved to another tenant,
/// table, column or row does not open (DESIGN 3.3).
enum class Table : std::uint8_t { resource = 1, person = 2, audit_outbox = 3, import_job = 4 };
enum class Column : std::uint8_t { body = 1, totp_secret = 2, name = 3, query = 4 };

struct Place {
    Table table;
    Column column;
    ByteView row;  ///< the row's key, e.g. type | id | version of a resource
};

/// The keys of one tenant at one moment: an immutable snapshot, thread-safe, cached by the
/// Keystore. Sealed form: version (1) | key generation (4, big-endian) | XAES nonce (24) |
/// ciphertext | tag (16).
class TenantKeys {
  public:
    virtual ~TenantKeys() = default;
    [[nodiscard]] virtual TenantId tenant() const = 0;
    /// Seals under the newest generation's data key.
    [[nodiscard]] virtual Bytes seal(const Place& place, ByteView plaintext) const = 0;
    /// Opens under whichever generation sealed it. Errors: integrity.
    [[nodiscard]] virtual Result<Bytes> open(const Place& place, ByteView sealed) const = 0;
    /// Blind-index tokens and resource keys. Survives rotation (re-wrapped, never changed).
    [[nodiscard]] virtual const crypto::HmacKey& index() const = 0;
    /// Pseudonyms of patients in the audit log. Survives rotation.
    [[nodiscard]] virtual const crypto::HmacKey& audit() const = 0;
    [[nodiscard]] virtual std::uint32_t generation() const = 0;
};

}  // namespace salus::keys
