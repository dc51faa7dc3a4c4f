#include "salus/identity/caller.h"

#include <gtest/gtest.h>

#include "salus/core/limits.h"
#include "tests/support/test_access.h"

namespace salus::identity {
namespace {

TEST(Roles, NamesRoundTrip) {
    for (const Role role :
         {Role::physician, Role::nurse, Role::admin_staff, Role::security_officer})
        EXPECT_EQ(parse_role(name(role)), role);
    EXPECT_FALSE(parse_role("superuser"));
    EXPECT_FALSE(parse_role(""));
    EXPECT_FALSE(parse_role(name(static_cast<Role>(0))));
    EXPECT_FALSE(parse_role(name(static_cast<Role>(5))));
}

TEST(Scopes, EveryCombinationOfLettersInOrderIsRead) {
    for (unsigned bits = 1; bits < 32; ++bits) {
        std::string text = "system/Patient.";
        for (unsigned i = 0; i < 5; ++i)
            if (bits & (1U << i)) text += "cruds"[i];
        const auto scopes = parse_scopes(text);
        ASSERT_TRUE(scopes) << text;
        ASSERT_EQ(scopes->size(), 1U);
        const ClientScope& scope = scopes->front();
        EXPECT_EQ(scope.resource_type, "Patient");
        EXPECT_EQ(scope.create, (bits & 1) != 0) << text;
        EXPECT_EQ(scope.read, (bits & 2) != 0) << text;
        EXPECT_EQ(scope.update, (bits & 4) != 0) << text;
        EXPECT_EQ(scope.remove, (bits & 8) != 0) << text;
        EXPECT_EQ(scope.search, (bits & 16) != 0) << text;
    }
}

TEST(Scopes, SeveralAreSeparatedBySpaces) {
    const auto scopes = parse_scopes("system/*.rs  system/Observation.c");
    ASSERT_TRUE(scopes);
    ASSERT_EQ(scopes->size(), 2U);
    EXPECT_EQ((*scopes)[0].resource_type, "*");
    EXPECT_TRUE((*scopes)[1].create);
    EXPECT_FALSE((*scopes)[1].read);
}

TEST(Scopes, AnythingElseIsRefused) {
    for (const std::string_view text : {"",
                                        " ",
                                        "system",
                                        "system/",
                                        "system/Patient",
                                        "system/Patient.",
                                        "system/.rs",
                                        "system/Patient.sr",
                                        "system/Patient.rr",
                                        "system/Patient.read",
                                        "system/Patient.*",
                                        "user/Patient.rs",
                                        "patient/*.rs",
                                        "system/patient.rs",
                                        "system/Pati ent.rs",
                                        "system/Patient.rs?x=y",
                                        "system/Patient.rs,system/*.c",
                                        "system/**.rs",
                                        "System/*.rs",
                                        "system/../Patient.rs",
                                        "system/Patient.rs\tsystem/*.c"})
        EXPECT_EQ(parse_scopes(text).error().code(), Errc::invalid) << text;
    EXPECT_EQ(parse_scopes(std::string(limits::kScopeBytes + 1, 'x')).error().code(),
              Errc::too_large);
    std::string many;
    for (std::size_t i = 0; i <= limits::kScopesPerClient; ++i)
        many += "system/A.r ";
    EXPECT_EQ(parse_scopes(many).error().code(), Errc::too_large);
}

TEST(Caller, IsAPersonOrAClient) {
    const TenantContext tenant(TestAccess::key(), TenantId(7));
    const Caller person(TestAccess::key(), tenant,
                        Caller::Person{PersonId(3), Role::nurse, std::nullopt});
    ASSERT_NE(person.person(), nullptr);
    EXPECT_EQ(person.client(), nullptr);
    EXPECT_EQ(person.agent().kind, audit::Agent::Kind::person);
    EXPECT_EQ(person.agent().id, 3);
    const Caller client(TestAccess::key(), tenant, Caller::Client{ClientId(4), {}});
    ASSERT_NE(client.client(), nullptr);
    EXPECT_EQ(client.person(), nullptr);
    EXPECT_EQ(client.agent().kind, audit::Agent::Kind::client);
    EXPECT_EQ(client.agent().id, 4);
}

}  // namespace
}  // namespace salus::identity
