#pragma once

#include <memory>
#include <string>
#include <vector>

#include "salus/identity/sessions.h"

namespace salus::identity {

enum class TenantState : std::uint8_t { active = 1, suspended = 2 };
struct TenantInfo {
    TenantId id;
    std::string name;
    TenantState state;
    TimeUs created_us;
};

struct Invitation {
    std::string username;
    Role role;
    std::optional<PractitionerId> practitioner;
};
/// Given once; never stored in the clear.
struct Credentials {
    std::string username;
    std::string password;
    std::string totp_secret_base32;
};
struct PersonInfo {
    PersonId id;
    std::string username;
    Role role;
    bool active;
    std::optional<PractitionerId> practitioner;
};
struct ClientInfo {
    ClientId id;
    std::string name;
    std::string scopes;
    bool active;
};
struct NewClient {
    ClientId id;
    std::string token;  ///< given once
};

/// The directory of tenants and their people, for the platform's operator (a caller on the private
/// Unix socket; the edge decides that). Sees no PHI. Every change is audited. Thread-safe.
class Tenants {
  public:
    Tenants(db::Pool& pool, keys::Keystore& keystore, audit::Recorder& recorder, Sessions& sessions,
            const Clock& clock);

    /// Makes the tenant's keys first, then its row. A name is [a-z0-9-]{1,63}. Errors: conflict,
    /// invalid.
    Result<TenantInfo> create(std::string_view tenant);
    Result<std::vector<TenantInfo>> list();
    Result<TenantInfo> find(std::string_view tenant);
    Result<void> suspend(std::string_view tenant);
    Result<void> resume(std::string_view tenant);
    /// A context for work on one tenant by its name.
    Result<TenantContext> context(std::string_view tenant);
    /// Every active tenant, for background work.
    Result<std::vector<TenantContext>> contexts();

    Result<Credentials> invite(std::string_view tenant, const Invitation& invitation);
    Result<std::vector<PersonInfo>> people(std::string_view tenant);
    /// Ends the person's sessions in the same transaction.
    Result<void> disable(std::string_view tenant, std::string_view username);

    Result<NewClient> create_client(std::string_view tenant, std::string_view name,
                                    std::string_view scopes);
    Result<std::vector<ClientInfo>> clients(std::string_view tenant);
    /// Its token stops at once here, within a second elsewhere.
    Result<void> disable_client(std::string_view tenant, std::string_view name);
    Result<void> rotate_keys(std::string_view tenant);

  private:
    db::Pool& pool_;
    keys::Keystore& keystore_;
    audit::Recorder& recorder_;
    Sessions& sessions_;
    const Clock& clock_;
};

}  // namespace salus::identity
