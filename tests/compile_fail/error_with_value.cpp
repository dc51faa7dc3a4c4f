// An error's text is constant.
// expect: no matching function|could not convert|cannot convert
#include <string>

#include "salus/core/result.h"

salus::Error right() {
    return {salus::Errc::invalid, "A text."};
}
#ifdef MISUSE
salus::Error wrong(const std::string& value) {
    return {salus::Errc::invalid, value.c_str()};
}
#endif
