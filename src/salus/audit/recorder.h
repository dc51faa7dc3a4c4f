#pragma once

#include <memory>
#include <span>

#include "salus/audit/record.h"
#include "salus/core/log.h"
#include "salus/db/pool.h"
#include "salus/keys/keystore.h"

namespace salus::audit {

/// Writes audit records to the outbox. Thread-safe.
///
/// `record` is for reads and denies: the caller waits until the record is durable. Callers that
/// wait at the same time for one tenant share one transaction (a leader commits for its followers),
/// so a fsync is paid once for all of them. If the store is down the call fails, and nothing may be
/// disclosed.
///
/// `enqueue` is for changes: the record becomes durable with the transaction it describes.
class Recorder {
  public:
    Recorder(db::Pool& pool, keys::Keystore& keystore, Logger& log);
    ~Recorder();

    /// Durable when it returns. Errors: unavailable, storage_full, too_many_requests (queue full).
    Result<void> record(TenantContext tenant, std::span<const Record> records);
    /// Sent with `tx`, not waited for: a failure shows at tx.flush() or tx.commit().
    Result<void> enqueue(db::TenantTx& tx, std::span<const Record> records);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::audit
