#pragma once

#include <span>

#include "salus/core/json.h"
#include "salus/fhir/detail/tables.h"
#include "salus/fhir/detail/time_range.h"

/// What a search parameter's paths end at in a resource, and the values in there. Visitors return
/// true to stop; so do the functions that were stopped.
namespace salus::fhir::detail {

inline std::span<const Path> paths_of(const ParamDef& param) {
    return {paths + param.first_path, param.path_count};
}

/// The types a reference parameter is defined for; empty: any.
inline std::span<const std::int16_t> targets_of(const ParamDef& param) {
    return {param_targets + param.first_target, param.target_count};
}

template <typename Visit>
bool walk(const Step* step, int left, JsonView at, const Visit& visit);

template <typename Visit>
bool walk_item(const Step* step, int left, JsonView item, const Visit& visit) {
    if (item.is(JsonKind::null)) return false;
    if (!step->filter_key.empty() && item.string(step->filter_key) != step->filter_value)
        return false;
    return left == 1 ? visit(item) : walk(step + 1, left - 1, item, visit);
}

template <typename Visit>
bool walk(const Step* step, int left, JsonView at, const Visit& visit) {
    const JsonView child = at[step->key];
    if (!child.exists()) return false;
    if (!child.is(JsonKind::array)) return walk_item(step, left, child, visit);
    for (const JsonView item : child)
        if (walk_item(step, left, item, visit)) return true;
    return false;
}

/// visit(JsonView) for every end of the path.
template <typename Visit>
bool for_each_leaf(const Path& path, JsonView resource, const Visit& visit) {
    return walk(steps + path.first_step, path.step_count, resource, visit);
}

/// A coded value. `system` is empty where there is none, or where the value set says it.
struct CodedValue {
    std::string_view system;
    std::string_view code;
};

template <typename Visit>
bool for_each_coding(JsonView codings, const Visit& visit) {
    for (const JsonView coding : codings)
        if (coding.is(JsonKind::object) &&
            visit(CodedValue{coding.string("system"), coding.string("code")}))
            return true;
    return false;
}

/// visit(CodedValue) for a leaf of a token parameter.
template <typename Visit>
bool for_each_coded(const Path& path, JsonView leaf, const Visit& visit) {
    switch (path.leaf) {
        case Leaf::coding:
            return visit(CodedValue{leaf.string("system"), leaf.string("code")});
        case Leaf::codeable_concept:
            return for_each_coding(leaf["coding"], visit);
        case Leaf::identifier:
            return visit(CodedValue{leaf.string("system"), leaf.string("value")});
        case Leaf::contact_point:
            return visit(CodedValue{{}, leaf.string("value")});
        default:
            return visit(CodedValue{path.system, leaf.text()});
    }
}

/// visit(std::string_view) for every string that a string parameter looks at.
template <typename Visit>
bool for_each_string(const Path& path, JsonView leaf, const Visit& visit) {
    if (path.leaf == Leaf::text) return visit(leaf.text());
    for (const JsonView member : leaf) {
        const std::string_view key = member.key();
        if (key == "use" || key == "type" || key == "id") continue;
        if (member.is(JsonKind::string) && visit(member.text())) return true;
        if (!member.is(JsonKind::array)) continue;
        for (const JsonView item : member)
            if (item.is(JsonKind::string) && visit(item.text())) return true;
    }
    return false;
}

/// The reference or canonical text of a leaf, empty where it is not of the path's target type.
std::string_view reference_text(const Path& path, JsonView leaf);

/// A canonical apart from its version: "url|1.0" is "url".
std::string_view without_version(std::string_view canonical);

/// The time a date leaf covers: a Timing from its first event to its last.
std::optional<TimeRange> time_of(const Path& path, JsonView leaf);

}  // namespace salus::fhir::detail
