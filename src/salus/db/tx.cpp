#include <charconv>
#include <utility>

#include "salus/db/detail/tx_state.h"
#include "salus/db/pool.h"

namespace salus::db {

Tx::Tx(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tx::Tx(Tx&&) noexcept = default;

Tx::~Tx() {
    if (!state_) return;  // moved from
    if (state_->open) state_->connection->rollback();
}

void Tx::State::begin() {
    open = true;
    const Params none;
    note(connection->send("BEGIN", none, Keep::nothing));
    if (tenant) note(send_tenant());
}

Result<void> Tx::State::send_tenant() {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, tenant->value()).ptr;
    Params id;
    id.text({digits, static_cast<std::size_t>(end - digits)});
    return connection->send("SELECT set_config('salus.tenant', $1, true)", id, Keep::nothing);
}

void Tx::State::note(const Result<void>& done) {
    if (!done && !error) error = done.error();
}

Pending Tx::send(Sql sql, const Params& params) {
    const Pending pending(state_->sent++);
    if (state_->finished && !state_->error)
        state_->error = Error(Errc::internal, "A statement was sent after COMMIT.");
    if (!state_->open && !state_->error) state_->begin();
    if (!state_->error) state_->note(state_->connection->send(sql, params, Keep::rows));
    return pending;
}

Result<void> Tx::flush() {
    if (!state_->error && state_->open) state_->note(state_->connection->wait(state_->results));
    if (state_->error) return fail(*state_->error);
    return {};
}

Rows Tx::take(Pending pending) {
    if (pending.index() >= state_->results.size()) return {};
    return std::move(state_->results[pending.index()]);
}

Result<Rows> Tx::query(Sql sql, const Params& params) {
    const Pending pending = send(sql, params);
    SALUS_CHECK(flush());
    return take(pending);
}

Result<void> Tx::commit() {
    if (!state_->open) {  // nothing was sent, or committed before
        if (state_->error) return fail(*state_->error);
        return {};
    }
    const Params none;
    if (!state_->error) state_->note(state_->connection->send("COMMIT", none, Keep::nothing));
    SALUS_CHECK(flush());
    state_->open = false;
    state_->finished = true;
    return {};
}

TenantId TenantTx::tenant() const {
    return *state_->tenant;
}

}  // namespace salus::db
