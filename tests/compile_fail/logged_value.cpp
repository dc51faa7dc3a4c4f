// A log line takes numbers, strong ids and constant text: no string from a request or a row.
// expect: no matching function|could not convert|not a constant expression|cannot convert
#include <string>

#include "salus/core/log.h"

void right(salus::Logger& log) {
    log.info("A text.", {{"count", 3}});
}
#ifdef MISUSE
void wrong(salus::Logger& log, const std::string& value) {
    log.info("A text.", {{"value", value}});
}
#endif
