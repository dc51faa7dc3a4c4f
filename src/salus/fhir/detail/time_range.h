#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "salus/core/clock.h"

namespace salus::fhir::detail {

/// A date of any precision as the time it covers: [from, to) in UTC. A date without a zone is UTC.
struct TimeRange {
    TimeUs from = std::numeric_limits<TimeUs>::min();  ///< open towards the past
    TimeUs to = std::numeric_limits<TimeUs>::max();    ///< open towards the future
    [[nodiscard]] bool is_bounded() const {
        return from != std::numeric_limits<TimeUs>::min() &&
               to != std::numeric_limits<TimeUs>::max();
    }
};

/// "2020" … "2020-01-31T10:00:00.5+02:00". Search values may leave the seconds out (R4 search.html
/// 3.1.1.4.9). Absent where it is not a date.
std::optional<TimeRange> parse_time(std::string_view text);

/// Months since 0000-01.
std::int32_t month_of(TimeUs time);
/// The months a bounded range touches, first and last.
struct MonthRange {
    std::int32_t first;
    std::int32_t last;
};
MonthRange months_of(const TimeRange& range);

/// FHIR R4 search.html 3.1.1.4.7, prefixes.
enum class Prefix : std::uint8_t { eq, ne, gt, lt, ge, le, sa, eb, ap };

/// Does a target's range answer `prefix` for the searched range?
bool compare(Prefix prefix, const TimeRange& searched, const TimeRange& target);

}  // namespace salus::fhir::detail
