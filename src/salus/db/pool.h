#pragma once

#include <memory>
#include <string>

#include "salus/core/log.h"
#include "salus/core/result.h"
#include "salus/core/tenant_context.h"
#include "salus/db/params.h"
#include "salus/db/rows.h"
#include "salus/db/sql.h"

namespace salus::db {

class Connection;
class Pool;

/// Why a statement failed, beyond Errc: lets a caller retry or name a conflict.
/// unique violation -> Errc::conflict; serialization failure, deadlock, lock timeout ->
/// Errc::timeout; statement timeout -> Errc::timeout; connection lost -> Errc::unavailable; disk
/// full -> Errc::storage_full; anything else -> Errc::internal.

/// The result of a statement that was sent and not yet waited for.
class Pending {
  public:
    [[nodiscard]] std::size_t index() const { return index_; }

  private:
    friend class Tx;
    explicit Pending(std::size_t index) : index_(index) {}
    std::size_t index_;
};

/// A transaction on one connection, in libpq pipeline mode: statements are sent without waiting;
/// `flush` or `commit` waits for all that were sent. BEGIN (and the tenant's set_config) travel
/// with the first statement, so a whole transaction can be one round trip. Destroyed without
/// commit: rolled back. Use from one thread. After an error only rollback is left.
class Tx {
  public:
    Tx(Tx&&) noexcept;
    Tx& operator=(Tx&&) = delete;
    ~Tx();

    /// Sends; does not wait.
    Pending send(Sql sql, const Params& params = {});
    /// Waits for everything sent. The first failure is the transaction's.
    Result<void> flush();
    /// The rows of a statement that was waited for; once each.
    Rows take(Pending pending);
    /// send + flush + take.
    Result<Rows> query(Sql sql, const Params& params = {});
    /// Sends COMMIT behind what is pending and waits: durable when it returns.
    Result<void> commit();

  protected:
    friend class Pool;
    struct State;
    explicit Tx(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Sees the rows of one tenant: role salus_app, FORCE row-level security, tenant set per
/// transaction.
class TenantTx : public Tx {
  public:
    [[nodiscard]] TenantId tenant() const;

  private:
    friend class Pool;
    using Tx::Tx;
};

/// Sees the tables of the platform (tenants, audit outbox), and no PHI: role salus_operator has no
/// grant on chart tables.
class OperatorTx : public Tx {
  private:
    friend class Pool;
    using Tx::Tx;
};

struct PoolOptions {
    std::string dsn_app;       ///< connects as salus_app
    std::string dsn_operator;  ///< connects as salus_operator
    std::size_t app_connections = 8;
    std::size_t operator_connections = 2;
};

/// Connections are made on demand, prepared statements kept per connection, broken connections
/// replaced. Thread-safe; `tenant` waits while all are taken (bounded by limits::kLockTimeoutMs).
class Pool {
  public:
    Pool(PoolOptions options, Logger& log);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// Errors: unavailable (no database), timeout (no free connection).
    Result<TenantTx> tenant(TenantContext tenant);
    Result<OperatorTx> platform();

    /// One statement that changes nothing, for a tenant: what TenantTx::query and commit give,
    /// without a BEGIN and a COMMIT to run. Errors: as for `tenant` and Tx.
    Result<Rows> read(TenantContext tenant, Sql sql, const Params& params = {});

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::db
