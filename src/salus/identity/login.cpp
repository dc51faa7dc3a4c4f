#include <array>
#include <chrono>
#include <thread>

#include "salus/crypto/password.h"
#include "salus/identity/detail/names.h"
#include "salus/identity/detail/sessions_impl.h"

// Log-in. Every failure gives one answer: the same error, after one Argon2id evaluation, one TOTP
// evaluation and one committed transaction, and not before limits::kLoginFailureFloorMs. What
// really happened is in the tenant's audit log.

namespace salus::identity {
namespace {

constexpr TimeUs kIdleUs = limits::kSessionIdleSeconds * kSecondUs;
constexpr TimeUs kAbsoluteUs = limits::kSessionAbsoluteSeconds * kSecondUs;
constexpr TimeUs kPauseUs = limits::kLoginPauseSeconds * kSecondUs;
constexpr std::size_t kTotpSecretBytes = 20;  // RFC 4226 section 4, R6: 160 bits.

constexpr db::Sql kFindTenant("SELECT tenant_id, state FROM tenant WHERE name = $1");
constexpr db::Sql kFindAccount(
    "SELECT person_id, role, state, password_hash, totp_sealed, paused_until_us"
    " FROM person WHERE username = $1");
// The row must still be the one that was checked, and a time step works once (RFC 6238 5.2): of two
// log-ins with the same code, the second finds no row to change.
constexpr db::Sql kSpendCode(
    "UPDATE person SET totp_last_step = $2, login_failures = 0, paused_until_us = 0"
    " WHERE person_id = $1 AND totp_last_step < $2 AND state = 1 AND paused_until_us <= $3"
    " AND password_hash = $4");
constexpr db::Sql kDropOldSessions("DELETE FROM session WHERE created_us <= $1 OR seen_us <= $2");
constexpr db::Sql kNewSession(
    "INSERT INTO session (tenant_id, token_hash, person_id, created_us, seen_us)"
    " VALUES ($1, $2, $3, $4, $4)");
// Attempts during a pause neither count nor prolong it, or anybody could lock a person out for
// good.
constexpr db::Sql kCountFailure(
    "UPDATE person SET"
    " login_failures = CASE WHEN login_failures + 1 >= $2 THEN 0 ELSE login_failures + 1 END,"
    " paused_until_us = CASE WHEN login_failures + 1 >= $2 THEN $4 ELSE paused_until_us END"
    " WHERE person_id = $1 AND paused_until_us <= $3");

tl::unexpected<Error> refused() {
    return fail(Errc::unauthenticated, "The log-in failed.",
                "Check tenant, user name, password and code; a code works once. After several"
                " failures wait five minutes.");
}

}  // namespace

Result<std::optional<Sessions::Impl::Tenant>> Sessions::Impl::find_tenant(std::string_view name) {
    if (!detail::is_tenant_name(name)) return std::nullopt;
    SALUS_TRY(db::OperatorTx tx, pool.platform());
    SALUS_TRY(const db::Rows rows, tx.query(kFindTenant, db::Params().text(name)));
    if (rows.empty()) return std::nullopt;
    return Tenant{TenantId(rows.i64(0, 0)), rows.i16(0, 1) == 1};
}

Result<std::optional<Sessions::Impl::Account>> Sessions::Impl::find_account(
    TenantContext tenant, std::string_view username) {
    if (!detail::is_user_name(username)) return std::nullopt;
    SALUS_TRY(db::TenantTx tx, pool.tenant(tenant));
    SALUS_TRY(const db::Rows rows, tx.query(kFindAccount, db::Params().text(username)));
    if (rows.empty()) return std::nullopt;
    const ByteView sealed = rows.bytes(0, 4);
    return Account{PersonId(rows.i64(0, 0)),
                   parse_role(name(static_cast<Role>(rows.i16(0, 1)))),
                   static_cast<AccountState>(rows.i16(0, 2)),
                   std::string(rows.text(0, 3)),
                   Bytes(sealed.begin(), sealed.end()),
                   rows.i64(0, 5)};
}

Sessions::Impl::Findings Sessions::Impl::check(const LoginRequest& request,
                                               const std::optional<Account>& account,
                                               bool tenant_active, const keys::TenantKeys& keys,
                                               TimeUs now_us) {
    const bool fits = request.password.size() <= limits::kPasswordBytes;
    const std::string_view password =
        std::string_view(request.password).substr(0, limits::kPasswordBytes);
    bool password_ok = false;
    if (account)
        password_ok = crypto::verify_password(account->password_hash, password) && fits;
    else
        crypto::spend_password_check(password);

    Secret secret = Secret::zeros(kTotpSecretBytes);
    bool secret_ok = false;
    if (account) {
        auto opened =
            keys.open({keys::Table::person, keys::Column::totp_secret, as_bytes(request.username)},
                      account->totp_sealed);
        secret_ok = opened.has_value();
        if (secret_ok)
            secret = Secret(std::move(*opened));
        else
            log.error(opened.error());
    }
    const auto step = crypto::verify_totp(secret.expose(), request.totp, now_us / kSecondUs);

    if (!account) return {.reason = "unknown user"};
    if (!tenant_active) return {.reason = "tenant suspended"};
    if (account->state != AccountState::active || !account->role)
        return {.reason = "account disabled"};
    if (account->paused_until_us > now_us) return {.reason = "account paused"};
    if (!secret_ok) return {.reason = "second factor unreadable"};
    if (!password_ok) return {.counts = true, .reason = "wrong password"};
    if (!step) return {.counts = true, .reason = "wrong code"};
    return {.accepted = true, .totp_step = *step, .reason = "password and code"};
}

Result<std::optional<LoginAnswer>> Sessions::Impl::open_session(TenantContext tenant,
                                                                const Account& account,
                                                                std::int64_t totp_step,
                                                                TimeUs now_us) {
    SALUS_TRY(db::TenantTx tx, pool.tenant(tenant));
    SALUS_TRY(const db::Rows spent, tx.query(kSpendCode, db::Params()
                                                             .i64(account.id.value())
                                                             .i64(totp_step)
                                                             .i64(now_us)
                                                             .text(account.password_hash)));
    if (spent.affected() != 1) return std::nullopt;
    tx.send(kDropOldSessions, db::Params().i64(now_us - kAbsoluteUs).i64(now_us - kIdleUs));
    detail::NewToken token = detail::make_token(tenant.id());
    tx.send(kNewSession, db::Params()
                             .i64(tenant.id().value())
                             .bytes(token.hash)
                             .i64(account.id.value())
                             .i64(now_us));
    audit::Record record;
    record.at_us = now_us;
    record.event = audit::Event::login;
    record.agent = {audit::Agent::Kind::person, account.id.value()};
    record.reason = "password and code";
    SALUS_CHECK(recorder.enqueue(tx, {&record, 1}));
    SALUS_CHECK(tx.commit());
    return LoginAnswer{std::move(token.text), now_us + kAbsoluteUs, *account.role};
}

Result<void> Sessions::Impl::record_failure(TenantContext tenant,
                                            const std::optional<Account>& account,
                                            const Findings& findings, TimeUs now_us) {
    audit::Record record;
    record.at_us = now_us;
    record.event = audit::Event::login;
    record.outcome = audit::Outcome::failed;
    if (account) record.agent = {audit::Agent::Kind::person, account->id.value()};
    record.reason = findings.reason;
    SALUS_TRY(db::TenantTx tx, pool.tenant(tenant));
    // Sent for nobody (0) where nothing counts, so that the database does the same in every case.
    tx.send(kCountFailure, db::Params()
                               .i64(findings.counts ? account->id.value() : 0)
                               .i32(limits::kLoginFailures)
                               .i64(now_us)
                               .i64(now_us + kPauseUs));
    SALUS_CHECK(recorder.enqueue(tx, {&record, 1}));
    return tx.commit();
}

Result<LoginAnswer> Sessions::Impl::login(const LoginRequest& request) {
    const TimeUs now_us = clock.now_us();
    SALUS_TRY(const auto known, find_tenant(request.tenant));
    if (!known) {
        crypto::spend_password_check(
            std::string_view(request.password).substr(0, limits::kPasswordBytes));
        log.warn("A log-in named a tenant that does not exist.");
        return refused();
    }
    const TenantContext tenant(PassKey<Sessions>{}, known->id);
    SALUS_TRY(const auto keys, keystore.tenant(known->id));
    SALUS_TRY(const auto account, find_account(tenant, request.username));
    Findings findings = check(request, account, known->active, *keys, now_us);
    if (findings.accepted) {
        SALUS_TRY(auto answer, open_session(tenant, *account, findings.totp_step, now_us));
        if (answer) return std::move(*answer);
        findings = {.counts = true, .reason = "code used before"};
    }
    SALUS_CHECK(record_failure(tenant, account, findings, now_us));
    return refused();
}

Result<LoginAnswer> Sessions::login(const LoginRequest& request) {
    const auto earliest =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(limits::kLoginFailureFloorMs);
    auto answer = impl_->login(request);
    if (!answer && answer.error().code() == Errc::unauthenticated)
        std::this_thread::sleep_until(earliest);
    return answer;
}

}  // namespace salus::identity
