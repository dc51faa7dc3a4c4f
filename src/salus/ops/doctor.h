#pragma once

#include <string_view>
#include <vector>

#include "salus/core/clock.h"
#include "salus/ops/home.h"

namespace salus::ops {

enum class Health : std::uint8_t { ok, warning, failure };
struct Finding {
    std::string_view subject;  ///< "home", "passphrase", "disk", ...
    Health health;
    std::string_view text;
    std::string_view next_step;  ///< empty when all is well
};

/// What can be seen of a home from outside, whether its server runs or not. Reads; changes nothing.
std::vector<Finding> examine(const Home& home, const Clock& clock);

}  // namespace salus::ops
