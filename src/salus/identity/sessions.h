#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "salus/audit/recorder.h"
#include "salus/identity/caller.h"

namespace salus::identity {

struct LoginRequest {
    std::string tenant;
    std::string username;
    std::string password;
    std::string totp;
};
struct LoginAnswer {
    std::string token;  ///< given once: base64url(tenant id (8 bytes) | 32 random bytes)
    TimeUs expires_us;
    Role role;
};

/// Log-in with password and TOTP, opaque sessions, machine clients' tokens. Tokens are stored
/// hashed. Every log-in, failed or not, is audited. Verified sessions are cached for at most one
/// second, so a disabled person or suspended tenant is out within it on every node. Thread-safe.
class Sessions {
  public:
    Sessions(db::Pool& pool, keys::Keystore& keystore, audit::Recorder& recorder,
             const Clock& clock, Logger& log);
    ~Sessions();

    /// Unknown tenant, unknown user, wrong password, wrong or used code, disabled: all the same
    /// error (unauthenticated) after the same work. Five failures pause the account (limits.h).
    Result<LoginAnswer> login(const LoginRequest& request);
    /// A session's or a machine client's token. Errors: unauthenticated, unavailable.
    Result<Caller> verify(std::string_view token);
    /// Ends the session at once.
    Result<void> logout(std::string_view token);
    /// Drops cached sessions of a tenant (after a change of a person, client or tenant).
    void forget(TenantId tenant);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::identity
