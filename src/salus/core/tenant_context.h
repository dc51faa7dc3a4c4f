#pragma once

#include "salus/core/id.h"
#include "salus/core/pass_key.h"

namespace salus {

class TestAccess;  // defined by tests only
namespace identity {
class Sessions;
class Tenants;
}  // namespace identity

/// Proof that work for this tenant is legitimate: it comes from a verified session or from the
/// directory of tenants, never from a header, a URL or a body (DESIGN 3.2).
class TenantContext {
  public:
    TenantContext(PassKey<identity::Sessions>, TenantId id) : id_(id) {}
    TenantContext(PassKey<identity::Tenants>, TenantId id) : id_(id) {}
    TenantContext(PassKey<TestAccess>, TenantId id) : id_(id) {}
    [[nodiscard]] TenantId id() const { return id_; }

  private:
    TenantId id_;
};

}  // namespace salus
