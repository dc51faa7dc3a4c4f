// A PassKey can't be made by anyone but its owner, not even with braces.
// expect: private
#include "salus/access/decision.h"

void take(salus::PassKey<salus::access::Gate>);
#ifdef MISUSE
void forge() {
    take(salus::PassKey<salus::access::Gate>{});
}
#endif
