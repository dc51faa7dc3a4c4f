// A TenantContext comes from a verified session or the directory, never from a number.
// expect: no matching function|could not convert
#include "salus/core/tenant_context.h"

salus::TenantId id(const salus::TenantContext& context) {
    return context.id();
}
#ifdef MISUSE
salus::TenantContext forged() {
    return salus::TenantContext(salus::TenantId(7));
}
#endif
