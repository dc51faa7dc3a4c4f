#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "salus/core/limits.h"
#include "salus/identity/detail/session_cache.h"
#include "salus/identity/detail/token.h"
#include "salus/identity/sessions.h"

namespace salus::identity {

/// person.state and client.state.
enum class AccountState : std::int16_t { active = 1, disabled = 2 };

struct Sessions::Impl {
    Impl(db::Pool& pool_, keys::Keystore& keystore_, audit::Recorder& recorder_,
         const Clock& clock_, Logger& log_)
        : pool(pool_), keystore(keystore_), recorder(recorder_), clock(clock_), log(log_) {}

    /// A person's row, as it was before the password was checked.
    struct Account {
        PersonId id{0};
        std::optional<Role> role;
        AccountState state = AccountState::disabled;
        std::string password_hash;
        Bytes totp_sealed;
        TimeUs paused_until_us = 0;
    };
    struct Tenant {
        TenantId id;
        bool active;
    };
    /// What one round of checking found. `reason` is for the audit log only.
    struct Findings {
        bool accepted = false;
        bool counts = false;  ///< towards limits::kLoginFailures
        std::int64_t totp_step = 0;
        std::string_view reason;
    };
    struct Found {
        Caller caller;
        TimeUs ends_us;           ///< when the session is over unless it is used
        bool write_seen = false;  ///< activity is due to be written down
    };

    // sessions.cpp
    Result<std::optional<Found>> look_up(const detail::TokenParts& token, TimeUs now_us);
    [[nodiscard]] static std::optional<Found> person_session(TenantContext tenant,
                                                             const db::Rows& rows, TimeUs now_us);
    Result<std::optional<Found>> client_token(TenantContext tenant, const db::Rows& rows);
    Result<void> write_seen(const detail::TokenParts& token, TimeUs now_us);

    // login.cpp
    Result<LoginAnswer> login(const LoginRequest& request);
    Result<std::optional<Tenant>> find_tenant(std::string_view name);
    Result<std::optional<Account>> find_account(TenantContext tenant, std::string_view username);
    Findings check(const LoginRequest& request, const std::optional<Account>& account,
                   bool tenant_active, const keys::TenantKeys& keys, TimeUs now_us);
    Result<std::optional<LoginAnswer>> open_session(TenantContext tenant, const Account& account,
                                                    std::int64_t totp_step, TimeUs now_us);
    Result<void> record_failure(TenantContext tenant, const std::optional<Account>& account,
                                const Findings& findings, TimeUs now_us);

    db::Pool& pool;
    keys::Keystore& keystore;
    audit::Recorder& recorder;
    const Clock& clock;
    Logger& log;
    detail::SessionCache cache;
};

}  // namespace salus::identity
