#include "salus/db/pool.h"

#include <atomic>
#include <utility>

#include "salus/db/detail/lane.h"
#include "salus/db/detail/tx_state.h"

namespace salus::db {

struct Pool::Impl {
    Impl(PoolOptions options, Logger& logger)
        : app(std::move(options.dsn_app), options.app_connections),
          platform(std::move(options.dsn_operator), options.operator_connections),
          log(logger) {}

    Result<std::unique_ptr<Tx::State>> start(detail::Lane& lane, std::optional<TenantId> tenant) {
        auto lease = lane.take();
        // One line when the database goes and one when it is back, however many callers ask
        // meanwhile.
        if (!lease) {
            if (lease.error().code() == Errc::timeout || reachable.exchange(false))
                log.error(lease.error());
            return fail(lease.error());
        }
        if (!reachable.exchange(true)) log.info("The database answers again.");
        return std::unique_ptr<Tx::State>(
            new Tx::State{std::move(*lease), tenant, {}, {}, 0, false, false});
    }

    detail::Lane app;
    detail::Lane platform;
    std::atomic<bool> reachable{true};
    Logger& log;
};

Pool::Pool(PoolOptions options, Logger& log)
    : impl_(std::make_unique<Impl>(std::move(options), log)) {}
Pool::~Pool() = default;

Result<TenantTx> Pool::tenant(TenantContext tenant) {
    SALUS_TRY(auto state, impl_->start(impl_->app, tenant.id()));
    return TenantTx(std::move(state));
}

Result<OperatorTx> Pool::platform() {
    SALUS_TRY(auto state, impl_->start(impl_->platform, std::nullopt));
    return OperatorTx(std::move(state));
}

Result<Rows> Pool::read(TenantContext tenant, Sql sql, const Params& params) {
    SALUS_TRY(const auto state, impl_->start(impl_->app, tenant.id()));
    // Statements of a pipeline without BEGIN are one transaction that ends at the Sync (PostgreSQL,
    // "Extended Query", pipelining). Nothing is written, so nothing has to be known about its
    // commit.
    Result<void> done = state->send_tenant();
    if (done) done = state->connection->send(sql, params, Keep::rows);
    if (done) done = state->connection->wait(state->results);
    if (done) return std::move(state->results.front());
    state->connection->rollback();
    return fail(done.error());
}

}  // namespace salus::db
