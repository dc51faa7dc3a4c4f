#pragma once

#include <optional>
#include <string>
#include <vector>

#include "salus/audit/record.h"
#include "salus/core/pass_key.h"
#include "salus/core/result.h"
#include "salus/core/tenant_context.h"

namespace salus::identity {

enum class Role : std::uint8_t { physician = 1, nurse = 2, admin_staff = 3, security_officer = 4 };
std::optional<Role> parse_role(std::string_view name);
std::string_view name(Role role);

/// One scope of a machine client: SMART v2 system scopes, e.g. "system/Patient.rs",
/// "system/*.cruds".
struct ClientScope {
    std::string resource_type;  ///< "*" for all
    bool create = false, read = false, update = false, remove = false, search = false;
};
/// Errors: invalid.
Result<std::vector<ClientScope>> parse_scopes(std::string_view text);

/// A verified caller: the one thing that says who asks and for which tenant. Only Sessions makes
/// it. Copyable; immutable.
class Caller {
  public:
    struct Person {
        PersonId id;
        Role role;
        std::optional<PractitionerId> practitioner;
    };
    struct Client {
        ClientId id;
        std::vector<ClientScope> scopes;
    };
    Caller(PassKey<Sessions>, TenantContext tenant, Person person);
    Caller(PassKey<Sessions>, TenantContext tenant, Client client);
    Caller(PassKey<TestAccess>, TenantContext tenant, Person person);
    Caller(PassKey<TestAccess>, TenantContext tenant, Client client);

    [[nodiscard]] TenantContext tenant() const { return tenant_; }
    [[nodiscard]] const Person* person() const { return person_ ? &*person_ : nullptr; }
    [[nodiscard]] const Client* client() const { return client_ ? &*client_ : nullptr; }
    [[nodiscard]] audit::Agent agent() const;

  private:
    TenantContext tenant_;
    std::optional<Person> person_;
    std::optional<Client> client_;
};

}  // namespace salus::identity
