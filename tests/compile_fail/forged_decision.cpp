// Only the Gate makes an AccessDecision.
// expect: private|no matching function
#include "salus/access/decision.h"

bool covers(const salus::access::AccessDecision& decision) {
    return decision.covers(salus::TenantId(1), salus::Uuid(), salus::access::Action::read);
}
#ifdef MISUSE
salus::access::AccessDecision forged() {
    return salus::access::AccessDecision({}, salus::TenantId(1), salus::access::Action::read, {});
}
#endif
