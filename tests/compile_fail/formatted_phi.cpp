// Phi has no formatter.
// expect: [Cc]annot format|static assertion
#include <fmt/format.h>

#include <string>

#include "salus/core/secret.h"

std::string plain(const std::string& text) {
    return fmt::format("{}", text);
}
#ifdef MISUSE
std::string leak(const salus::Phi<std::string>& phi) {
    return fmt::format("{}", phi);
}
#endif
