// A decision is spent by moving it; it can't be copied for a second use.
// expect: use of deleted function|deleted
#include "salus/access/decision.h"

salus::access::AccessDecision move(salus::access::AccessDecision&& a) {
    return std::move(a);
}
#ifdef MISUSE
salus::access::AccessDecision copy(const salus::access::AccessDecision& a) {
    return a;
}
#endif
