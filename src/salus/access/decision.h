#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "salus/access/vocabulary.h"
#include "salus/core/id.h"
#include "salus/core/pass_key.h"
#include "salus/core/tenant_context.h"

namespace salus::access {

class Gate;

/// Proof: the Gate decided, and the audit record is durable (or travels in the transaction that the
/// decision is for). Covers named resources; spent by moving it into the call that opens them.
class [[nodiscard]] AccessDecision {
  public:
    AccessDecision(PassKey<Gate>, TenantId tenant, Action action, std::vector<Uuid> resources)
        : tenant_(tenant), action_(action), resources_(std::move(resources)) {
        std::sort(resources_.begin(), resources_.end());
    }
    AccessDecision(AccessDecision&&) noexcept = default;
    AccessDecision& operator=(AccessDecision&&) noexcept = default;
    AccessDecision(const AccessDecision&) = delete;
    AccessDecision& operator=(const AccessDecision&) = delete;

    [[nodiscard]] bool covers(TenantId tenant, const Uuid& resource, Action action) const {
        return tenant == tenant_ && action == action_ &&
               std::binary_search(resources_.begin(), resources_.end(), resource);
    }

  private:
    TenantId tenant_;
    Action action_;
    std::vector<Uuid> resources_;
};

/// What a search may look at, decided before a row is touched. `patients` is empty unless the reach
/// is `under_care`. Opening candidates to compare them happens inside this scope; what is returned
/// needs an AccessDecision.
class [[nodiscard]] SearchScope {
  public:
    SearchScope(PassKey<Gate>, TenantId tenant, Reach reach, std::vector<PatientId> patients)
        : tenant_(tenant), reach_(reach), patients_(std::move(patients)) {}
    [[nodiscard]] TenantId tenant() const { return tenant_; }
    [[nodiscard]] Reach reach() const { return reach_; }
    [[nodiscard]] const std::vector<PatientId>& patients() const { return patients_; }  ///< sorted

  private:
    TenantId tenant_;
    Reach reach_;
    std::vector<PatientId> patients_;
};

}  // namespace salus::access
