#include "salus/identity/tenants.h"

#include <optional>

#include "salus/identity/detail/audit_entity.h"
#include "salus/identity/detail/names.h"

namespace salus::identity {
namespace {

// tenant.state of a row whose keys may not exist yet: invisible to everything but create().
constexpr std::int16_t kPreparing = 3;
constexpr int kNumberAttempts = 16;

constexpr db::Sql kInsertTenant(
    "INSERT INTO tenant (name, state, created_us) VALUES ($1, 3, $2) RETURNING tenant_id");
constexpr db::Sql kFindTenant(
    "SELECT tenant_id, name, state, created_us FROM tenant WHERE name = $1");
constexpr db::Sql kListTenants(
    "SELECT tenant_id, name, state, created_us FROM tenant WHERE state <> 3 ORDER BY name");
constexpr db::Sql kChangeState("UPDATE tenant SET state = $3 WHERE tenant_id = $1 AND state = $2");

tl::unexpected<Error> no_tenant() {
    return fail(Errc::not_found, "There is no tenant of that name.", "salus tenant list");
}

TenantInfo tenant_info(const db::Rows& rows, std::size_t row) {
    return {TenantId(rows.i64(row, 0)), std::string(rows.text(row, 1)),
            static_cast<TenantState>(rows.i16(row, 2)), rows.i64(row, 3)};
}

Result<std::optional<TenantInfo>> find_row(db::Pool& pool, std::string_view name) {
    if (!detail::is_tenant_name(name)) return std::nullopt;
    SALUS_TRY(db::OperatorTx tx, pool.platform());
    SALUS_TRY(const db::Rows rows, tx.query(kFindTenant, db::Params().text(name)));
    if (rows.empty()) return std::nullopt;
    return tenant_info(rows, 0);
}

/// A row in the state "preparing", with a number that the keystore knows nothing about. A number
/// can come back after a crash or a restore of the database, and a tenant must never get old keys.
Result<TenantInfo> reserve(db::Pool& pool, keys::Keystore& keystore, std::string_view name,
                           TimeUs now_us) {
    for (int attempt = 0; attempt < kNumberAttempts; ++attempt) {
        SALUS_TRY(db::OperatorTx tx, pool.platform());
        SALUS_TRY(const db::Rows rows,
                  tx.query(kInsertTenant, db::Params().text(name).i64(now_us)));
        const TenantId id(rows.i64(0, 0));
        const auto keys = keystore.tenant(id);
        if (keys || keys.error().code() != Errc::not_found)
            continue;  // Rolled back; the next number.
        SALUS_CHECK(tx.commit());
        return TenantInfo{id, std::string(name), static_cast<TenantState>(kPreparing), now_us};
    }
    return fail(Errc::conflict, "The keystore has keys for the next tenant numbers already.",
                "Restore the database that belongs to this keystore.");
}

audit::Record tenant_change(TimeUs at_us, audit::Outcome outcome, TenantId id,
                            std::string_view reason) {
    return detail::operator_change(at_us, audit::Event::tenant_change, outcome,
                                   {"Organization", detail::row_key(id.value())}, reason);
}

/// The tenant's log and the table of tenants are under different roles, so the record comes first:
/// a crash in between leaves a record without its change, never a change without its record.
struct StateChange {
    std::int16_t from;
    std::int16_t to;
    std::string_view reason;
};
Result<void> change_state(db::Pool& pool, audit::Recorder& recorder, TenantContext tenant,
                          const StateChange& change, TimeUs now_us) {
    const audit::Record record =
        tenant_change(now_us, audit::Outcome::success, tenant.id(), change.reason);
    SALUS_CHECK(recorder.record(tenant, {&record, 1}));
    const auto changed = [&]() -> Result<void> {
        SALUS_TRY(db::OperatorTx tx, pool.platform());
        SALUS_TRY(const db::Rows rows,
                  tx.query(kChangeState,
                           db::Params().i64(tenant.id().value()).i16(change.from).i16(change.to)));
        if (rows.affected() != 1)
            return fail(Errc::conflict, "The tenant was changed at the same time.");
        return tx.commit();
    }();
    if (changed) return {};
    const audit::Record undone =
        tenant_change(now_us, audit::Outcome::failed, tenant.id(), change.reason);
    SALUS_CHECK(recorder.record(tenant, {&undone, 1}));
    return changed;
}

}  // namespace

Tenants::Tenants(db::Pool& pool, keys::Keystore& keystore, audit::Recorder& recorder,
                 Sessions& sessions, const Clock& clock)
    : pool_(pool), keystore_(keystore), recorder_(recorder), sessions_(sessions), clock_(clock) {}

Result<TenantInfo> Tenants::create(std::string_view tenant) {
    if (!detail::is_tenant_name(tenant))
        return fail(Errc::invalid, "A tenant's name has other characters than a-z, 0-9 and -.",
                    "Use at most 63 of them, the first a letter or digit.");
    const TimeUs now_us = clock_.now_us();
    SALUS_TRY(auto row, find_row(pool_, tenant));
    if (!row) {
        SALUS_TRY(row, reserve(pool_, keystore_, tenant, now_us));
    }
    if (row->state != static_cast<TenantState>(kPreparing))
        return fail(Errc::conflict, "A tenant of that name exists.", "Choose another name.");
    // From here on a crash leaves a row in preparation, and the next create() of the name goes on.
    const auto created = keystore_.create_tenant(row->id);
    if (!created && created.error().code() != Errc::conflict) return fail(created.error());
    SALUS_CHECK(keystore_.tenant(row->id));
    SALUS_CHECK(change_state(
        pool_, recorder_, TenantContext(PassKey<Tenants>{}, row->id),
        {kPreparing, static_cast<std::int16_t>(TenantState::active), "tenant created"}, now_us));
    row->state = TenantState::active;
    return std::move(*row);
}

Result<std::vector<TenantInfo>> Tenants::list() {
    SALUS_TRY(db::OperatorTx tx, pool_.platform());
    SALUS_TRY(const db::Rows rows, tx.query(kListTenants));
    std::vector<TenantInfo> tenants;
    tenants.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        tenants.push_back(tenant_info(rows, i));
    return tenants;
}

Result<TenantInfo> Tenants::find(std::string_view tenant) {
    SALUS_TRY(auto row, find_row(pool_, tenant));
    if (!row || row->state == static_cast<TenantState>(kPreparing)) return no_tenant();
    return std::move(*row);
}

Result<void> Tenants::suspend(std::string_view tenant) {
    SALUS_TRY(const TenantInfo info, find(tenant));
    if (info.state == TenantState::suspended) return {};
    SALUS_CHECK(
        change_state(pool_, recorder_, TenantContext(PassKey<Tenants>{}, info.id),
                     {static_cast<std::int16_t>(TenantState::active),
                      static_cast<std::int16_t>(TenantState::suspended), "tenant suspended"},
                     clock_.now_us()));
    sessions_.forget(info.id);
    return {};
}

Result<void> Tenants::resume(std::string_view tenant) {
    SALUS_TRY(const TenantInfo info, find(tenant));
    if (info.state == TenantState::active) return {};
    return change_state(pool_, recorder_, TenantContext(PassKey<Tenants>{}, info.id),
                        {static_cast<std::int16_t>(TenantState::suspended),
                         static_cast<std::int16_t>(TenantState::active), "tenant resumed"},
                        clock_.now_us());
}

Result<TenantContext> Tenants::context(std::string_view tenant) {
    SALUS_TRY(const TenantInfo info, find(tenant));
    return TenantContext(PassKey<Tenants>{}, info.id);
}

Result<std::vector<TenantContext>> Tenants::contexts() {
    SALUS_TRY(const auto tenants, list());
    std::vector<TenantContext> active;
    for (const TenantInfo& info : tenants)
        if (info.state == TenantState::active) active.emplace_back(PassKey<Tenants>{}, info.id);
    return active;
}

Result<void> Tenants::rotate_keys(std::string_view tenant) {
    SALUS_TRY(const TenantContext context, this->context(tenant));
    const auto record = [&](audit::Outcome outcome) -> Result<void> {
        const audit::Record key_change = detail::operator_change(
            clock_.now_us(), audit::Event::key_change, outcome,
            {"Organization", detail::row_key(context.id().value())}, "keys rotated");
        return recorder_.record(context, {&key_change, 1});
    };
    SALUS_CHECK(record(audit::Outcome::success));
    const auto rotated = keystore_.rotate(context.id());
    if (!rotated) SALUS_CHECK(record(audit::Outcome::failed));
    return rotated;
}

}  // namespace salus::identity
