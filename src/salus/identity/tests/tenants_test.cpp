#include "salus/identity/tenants.h"

#include <gtest/gtest.h>

#include <set>

#include "salus/identity/detail/names.h"
#include "tests/support/clinic.h"

namespace salus::identity {
namespace {

using test::Clinic;

class TenantsTest : public testing::Test {
  protected:
    Clinic& clinic = Clinic::shared();
    Tenants& tenants = clinic.tenants();

    /// A tenant's row as a crash in the middle of create() leaves it.
    TenantId unfinished(const std::string& name) {
        auto tx = clinic.pool().platform();
        auto rows = tx->query(
            "INSERT INTO tenant (name, state, created_us) VALUES ($1, 3, 0) RETURNING tenant_id",
            db::Params().text(name));
        EXPECT_TRUE(rows);
        EXPECT_TRUE(tx->commit());
        return TenantId(rows->i64(0, 0));
    }
    bool listed(const std::string& name) {
        const auto list = tenants.list();
        return std::any_of(list->begin(), list->end(),
                           [&](const TenantInfo& info) { return info.name == name; });
    }
};

TEST_F(TenantsTest, CreatedOnceAndFound) {
    const std::string name = clinic.new_name();
    const auto made = tenants.create(name);
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_EQ(made->state, TenantState::active);
    EXPECT_EQ(tenants.find(name)->id, made->id);
    EXPECT_TRUE(listed(name));
    EXPECT_TRUE(clinic.keystore().tenant(made->id));
    EXPECT_EQ(tenants.create(name).error().code(), Errc::conflict);
    EXPECT_EQ(clinic.audited(made->id, "tenant created"), 1U);
    const auto contexts = tenants.contexts();
    EXPECT_TRUE(std::any_of(contexts->begin(), contexts->end(),
                            [&](const TenantContext& c) { return c.id() == made->id; }));
}

TEST_F(TenantsTest, NamesAreLabels) {
    for (const std::string& name :
         {std::string(), std::string("Upper"), std::string("a b"), std::string("-a"),
          std::string("a_b"), std::string("ä"), std::string("a\0b", 3), std::string(64, 'a')}) {
        EXPECT_EQ(tenants.create(name).error().code(), Errc::invalid) << name;
        EXPECT_EQ(tenants.find(name).error().code(), Errc::not_found) << name;
    }
}

TEST_F(TenantsTest, AnInterruptedCreateIsInvisibleAndGoesOn) {
    for (const bool has_keys : {false, true}) {
        const std::string name = clinic.new_name();
        const TenantId id = unfinished(name);
        if (has_keys) {
            ASSERT_TRUE(clinic.keystore().create_tenant(id));
        }
        EXPECT_EQ(tenants.find(name).error().code(), Errc::not_found);
        EXPECT_EQ(tenants.context(name).error().code(), Errc::not_found);
        EXPECT_EQ(tenants.suspend(name).error().code(), Errc::not_found);
        EXPECT_FALSE(listed(name));
        const auto made = tenants.create(name);
        ASSERT_TRUE(made) << made.error().text();
        EXPECT_EQ(made->id, id);
        EXPECT_TRUE(listed(name));
        EXPECT_TRUE(clinic.keystore().tenant(id));
    }
}

TEST_F(TenantsTest, KeysOfAnotherLifeAreNeverReused) {
    const auto before = tenants.create(clinic.new_name());
    ASSERT_TRUE(before);
    const TenantId next(before->id.value() + 1);
    ASSERT_TRUE(clinic.keystore().create_tenant(next));
    const auto made = tenants.create(clinic.new_name());
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_GT(made->id.value(), next.value());
}

TEST_F(TenantsTest, SuspendAndResumeAreAuditedOnce) {
    const std::string name = clinic.new_tenant_name();
    const TenantId id = tenants.find(name)->id;
    for (int twice = 0; twice < 2; ++twice)
        EXPECT_TRUE(tenants.suspend(name));
    EXPECT_EQ(tenants.find(name)->state, TenantState::suspended);
    const auto contexts = tenants.contexts();
    EXPECT_TRUE(std::none_of(contexts->begin(), contexts->end(),
                             [&](const TenantContext& c) { return c.id() == id; }));
    for (int twice = 0; twice < 2; ++twice)
        EXPECT_TRUE(tenants.resume(name));
    EXPECT_EQ(tenants.find(name)->state, TenantState::active);
    EXPECT_EQ(clinic.audited(id, "tenant suspended"), 1U);
    EXPECT_EQ(clinic.audited(id, "tenant resumed"), 1U);
    EXPECT_EQ(tenants.suspend("no-such-clinic").error().code(), Errc::not_found);
}

TEST_F(TenantsTest, PeopleAreInvitedListedAndDisabled) {
    const std::string name = clinic.new_tenant_name();
    const TenantId id = tenants.find(name)->id;
    const PractitionerId practitioner(Uuid({1, 2, 3}));
    const Credentials jane = clinic.invite(name, "jane", Role::physician, practitioner);
    clinic.invite(name, "front@desk", Role::admin_staff);
    EXPECT_EQ(tenants.invite(name, {"jane", Role::nurse, {}}).error().code(), Errc::conflict);
    EXPECT_EQ(tenants.invite(name, {"Jane", Role::nurse, {}}).error().code(), Errc::invalid);
    EXPECT_EQ(tenants.invite(name, {"joe", static_cast<Role>(9), {}}).error().code(),
              Errc::invalid);
    EXPECT_EQ(tenants.invite("no-such-clinic", {"joe", Role::nurse, {}}).error().code(),
              Errc::not_found);

    EXPECT_TRUE(tenants.disable(name, "jane"));
    EXPECT_TRUE(tenants.disable(name, "jane"));
    EXPECT_EQ(tenants.disable(name, "nobody").error().code(), Errc::not_found);
    const auto people = tenants.people(name);
    ASSERT_TRUE(people);
    ASSERT_EQ(people->size(), 2U);
    EXPECT_EQ((*people)[0].username, "front@desk");
    EXPECT_EQ((*people)[0].role, Role::admin_staff);
    EXPECT_TRUE((*people)[0].active);
    EXPECT_FALSE((*people)[0].practitioner);
    EXPECT_EQ((*people)[1].practitioner, practitioner);
    EXPECT_FALSE((*people)[1].active);
    EXPECT_EQ(clinic.audited(id, "person invited"), 2U);
    EXPECT_EQ(clinic.audited(id, "person disabled"), 1U);
}

TEST_F(TenantsTest, CredentialsAreStrongAndNeverTheSame) {
    const std::string name = clinic.new_tenant_name();
    std::set<std::string> seen;
    for (int i = 0; i < 3; ++i) {
        const Credentials made = clinic.invite(name, "user" + std::to_string(i));
        // Seven groups of four characters of five bits: 140 bits.
        ASSERT_EQ(made.password.size(), 34U);
        for (std::size_t at = 0; at < made.password.size(); ++at) {
            const bool between = at % 5 == 4;
            EXPECT_EQ(made.password[at] == '-', between);
            EXPECT_TRUE(between || detail::is_lower_or_digit(made.password[at]));
        }
        EXPECT_EQ(from_base32(made.totp_secret_base32)->size(), 20U);
        EXPECT_TRUE(seen.insert(made.password).second);
        EXPECT_TRUE(seen.insert(made.totp_secret_base32).second);
    }
}

TEST_F(TenantsTest, ClientsNeedANameAndScopes) {
    const std::string name = clinic.new_tenant_name();
    const TenantId id = tenants.find(name)->id;
    EXPECT_TRUE(tenants.create_client(name, "lab", "system/*.cruds"));
    EXPECT_EQ(tenants.create_client(name, "lab", "system/*.rs").error().code(), Errc::conflict);
    EXPECT_EQ(tenants.create_client(name, "L a b", "system/*.rs").error().code(), Errc::invalid);
    EXPECT_EQ(tenants.create_client(name, "lab2", "user/*.rs").error().code(), Errc::invalid);
    EXPECT_EQ(tenants.create_client("nowhere", "lab", "system/*.rs").error().code(),
              Errc::not_found);
    EXPECT_EQ(clinic.audited(id, "client created"), 1U);
}

TEST_F(TenantsTest, ADisabledClientIsOut) {
    const std::string name = clinic.new_tenant_name();
    const auto node = clinic.other_node();
    const auto lab = tenants.create_client(name, "lab", "system/*.cruds");
    ASSERT_TRUE(lab);
    ASSERT_TRUE(tenants.create_client(name, "archive", "system/*.r"));
    EXPECT_TRUE(clinic.sessions().verify(lab->token));
    EXPECT_TRUE(node->verify(lab->token));
    for (int twice = 0; twice < 2; ++twice)
        EXPECT_TRUE(tenants.disable_client(name, "lab"));
    EXPECT_EQ(tenants.disable_client(name, "nobody").error().code(), Errc::not_found);
    EXPECT_EQ(clinic.sessions().verify(lab->token).error().code(), Errc::unauthenticated);
    clinic.clock().advance_us(kSecondUs);
    EXPECT_EQ(node->verify(lab->token).error().code(), Errc::unauthenticated);
    const auto clients = tenants.clients(name);
    ASSERT_TRUE(clients);
    ASSERT_EQ(clients->size(), 2U);
    EXPECT_EQ((*clients)[0].name, "archive");
    EXPECT_TRUE((*clients)[0].active);
    EXPECT_EQ((*clients)[1].scopes, "system/*.cruds");
    EXPECT_FALSE((*clients)[1].active);
    EXPECT_EQ(clinic.audited(tenants.find(name)->id, "client disabled"), 1U);
}

TEST_F(TenantsTest, RotationKeepsSecondFactorsReadable) {
    const std::string name = clinic.new_tenant_name();
    const TenantId id = tenants.find(name)->id;
    const Credentials jane = clinic.invite(name, "jane");
    ASSERT_TRUE(tenants.rotate_keys(name));
    EXPECT_EQ(clinic.keystore().generations(id)->size(), 2U);
    EXPECT_FALSE(clinic.login(name, jane).empty());
    EXPECT_EQ(clinic.audited(id, "keys rotated"), 1U);
}

TEST_F(TenantsTest, ASealedSecondFactorOpensForItsOwnerOnly) {
    const std::string name = clinic.new_tenant_name();
    const Credentials jane = clinic.invite(name, "jane");
    const Credentials joe = clinic.invite(name, "joe");
    // Whoever can write to the database gives Jane the secret that Joe knows.
    auto tx = clinic.pool().tenant(*tenants.context(name));
    ASSERT_TRUE(
        tx->query("UPDATE person SET totp_sealed = (SELECT totp_sealed FROM person"
                  " WHERE username = 'joe') WHERE username = 'jane'"));
    ASSERT_TRUE(tx->commit());
    clinic.clock().advance_us(30 * kSecondUs);
    LoginRequest request = clinic.request(name, jane);
    request.totp = clinic.code(joe);
    EXPECT_EQ(clinic.sessions().login(request).error().code(), Errc::unauthenticated);
    EXPECT_EQ(clinic.audited(tenants.find(name)->id, "second factor unreadable"), 1U);
}

}  // namespace
}  // namespace salus::identity
