#include "salus/fhir/detail/extract.h"

#include <algorithm>

#include "salus/fhir/resource_key.h"

namespace salus::fhir::detail {
namespace {

std::optional<TimeRange> period(JsonView leaf) {
    const auto start = parse_time(leaf.string("start"));
    const auto end = parse_time(leaf.string("end"));
    if (!start && !end) return std::nullopt;
    TimeRange range;
    if (start) range.from = start->from;
    // The end of a Period is inclusive: what its precision covers belongs to it (R4 datatypes,
    // Period).
    if (end) range.to = end->to;
    // Written backwards it would cover nothing and escape every bound.
    if (range.to <= range.from) return std::nullopt;
    return range;
}

std::optional<TimeRange> timing(JsonView leaf) {
    std::optional<TimeRange> hull;
    for (const JsonView event : leaf["event"]) {
        const auto range = parse_time(event.text());
        if (!range) continue;
        if (!hull) hull = range;
        hull->from = std::min(hull->from, range->from);
        hull->to = std::max(hull->to, range->to);
    }
    if (hull) return hull;
    const JsonView bounds = leaf["repeat"]["boundsPeriod"];
    return bounds.exists() ? period(bounds) : std::nullopt;
}

}  // namespace

std::string_view reference_text(const Path& path, JsonView leaf) {
    if (path.leaf == Leaf::canonical) return leaf.text();
    const std::string_view text = leaf.string("reference");
    if (text.empty() || path.target == 0) return text;
    const auto type = parse_reference(text).type;
    return type && static_cast<std::int16_t>(*type) == path.target ? text : std::string_view();
}

std::string_view without_version(std::string_view canonical) {
    return canonical.substr(0, canonical.find('|'));
}

std::optional<TimeRange> time_of(const Path& path, JsonView leaf) {
    switch (path.leaf) {
        case Leaf::period:
            return period(leaf);
        case Leaf::timing:
            return timing(leaf);
        default:
            return parse_time(leaf.text());
    }
}

}  // namespace salus::fhir::detail
