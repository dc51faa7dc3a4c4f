// An Error can't be dropped on the floor.
// expect: ignoring return|nodiscard|declared with attribute
#include "salus/core/result.h"

salus::Error failing();
void right() {
    (void)failing();
}
#ifdef MISUSE
void wrong() {
    failing();
}
#endif
