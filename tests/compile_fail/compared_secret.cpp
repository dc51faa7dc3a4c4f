// A Secret has no `==`: crypto::equal compares in constant time.
// expect: no match for .operator==
#include "salus/core/secret.h"

std::size_t size(const salus::Secret& secret) {
    return secret.size();
}
#ifdef MISUSE
bool same(const salus::Secret& a, const salus::Secret& b) {
    return a == b;
}
#endif
