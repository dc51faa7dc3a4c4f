#include "salus/identity/detail/audit_entity.h"
#include "salus/identity/detail/names.h"
#include "salus/identity/detail/sessions_impl.h"
#include "salus/identity/tenants.h"

// A tenant's machine clients.

namespace salus::identity {
namespace {

constexpr db::Sql kInsertClient(
    "INSERT INTO client (tenant_id, name, scopes, token_hash, created_us)"
    " VALUES ($1, $2, $3, $4, $5) RETURNING client_id");
constexpr db::Sql kListClients("SELECT client_id, name, scopes, state FROM client ORDER BY name");
constexpr db::Sql kFindClient("SELECT client_id, state FROM client WHERE name = $1 FOR UPDATE");
constexpr db::Sql kDisableClient("UPDATE client SET state = 2 WHERE client_id = $1");

audit::Record client_change(TimeUs at_us, std::int64_t id, std::string_view reason) {
    return detail::operator_change(at_us, audit::Event::client_change, audit::Outcome::success,
                                   {"Device", detail::row_key(id)}, reason);
}

}  // namespace

Result<NewClient> Tenants::create_client(std::string_view tenant, std::string_view name,
                                         std::string_view scopes) {
    if (!detail::is_client_name(name))
        return fail(Errc::invalid,
                    "A client's name has other characters than a-z, 0-9, -, . and _.",
                    "Use at most 64 of them, the first a letter or digit.");
    SALUS_CHECK(parse_scopes(scopes));
    SALUS_TRY(const TenantContext context, this->context(tenant));
    detail::NewToken token = detail::make_token(context.id());
    const TimeUs now_us = clock_.now_us();
    SALUS_TRY(db::TenantTx tx, pool_.tenant(context));
    auto inserted = tx.query(kInsertClient, db::Params()
                                                .i64(context.id().value())
                                                .text(name)
                                                .text(scopes)
                                                .bytes(token.hash)
                                                .i64(now_us));
    if (!inserted) return detail::taken(inserted.error());
    const ClientId id(inserted->i64(0, 0));
    const audit::Record record = client_change(now_us, id.value(), "client created");
    SALUS_CHECK(recorder_.enqueue(tx, {&record, 1}));
    SALUS_CHECK(tx.commit());
    return NewClient{id, std::move(token.text)};
}

Result<std::vector<ClientInfo>> Tenants::clients(std::string_view tenant) {
    SALUS_TRY(const TenantContext context, this->context(tenant));
    SALUS_TRY(db::TenantTx tx, pool_.tenant(context));
    SALUS_TRY(const db::Rows rows, tx.query(kListClients));
    std::vector<ClientInfo> clients;
    clients.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        clients.push_back({ClientId(rows.i64(i, 0)), std::string(rows.text(i, 1)),
                           std::string(rows.text(i, 2)),
                           static_cast<AccountState>(rows.i16(i, 3)) == AccountState::active});
    return clients;
}

Result<void> Tenants::disable_client(std::string_view tenant, std::string_view name) {
    constexpr ConstText kNobody = "There is no client of that name in this tenant.";
    if (!detail::is_client_name(name)) return fail(Errc::not_found, kNobody);
    SALUS_TRY(const TenantContext context, this->context(tenant));
    SALUS_TRY(db::TenantTx tx, pool_.tenant(context));
    SALUS_TRY(const db::Rows rows, tx.query(kFindClient, db::Params().text(name)));
    if (rows.empty()) return fail(Errc::not_found, kNobody);
    if (static_cast<AccountState>(rows.i16(0, 1)) == AccountState::disabled) return {};
    const std::int64_t id = rows.i64(0, 0);
    tx.send(kDisableClient, db::Params().i64(id));
    const audit::Record record = client_change(clock_.now_us(), id, "client disabled");
    SALUS_CHECK(recorder_.enqueue(tx, {&record, 1}));
    SALUS_CHECK(tx.commit());
    sessions_.forget(context.id());
    return {};
}

}  // namespace salus::identity
