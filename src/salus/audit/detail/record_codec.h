#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "salus/audit/record.h"
#include "salus/core/result.h"
#include "salus/keys/tenant_keys.h"

/// Records as the outbox keeps them: compact bytes without PHI. A patient, and the key of a Patient
/// resource, is written as its pseudonym: the first 16 bytes of HMAC(audit key, patient's key).
namespace salus::audit {

using Pseudonym = Uuid;
Pseudonym pseudonym(const keys::TenantKeys& keys, const Uuid& patient);

/// Appends the outbox rows of a record: one, or several where it names more than fits into one log
/// entry; these share a request id. Errors: too_large (the sealed query does not fit into an
/// entry).
Result<void> encode(const Record& record, const keys::TenantKeys& keys, std::vector<Bytes>& rows);

/// A row of the outbox. Views live as long as the row's bytes.
struct StoredRecord {
    TimeUs at_us = 0;
    Event event = Event::read;
    Outcome outcome = Outcome::success;
    Agent agent{Agent::Kind::unknown, 0};
    Uuid request_id;
    std::vector<Pseudonym> patients;
    std::vector<Entity> entities;  ///< a Patient's key is its pseudonym
    std::string_view resource_type;
    std::string_view reason;
    ByteView sealed_query;
};

/// Total: any bytes give a record or integrity.
Result<StoredRecord> decode(ByteView row);

}  // namespace salus::audit
