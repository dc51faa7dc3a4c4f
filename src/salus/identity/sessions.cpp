#include "salus/identity/sessions.h"

#include <algorithm>

#include "salus/identity/detail/sessions_impl.h"

namespace salus::identity {
namespace {

constexpr TimeUs kIdleUs = limits::kSessionIdleSeconds * kSecondUs;
constexpr TimeUs kAbsoluteUs = limits::kSessionAbsoluteSeconds * kSecondUs;
constexpr TimeUs kSeenUs = limits::kSessionSeenSeconds * kSecondUs;
constexpr TimeUs kCacheUs = limits::kIdentityCacheMs * 1000;

constexpr db::Sql kFindSession(
    "SELECT s.person_id, s.created_us, s.seen_us, p.role, p.practitioner"
    " FROM session s JOIN person p USING (tenant_id, person_id) JOIN tenant t USING (tenant_id)"
    " WHERE s.token_hash = $1 AND p.state = 1 AND t.state = 1");
constexpr db::Sql kFindClient(
    "SELECT c.client_id, c.scopes FROM client c JOIN tenant t USING (tenant_id)"
    " WHERE c.token_hash = $1 AND c.state = 1 AND t.state = 1");
constexpr db::Sql kSeen("UPDATE session SET seen_us = $2 WHERE token_hash = $1 AND seen_us < $2");
constexpr db::Sql kEndSession("DELETE FROM session WHERE token_hash = $1 RETURNING person_id");

tl::unexpected<Error> no_session() {
    return fail(Errc::unauthenticated, "There is no valid session.", "Log in again.");
}

}  // namespace

Sessions::Sessions(db::Pool& pool, keys::Keystore& keystore, audit::Recorder& recorder,
                   const Clock& clock, Logger& log)
    : impl_(std::make_unique<Impl>(pool, keystore, recorder, clock, log)) {}
Sessions::~Sessions() = default;

std::optional<Sessions::Impl::Found> Sessions::Impl::person_session(TenantContext tenant,
                                                                    const db::Rows& rows,
                                                                    TimeUs now_us) {
    const TimeUs seen_us = rows.i64(0, 2);
    const TimeUs ends_us = std::min(rows.i64(0, 1) + kAbsoluteUs, seen_us + kIdleUs);
    const auto role = static_cast<Role>(rows.i16(0, 3));
    if (now_us >= ends_us || !parse_role(name(role))) return std::nullopt;
    Caller::Person person{PersonId(rows.i64(0, 0)), role, std::nullopt};
    if (!rows.is_null(0, 4)) person.practitioner = PractitionerId(rows.uuid(0, 4));
    return Found{Caller(PassKey<Sessions>{}, tenant, person), ends_us, now_us - seen_us >= kSeenUs};
}

Result<std::optional<Sessions::Impl::Found>> Sessions::Impl::client_token(TenantContext tenant,
                                                                          const db::Rows& rows) {
    SALUS_TRY(auto scopes, parse_scopes(rows.text(0, 1)));
    return Found{Caller(PassKey<Sessions>{}, tenant,
                        Caller::Client{ClientId(rows.i64(0, 0)), std::move(scopes)}),
                 INT64_MAX};
}

Result<std::optional<Sessions::Impl::Found>> Sessions::Impl::look_up(
    const detail::TokenParts& token, TimeUs now_us) {
    // The context says only where to look. It leaves this function inside a Caller, and only when
    // the tenant's own rows hold the token's hash.
    const TenantContext tenant(PassKey<Sessions>{}, token.tenant);
    SALUS_TRY(db::TenantTx tx, pool.tenant(tenant));
    const db::Pending session = tx.send(kFindSession, db::Params().bytes(token.hash));
    const db::Pending client = tx.send(kFindClient, db::Params().bytes(token.hash));
    SALUS_CHECK(tx.commit());
    const db::Rows session_rows = tx.take(session);
    const db::Rows client_rows = tx.take(client);
    if (session_rows.size() == 1) return person_session(tenant, session_rows, now_us);
    if (client_rows.size() == 1) return client_token(tenant, client_rows);
    return std::nullopt;
}

Result<void> Sessions::Impl::write_seen(const detail::TokenParts& token, TimeUs now_us) {
    SALUS_TRY(db::TenantTx tx, pool.tenant(TenantContext(PassKey<Sessions>{}, token.tenant)));
    tx.send(kSeen, db::Params().bytes(token.hash).i64(now_us));
    return tx.commit();
}

Result<Caller> Sessions::verify(std::string_view token) {
    const auto hash = detail::hash_token(token);
    if (!hash) return no_session();
    const TimeUs now_us = impl_->clock.now_us();
    if (auto caller = impl_->cache.find(*hash, now_us)) return std::move(*caller);

    const auto parts = detail::parse_token(token);
    if (!parts) return no_session();
    const auto ticket = impl_->cache.ticket(parts->hash);
    SALUS_TRY(auto found, impl_->look_up(*parts, now_us));
    if (!found) return no_session();
    if (found->write_seen) SALUS_CHECK(impl_->write_seen(*parts, now_us));
    const TimeUs until_us = std::min(found->ends_us, now_us + kCacheUs);
    impl_->cache.put(parts->hash, found->caller, {now_us, until_us}, ticket);
    return std::move(found->caller);
}

Result<void> Sessions::logout(std::string_view token) {
    const auto parts = detail::parse_token(token);
    if (!parts) return no_session();
    const TenantContext tenant(PassKey<Sessions>{}, parts->tenant);
    SALUS_TRY(db::TenantTx tx, impl_->pool.tenant(tenant));
    SALUS_TRY(const db::Rows ended, tx.query(kEndSession, db::Params().bytes(parts->hash)));
    if (ended.empty()) return no_session();
    audit::Record record;
    record.at_us = impl_->clock.now_us();
    record.event = audit::Event::logout;
    record.agent = {audit::Agent::Kind::person, ended.i64(0, 0)};
    record.reason = "logged out";
    SALUS_CHECK(impl_->recorder.enqueue(tx, {&record, 1}));
    SALUS_CHECK(tx.commit());
    impl_->cache.drop(parts->hash);
    return {};
}

void Sessions::forget(TenantId tenant) {
    impl_->cache.drop(tenant);
}

}  // namespace salus::identity
