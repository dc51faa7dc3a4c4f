#include "salus/identity/sessions.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "salus/core/limits.h"
#include "tests/support/clinic.h"

namespace salus::identity {
namespace {

using test::Clinic;

class SessionsTest : public testing::Test {
  protected:
    Clinic& clinic = Clinic::shared();
    Sessions& sessions = clinic.sessions();
    std::string tenant = clinic.new_tenant_name();
    TenantId id = clinic.tenants().find(tenant)->id;
    PractitionerId practitioner{Uuid({4, 2})};
    Credentials jane = clinic.invite(tenant, "jane.doe", Role::physician, practitioner);

    [[nodiscard]] Errc code_of(std::string_view token) {
        const auto caller = sessions.verify(token);
        return caller ? Errc::internal : caller.error().code();
    }
    void seconds(std::int64_t s) { clinic.clock().advance_us(s * kSecondUs); }
};

TEST_F(SessionsTest, LogInGivesATokenThatSaysWhoAndWhere) {
    seconds(30);
    const TimeUs now_us = clinic.clock().now_us();
    const auto answer = sessions.login(clinic.request(tenant, jane));
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->role, Role::physician);
    EXPECT_EQ(answer->expires_us, now_us + limits::kSessionAbsoluteSeconds * kSecondUs);
    for (int round = 0; round < 2; ++round) {  // From the database, then from the cache.
        const auto caller = sessions.verify(answer->token);
        ASSERT_TRUE(caller);
        EXPECT_EQ(caller->tenant().id(), id);
        ASSERT_NE(caller->person(), nullptr);
        EXPECT_EQ(caller->person()->role, Role::physician);
        EXPECT_EQ(caller->person()->practitioner, practitioner);
    }
}

TEST_F(SessionsTest, EveryFailedLogInLooksTheSame) {
    const Credentials gone = clinic.invite(tenant, "gone");
    ASSERT_TRUE(clinic.tenants().disable(tenant, "gone"));
    const std::string suspended = clinic.new_tenant_name();
    const Credentials locked_out = clinic.invite(suspended, "jane.doe");
    ASSERT_TRUE(clinic.tenants().suspend(suspended));
    seconds(30);
    const LoginRequest good = clinic.request(tenant, jane);

    std::vector<LoginRequest> requests(12, good);
    requests[0].tenant = "no-such-clinic";
    requests[1].tenant = std::string("nul\0", 4);
    requests[2].username = "no.such.user";
    requests[3].username = "Jane.Doe";
    requests[4].username = std::string("jane.doe\0", 9);
    requests[5].password += "x";
    requests[6].totp = good.totp == "000000" ? "111111" : "000000";
    requests[7].totp = "";
    requests[8] = clinic.request(tenant, gone);
    requests[9] = clinic.request(suspended, locked_out);
    requests[10].password = std::string(limits::kPasswordBytes + 1, 'p');
    requests[11].username = "\xff\xfe' OR 1=1 --";
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto start = std::chrono::steady_clock::now();
        const auto answer = sessions.login(requests[i]);
        const auto took = std::chrono::steady_clock::now() - start;
        ASSERT_FALSE(answer) << i;
        EXPECT_EQ(answer.error().code(), Errc::unauthenticated) << i;
        EXPECT_EQ(answer.error().text(), "The log-in failed.") << i;
        EXPECT_GE(took, std::chrono::milliseconds(limits::kLoginFailureFloorMs)) << i;
    }
    EXPECT_TRUE(sessions.login(good));
}

TEST_F(SessionsTest, AuditTellsTheFailuresApart) {
    const std::string token = clinic.login(tenant, jane);
    LoginRequest request = clinic.request(tenant, jane);
    EXPECT_FALSE(sessions.login(request));  // The code was just used.
    request.password = "wrong";
    EXPECT_FALSE(sessions.login(request));
    request.username = "nobody";
    EXPECT_FALSE(sessions.login(request));
    ASSERT_TRUE(sessions.logout(token));
    EXPECT_EQ(clinic.audited(id, "110122"), 4U);  // DCM "Login"
    EXPECT_EQ(clinic.audited(id, "110123"), 1U);  // DCM "Logout"
    EXPECT_EQ(clinic.audited(id, "code used before"), 1U);
    EXPECT_EQ(clinic.audited(id, "wrong password"), 1U);
    EXPECT_EQ(clinic.audited(id, "unknown user"), 1U);
    EXPECT_EQ(clinic.audited(id, "nobody"), 0U);  // What a request said is in no record.
}

TEST_F(SessionsTest, ACodeWorksOnceEvenAtTheSameMoment) {
    seconds(30);
    const LoginRequest request = clinic.request(tenant, jane);
    std::atomic<int> successes{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            if (sessions.login(request)) ++successes;
        });
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(successes, 1);
    EXPECT_FALSE(sessions.login(request));
    seconds(30);  // RFC 6238 5.2: an older step is spent too, though drift would accept it.
    EXPECT_FALSE(sessions.login(request));
}

TEST_F(SessionsTest, FiveFailuresPauseTheAccount) {
    seconds(30);
    LoginRequest bad = clinic.request(tenant, jane);
    bad.password = "wrong";
    for (int i = 0; i < limits::kLoginFailures; ++i)
        EXPECT_FALSE(sessions.login(bad));
    EXPECT_FALSE(sessions.login(clinic.request(tenant, jane)));
    seconds(limits::kLoginPauseSeconds - 1);
    EXPECT_FALSE(sessions.login(clinic.request(tenant, jane)));
    EXPECT_FALSE(sessions.login(bad));  // Does not prolong the pause.
    seconds(2);
    EXPECT_TRUE(sessions.login(clinic.request(tenant, jane)));
    EXPECT_EQ(clinic.audited(id, "account paused"), 3U);
}

TEST_F(SessionsTest, SuccessForgetsEarlierFailures) {
    for (int round = 0; round < 2; ++round) {
        seconds(30);
        LoginRequest bad = clinic.request(tenant, jane);
        bad.password = "wrong";
        for (int i = 0; i < limits::kLoginFailures - 1; ++i)
            EXPECT_FALSE(sessions.login(bad));
        EXPECT_TRUE(sessions.login(clinic.request(tenant, jane)));
    }
}

TEST_F(SessionsTest, AnIdleSessionEnds) {
    const std::string token = clinic.login(tenant, jane);
    seconds(limits::kSessionIdleSeconds - 1);
    EXPECT_TRUE(sessions.verify(token));
    seconds(limits::kSessionIdleSeconds - 1);  // Used meanwhile, so it is not idle.
    EXPECT_TRUE(sessions.verify(token));
    seconds(limits::kSessionIdleSeconds);
    EXPECT_EQ(code_of(token), Errc::unauthenticated);
}

TEST_F(SessionsTest, ABusySessionEndsAfterTwelveHours) {
    const std::string token = clinic.login(tenant, jane);
    for (int passed = 600; passed < limits::kSessionAbsoluteSeconds; passed += 600) {
        seconds(600);
        ASSERT_TRUE(sessions.verify(token)) << passed;
    }
    seconds(600);
    EXPECT_EQ(code_of(token), Errc::unauthenticated);
}

TEST_F(SessionsTest, LogOutEndsTheSessionAtOnce) {
    const std::string token = clinic.login(tenant, jane);
    EXPECT_TRUE(sessions.verify(token));
    ASSERT_TRUE(sessions.logout(token));
    EXPECT_EQ(code_of(token), Errc::unauthenticated);
    EXPECT_EQ(sessions.logout(token).error().code(), Errc::unauthenticated);
}

TEST_F(SessionsTest, OtherNodesFollowWithinASecond) {
    const auto node = clinic.other_node();
    const Credentials joe = clinic.invite(tenant, "joe", Role::nurse);
    const std::string ended = clinic.login(tenant, jane);
    const std::string disabled = clinic.login(tenant, joe);
    ASSERT_TRUE(node->verify(ended));
    ASSERT_TRUE(node->verify(disabled));
    ASSERT_TRUE(sessions.logout(ended));
    ASSERT_TRUE(clinic.tenants().disable(tenant, "joe"));
    EXPECT_EQ(code_of(disabled), Errc::unauthenticated);  // Here: at once.
    seconds(1);
    EXPECT_FALSE(node->verify(ended));
    EXPECT_FALSE(node->verify(disabled));
}

TEST_F(SessionsTest, ASuspendedTenantStopsAndComesBack) {
    const auto node = clinic.other_node();
    const auto client = clinic.tenants().create_client(tenant, "lab", "system/*.rs");
    ASSERT_TRUE(client);
    const std::string token = clinic.login(tenant, jane);
    ASSERT_TRUE(node->verify(token));
    ASSERT_TRUE(node->verify(client->token));
    ASSERT_TRUE(clinic.tenants().suspend(tenant));
    EXPECT_EQ(code_of(token), Errc::unauthenticated);
    EXPECT_EQ(code_of(client->token), Errc::unauthenticated);
    seconds(1);
    EXPECT_FALSE(node->verify(token));
    EXPECT_FALSE(node->verify(client->token));
    ASSERT_TRUE(clinic.tenants().resume(tenant));
    EXPECT_TRUE(sessions.verify(token));
    EXPECT_TRUE(sessions.verify(client->token));
}

TEST_F(SessionsTest, AClientHasItsScopesAndNoSession) {
    const auto client = clinic.tenants().create_client(tenant, "lab", "system/Observation.cr");
    ASSERT_TRUE(client);
    const auto caller = sessions.verify(client->token);
    ASSERT_TRUE(caller);
    EXPECT_EQ(caller->tenant().id(), id);
    ASSERT_NE(caller->client(), nullptr);
    EXPECT_EQ(caller->client()->id, client->id);
    ASSERT_EQ(caller->client()->scopes.size(), 1U);
    EXPECT_TRUE(caller->client()->scopes[0].create);
    EXPECT_FALSE(caller->client()->scopes[0].search);
    EXPECT_EQ(sessions.logout(client->token).error().code(), Errc::unauthenticated);
    seconds(10 * 365 * 86'400LL);
    EXPECT_TRUE(sessions.verify(client->token));
}

TEST_F(SessionsTest, AChangedTokenIsNoToken) {
    const std::string token = clinic.login(tenant, jane);
    ASSERT_TRUE(sessions.verify(token));
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string other = token;
        other[i] = other[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(code_of(other), Errc::unauthenticated) << i;
    }
    for (const std::string& other :
         {std::string(), token + "A", token.substr(1), token + "=", std::string(54, 'A'),
          std::string(54, '_'), std::string(54, '\0'), std::string(100'000, 'A')})
        EXPECT_EQ(code_of(other), Errc::unauthenticated);
}

TEST_F(SessionsTest, ATokenReachesNoOtherTenant) {
    const std::string other = clinic.new_tenant_name();
    const TenantId other_id = clinic.tenants().find(other)->id;
    const std::string token = clinic.login(tenant, jane);
    // The first eight bytes name the tenant: give them another's number.
    Bytes bytes = *from_base64url(token);
    for (std::size_t i = 0; i < 8; ++i)
        bytes[i] = static_cast<std::uint8_t>(other_id.value() >> (56 - 8 * i));
    EXPECT_EQ(code_of(to_base64url(bytes)), Errc::unauthenticated);
    EXPECT_EQ(sessions.verify(token)->tenant().id(), id);
    // The same name and password elsewhere is another person.
    EXPECT_FALSE(sessions.login(clinic.request(other, jane)));
}

}  // namespace
}  // namespace salus::identity
