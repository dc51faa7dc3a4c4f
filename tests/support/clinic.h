#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "salus/audit/recorder.h"
#include "salus/audit/sequencer.h"
#include "salus/audit/verify.h"
#include "salus/core/encoding.h"
#include "salus/crypto/password.h"
#include "salus/db/testing/test_database.h"
#include "salus/identity/sessions.h"
#include "salus/identity/tenants.h"
#include "tests/support/test_access.h"

namespace salus::test {

/// The real parts that a clinic's people meet, on a real database and a clock that tests set. One
/// per process; tests keep apart by tenants of their own, and never set the clock back.
class Clinic {
  public:
    static Clinic& shared() {
        static Clinic clinic;
        return clinic;
    }

    [[nodiscard]] db::Pool& pool() { return database_.pool(); }
    [[nodiscard]] FakeClock& clock() { return clock_; }
    [[nodiscard]] Logger& log() { return database_.log(); }
    [[nodiscard]] keys::Keystore& keystore() { return *keystore_; }
    [[nodiscard]] audit::Recorder& recorder() { return *recorder_; }
    [[nodiscard]] identity::Sessions& sessions() { return *sessions_; }
    [[nodiscard]] identity::Tenants& tenants() { return *tenants_; }
    /// Another server process on the same database: its caches know nothing of this one's changes.
    [[nodiscard]] std::unique_ptr<identity::Sessions> other_node() {
        return std::make_unique<identity::Sessions>(pool(), keystore(), recorder(), clock_,
                                                    database_.log());
    }

    std::string new_name() { return "clinic-" + std::to_string(++names_); }
    std::string new_tenant_name() {
        std::string name = new_name();
        need(tenants_->create(name));
        return name;
    }
    TenantContext new_tenant() { return need(tenants_->context(new_tenant_name())); }

    identity::Credentials invite(const std::string& tenant, const std::string& username,
                                 identity::Role role = identity::Role::physician,
                                 std::optional<PractitionerId> practitioner = {}) {
        return need(tenants_->invite(tenant, {username, role, practitioner}));
    }
    [[nodiscard]] std::string code(const identity::Credentials& credentials) const {
        const auto secret = from_base32(credentials.totp_secret_base32);
        return crypto::totp_code(*secret, clock_.now_us() / kSecondUs);
    }
    [[nodiscard]] identity::LoginRequest request(const std::string& tenant,
                                                 const identity::Credentials& credentials) const {
        return {tenant, credentials.username, credentials.password, code(credentials)};
    }
    /// Thirty seconds on, so that the code is a new one; then the token.
    std::string login(const std::string& tenant, const identity::Credentials& credentials) {
        clock_.advance_us(30 * kSecondUs);
        return need(sessions_->login(request(tenant, credentials))).token;
    }

    /// The tenant's audit log as AuditEvent texts, oldest first.
    std::vector<std::string> audit_log(TenantId tenant) {
        const auto stepped = sequencer_->step();
        EXPECT_TRUE(stepped) << (stepped ? "" : stepped.error().text());
        auto entries =
            audit::read_entries(log_root_ + "/" + std::to_string(tenant.value()), 0, 100'000);
        EXPECT_TRUE(entries);
        return entries ? *entries : std::vector<std::string>();
    }
    /// How many events of the log contain the text.
    std::size_t audited(TenantId tenant, std::string_view text) {
        const auto log = audit_log(tenant);
        return static_cast<std::size_t>(std::count_if(
            log.begin(), log.end(),
            [&](const std::string& event) { return event.find(text) != std::string::npos; }));
    }

  private:
    /// What a test stands on: without it there is nothing to go on with.
    template <typename T>
    static T need(Result<T> result) {
        if (result) return std::move(*result);
        ADD_FAILURE() << result.error().text();
        std::abort();
    }

    Clinic() : log_root_(database_.folder() + "/audit") {
        auto keystore = keys::Keystore::open(database_.folder() + "/keystore",
                                             Secret(to_bytes("a passphrase of the tests")), clock_);
        keystore_ = need(std::move(keystore));
        recorder_ = std::make_unique<audit::Recorder>(pool(), *keystore_, database_.log());
        sessions_ = other_node();
        tenants_ =
            std::make_unique<identity::Tenants>(pool(), *keystore_, *recorder_, *sessions_, clock_);
        sequencer_ = std::make_unique<audit::Sequencer>(pool(), *keystore_, log_root_, clock_,
                                                        database_.log());
    }

    db::TestDatabase& database_ = db::TestDatabase::instance();
    FakeClock clock_{1'750'000'000 * kSecondUs};
    std::string log_root_;
    std::atomic<int> names_{0};
    std::unique_ptr<keys::Keystore> keystore_;
    std::unique_ptr<audit::Recorder> recorder_;
    std::unique_ptr<identity::Sessions> sessions_;
    std::unique_ptr<identity::Tenants> tenants_;
    std::unique_ptr<audit::Sequencer> sequencer_;
};

}  // namespace salus::test
