// A Secret has no `<<`.
// expect: no match for .operator<<
#include <iostream>

#include "salus/core/secret.h"

std::size_t size(const salus::Secret& secret) {
    return secret.size();
}
#ifdef MISUSE
void print(const salus::Secret& secret) {
    std::cout << secret;
}
#endif
