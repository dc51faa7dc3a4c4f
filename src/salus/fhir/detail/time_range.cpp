#include "salus/fhir/detail/time_range.h"

#include <string>

#include "salus/fhir/detail/primitives.h"

namespace salus::fhir::detail {
namespace {

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar (R4 knows no other).
constexpr std::int64_t days_from_civil(std::int64_t year, int month, int day) {
    // Years start in March, so that the leap day is the last one; eras are the 400-year cycle.
    year -= month <= 2 ? 1 : 0;
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t of_era = year - era * 400;
    const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}
static_assert(days_from_civil(1970, 1, 1) == 0 && days_from_civil(2000, 3, 1) == 11017);

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

int number(std::string_view text, std::size_t at, std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i)
        value = value * 10 + (text[at + i] - '0');
    return value;
}

TimeRange date_range(std::string_view text) {
    const int year = number(text, 0, 4);
    const int month = text.size() >= 7 ? number(text, 5, 2) : 0;
    const int day = text.size() >= 10 ? number(text, 8, 2) : 0;
    const std::int64_t from = days_from_civil(year, month == 0 ? 1 : month, day == 0 ? 1 : day);
    std::int64_t to = from + 1;
    if (month == 0)
        to = days_from_civil(year + 1, 1, 1);
    else if (day == 0)
        to = days_from_civil(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1);
    return {from * kDayUs, to * kDayUs};
}

/// hh:mm[:ss[.s…]] and a zone or none, `text` starting after the T. The form was checked before.
TimeRange time_range(TimeUs day, std::string_view text) {
    TimeUs at = day + (number(text, 0, 2) * 60 + number(text, 3, 2)) * 60 * kSecondUs;
    TimeUs width = 60 * kSecondUs;
    std::size_t next = 5;
    if (text.size() > next && text[next] == ':') {
        at += number(text, 6, 2) * kSecondUs;
        width = kSecondUs;
        next = 8;
    }
    if (text.size() > next && text[next] == '.') {
        for (++next; next < text.size() && text[next] >= '0' && text[next] <= '9'; ++next) {
            if (width == 1) continue;  // finer than a microsecond: covers that microsecond
            width /= 10;
            at += (text[next] - '0') * width;
        }
    }
    if (next < text.size() && text[next] != 'Z') {
        const TimeUs offset =
            (number(text, next + 1, 2) * 60 + number(text, next + 4, 2)) * 60 * kSecondUs;
        at -= text[next] == '-' ? -offset : offset;
    }
    return {at, at + width};
}

/// Brings what a search may leave out to the form of an instant, for the check.
bool is_time_of_search(std::string_view text) {
    std::string full(text);
    if (full.size() < 16) return false;
    if (full.size() == 16 || full[16] != ':') full.insert(16, ":00");
    const std::size_t zone = full.find_first_of("Z+-", 19);
    if (zone == std::string::npos) full.push_back('Z');
    return is_instant(full);
}

}  // namespace

std::optional<TimeRange> parse_time(std::string_view text) {
    if (is_date(text)) return date_range(text);
    if (!is_time_of_search(text)) return std::nullopt;
    return time_range(date_range(text.substr(0, 10)).from, text.substr(11));
}

std::int32_t month_of(TimeUs time) {
    // The inverse of days_from_civil, as far as the month.
    const std::int64_t days = floor_div(time, kDayUs) + 719468;
    const std::int64_t era = floor_div(days, 146097);
    const std::int64_t of_era = days - era * 146097;
    const std::int64_t year =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365 + era * 400;
    const std::int64_t of_year =
        of_era - (365 * (year - era * 400) + (year - era * 400) / 4 - (year - era * 400) / 100);
    const std::int64_t march_month = (5 * of_year + 2) / 153;
    return static_cast<std::int32_t>(year * 12 + march_month + 2);
}

MonthRange months_of(const TimeRange& range) {
    return {month_of(range.from), month_of(range.to - 1)};
}

bool compare(Prefix prefix, const TimeRange& searched, const TimeRange& target) {
    const bool contained = searched.from <= target.from && target.to <= searched.to;
    const bool overlaps_above = target.to > searched.to;
    const bool overlaps_below = target.from < searched.from;
    switch (prefix) {
        case Prefix::eq:
            return contained;
        case Prefix::ne:
            return !contained;
        case Prefix::gt:
            return overlaps_above;
        case Prefix::lt:
            return overlaps_below;
        case Prefix::ge:
            return overlaps_above || contained;
        case Prefix::le:
            return overlaps_below || contained;
        case Prefix::sa:
            return target.from >= searched.to;
        case Prefix::eb:
            return target.to <= searched.from;
        case Prefix::ap:
            return target.from < searched.to && searched.from < target.to;
    }
    return false;
}

}  // namespace salus::fhir::detail
