// A Result can't be ignored: a write that failed would look like one that worked.
// expect: ignoring return|nodiscard|declared with attribute
#include "salus/core/fs.h"

void right() {
    (void)salus::make_dirs("x");
}
#ifdef MISUSE
void wrong() {
    salus::make_dirs("x");
}
#endif
