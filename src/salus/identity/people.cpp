#include "salus/core/encoding.h"
#include "salus/crypto/password.h"
#include "salus/crypto/random.h"
#include "salus/identity/detail/audit_entity.h"
#include "salus/identity/detail/names.h"
#include "salus/identity/detail/sessions_impl.h"
#include "salus/identity/tenants.h"

// A tenant's people.

namespace salus::identity {
namespace {

constexpr std::size_t kTotpSecretBytes = 20;  // RFC 4226 section 4, R6: 160 bits.

constexpr db::Sql kInsertPerson(
    "INSERT INTO person (tenant_id, username, role, practitioner, password_hash, totp_sealed,"
    " created_us) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING person_id");
constexpr db::Sql kListPeople(
    "SELECT person_id, username, role, state, practitioner FROM person ORDER BY username");
constexpr db::Sql kFindPerson("SELECT person_id, state FROM person WHERE username = $1 FOR UPDATE");
constexpr db::Sql kDisablePerson("UPDATE person SET state = 2 WHERE person_id = $1");
constexpr db::Sql kEndSessions("DELETE FROM session WHERE person_id = $1");

/// Seven groups of four out of 32 characters that are hard to mix up: 140 bits.
std::string make_password() {
    constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    constexpr std::size_t kCharacters = 28;
    Secret random = crypto::random_secret(kCharacters);
    std::string password;
    for (std::size_t i = 0; i < kCharacters; ++i) {
        if (i > 0 && i % 4 == 0) password += '-';
        password += kAlphabet[random.expose()[i] % kAlphabet.size()];
    }
    return password;
}

}  // namespace

Result<Credentials> Tenants::invite(std::string_view tenant, const Invitation& invitation) {
    if (!detail::is_user_name(invitation.username))
        return fail(Errc::invalid, "A user name has other characters than a-z, 0-9, -, ., _ and @.",
                    "Use at most 64 of them, the first a letter or digit.");
    if (!parse_role(name(invitation.role))) return fail(Errc::invalid, "There is no such role.");
    SALUS_TRY(const TenantContext context, this->context(tenant));
    SALUS_TRY(const auto keys, keystore_.tenant(context.id()));
    Credentials credentials{invitation.username, make_password(), {}};
    const Secret totp = crypto::random_secret(kTotpSecretBytes);
    credentials.totp_secret_base32 = to_base32(totp.expose());
    const Bytes sealed =
        keys->seal({keys::Table::person, keys::Column::totp_secret, as_bytes(invitation.username)},
                   totp.expose());
    SALUS_TRY(const std::string hash, crypto::hash_password(credentials.password));
    std::optional<Uuid> practitioner;
    if (invitation.practitioner) practitioner = invitation.practitioner->value();

    const TimeUs now_us = clock_.now_us();
    SALUS_TRY(db::TenantTx tx, pool_.tenant(context));
    auto inserted = tx.query(kInsertPerson, db::Params()
                                                .i64(context.id().value())
                                                .text(invitation.username)
                                                .i16(static_cast<std::int16_t>(invitation.role))
                                                .uuid(practitioner)
                                                .text(hash)
                                                .bytes(sealed)
                                                .i64(now_us));
    if (!inserted) return detail::taken(inserted.error());
    const audit::Record record =
        detail::operator_change(now_us, audit::Event::user_change, audit::Outcome::success,
                                {"Person", detail::row_key(inserted->i64(0, 0))}, "person invited");
    SALUS_CHECK(recorder_.enqueue(tx, {&record, 1}));
    SALUS_CHECK(tx.commit());
    return credentials;
}

Result<std::vector<PersonInfo>> Tenants::people(std::string_view tenant) {
    SALUS_TRY(const TenantContext context, this->context(tenant));
    SALUS_TRY(db::TenantTx tx, pool_.tenant(context));
    SALUS_TRY(const db::Rows rows, tx.query(kListPeople));
    std::vector<PersonInfo> people;
    people.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        PersonInfo person{PersonId(rows.i64(i, 0)), std::string(rows.text(i, 1)),
                          static_cast<Role>(rows.i16(i, 2)),
                          static_cast<AccountState>(rows.i16(i, 3)) == AccountState::active,
                          std::nullopt};
        if (!rows.is_null(i, 4)) person.practitioner = PractitionerId(rows.uuid(i, 4));
        people.push_back(std::move(person));
    }
    return people;
}

Result<void> Tenants::disable(std::string_view tenant, std::string_view username) {
    constexpr ConstText kNobody = "There is no person of that name in this tenant.";
    if (!detail::is_user_name(username)) return fail(Errc::not_found, kNobody, "salus user list");
    SALUS_TRY(const TenantContext context, this->context(tenant));
    SALUS_TRY(db::TenantTx tx, pool_.tenant(context));
    SALUS_TRY(const db::Rows rows, tx.query(kFindPerson, db::Params().text(username)));
    if (rows.empty()) return fail(Errc::not_found, kNobody, "salus user list");
    if (static_cast<AccountState>(rows.i16(0, 1)) == AccountState::disabled) return {};
    const std::int64_t id = rows.i64(0, 0);
    tx.send(kDisablePerson, db::Params().i64(id));
    tx.send(kEndSessions, db::Params().i64(id));
    const audit::Record record =
        detail::operator_change(clock_.now_us(), audit::Event::user_change, audit::Outcome::success,
                                {"Person", detail::row_key(id)}, "person disabled");
    SALUS_CHECK(recorder_.enqueue(tx, {&record, 1}));
    SALUS_CHECK(tx.commit());
    sessions_.forget(context.id());
    return {};
}

}  // namespace salus::identity
