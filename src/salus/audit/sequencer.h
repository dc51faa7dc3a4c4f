#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "salus/audit/record.h"
#include "salus/core/log.h"
#include "salus/db/pool.h"
#include "salus/keys/keystore.h"

namespace salus::audit {

/// Moves outbox records into one append-only Merkle log per tenant, HOME/audit/<tenant id>/, in the
/// C2SP tlog-tiles v0.1 layout with signed checkpoints (tlog-checkpoint v1.0.0, Ed25519). One
/// leader by advisory lock; merge delay limits::kAuditMergeDelayMs. Each entry is a FHIR R4
/// AuditEvent (JSON) in an IHE BALP profile. Refuses to sign a tree that is smaller than, or
/// inconsistent with, the last checkpoint. After a crash no record is lost and none is logged
/// twice.
class Sequencer {
  public:
    Sequencer(db::Pool& pool, keys::Keystore& keystore, std::string log_root, const Clock& clock,
              Logger& log);
    ~Sequencer();  ///< stops the thread after a last step
    void start();
    /// One step now, for every tenant with records waiting: returns when what was committed before
    /// the call is under a signed checkpoint. Errors: integrity (log damaged: nothing is signed),
    /// storage_full.
    Result<void> step();
    /// The number of records merged since start (metrics).
    [[nodiscard]] std::size_t merged() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::audit
