#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "salus/audit/detail/tenant_log.h"
#include "salus/db/pool.h"

/// One tenant's way from the outbox into its log.
///
/// A batch is one transaction: its rows are deleted, their events appended to the log, and the
/// transaction commits when a signed checkpoint covers them. A crash before the checkpoint undoes
/// the deletion and nothing has happened. A crash between checkpoint and commit leaves rows that
/// are logged already: an event's id is a hash of its row, so the next drain finds and deletes them
/// first. audit_head keeps the tree of the last commit beside the data: a log that is smaller, or
/// that does not begin with that tree, is never continued.
namespace salus::audit {

/// The id of the event that a row becomes: SHA-256 of sequence number and row, 16 bytes of it.
Uuid event_id(std::int64_t seq, ByteView row);

class Outbox {
  public:
    /// Tenants with rows waiting. Errors: those of the database.
    static Result<std::vector<TenantId>> waiting(db::Pool& pool);

    Outbox(TenantId tenant, std::string folder, std::shared_ptr<const crypto::SigningKey> signer);

    /// Moves at most limits::kAuditBatch rows; answers how many. Errors: integrity, storage_full,
    /// conflict (another process is at it), those of the database.
    Result<std::size_t> drain(db::Pool& pool);

  private:
    Result<void> open(db::OperatorTx& tx);
    Result<void> check_head(db::OperatorTx& tx);
    Result<void> drop_logged(db::OperatorTx& tx, std::uint64_t from);
    Result<std::vector<Bytes>> take(db::OperatorTx& tx);
    void send_head(db::OperatorTx& tx) const;
    Result<std::size_t> drain_locked(db::OperatorTx& tx);

    TenantId tenant_;
    std::string folder_;
    std::shared_ptr<const crypto::SigningKey> signer_;
    std::optional<TenantLog> log_;  ///< absent before the first drain and after a failure
};

}  // namespace salus::audit
