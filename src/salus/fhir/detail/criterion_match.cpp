#include <algorithm>

#include "salus/fhir/detail/criterion.h"
#include "salus/fhir/detail/extract.h"
#include "salus/fhir/detail/fold.h"
#include "salus/fhir/resource_key.h"

namespace salus::fhir::detail {
namespace {

template <typename Test>
bool any_value(const Criterion& criterion, const Test& test) {
    return std::any_of(criterion.values.begin(), criterion.values.end(), test);
}

bool token_matches(const SearchValue& wanted, const CodedValue& value) {
    if (value.code.empty() && value.system.empty()) return false;
    if (wanted.has_system && wanted.system != value.system) return false;
    return wanted.text.empty() || wanted.text == value.code;
}

/// :text looks at what people read: CodeableConcept.text, Coding.display, Identifier.type.text.
bool text_matches(const Criterion& criterion, const Path& path, JsonView leaf) {
    const auto test = [&criterion](std::string_view text) {
        const std::string folded = fold(text);
        return any_value(criterion,
                         [&](const SearchValue& v) { return folded.starts_with(v.text); });
    };
    switch (path.leaf) {
        case Leaf::coding:
            return test(leaf.string("display"));
        case Leaf::identifier:
            return test(leaf["type"].string("text"));
        case Leaf::codeable_concept:
            if (test(leaf.string("text"))) return true;
            for (const JsonView coding : leaf["coding"])
                if (test(coding.string("display"))) return true;
            return false;
        default:
            return test(leaf.text());
    }
}

bool string_matches(const Criterion& criterion, std::string_view text) {
    if (criterion.modifier == Modifier::exact)
        return any_value(criterion, [&](const SearchValue& v) { return v.text == text; });
    const std::string folded = fold(text);
    return any_value(criterion, [&](const SearchValue& v) {
        return criterion.modifier == Modifier::contains ? folded.find(v.text) != std::string::npos
                                                        : folded.starts_with(v.text);
    });
}

/// A canonical without a version stands for every version.
bool canonical_matches(const SearchValue& wanted, std::string_view text) {
    return wanted.text == text ||
           (wanted.text.find('|') == std::string::npos && wanted.text == without_version(text));
}

/// An id without a type means the types that the parameter is defined for.
bool leads_to(const ParamDef& param, ResourceType type) {
    const auto targets = targets_of(param);
    return targets.empty() || std::find(targets.begin(), targets.end(),
                                        static_cast<std::int16_t>(type)) != targets.end();
}

bool reference_matches(const Criterion& criterion, const Path& path, JsonView leaf) {
    const std::string_view text = reference_text(path, leaf);
    if (text.empty()) return false;
    if (path.leaf == Leaf::canonical)
        return any_value(criterion,
                         [text](const SearchValue& v) { return canonical_matches(v, text); });
    const Reference target = parse_reference(text);
    return any_value(criterion, [&](const SearchValue& v) {
        if (v.is_literal) return v.text == text;
        return target.kind == Reference::Kind::relative && v.text == target.id &&
               (v.type ? *v.type == *target.type : leads_to(*criterion.param, *target.type));
    });
}

bool identifier_matches(const Criterion& criterion, JsonView leaf) {
    const JsonView identifier = leaf["identifier"];
    const CodedValue value{identifier.string("system"), identifier.string("value")};
    return any_value(criterion, [&](const SearchValue& v) { return token_matches(v, value); });
}

bool units_match(const SearchValue& wanted, JsonView leaf) {
    if (!wanted.has_system) return true;
    if (leaf["currency"].exists())
        return wanted.text == leaf.string("currency") &&
               (wanted.system.empty() || wanted.system == "urn:iso:std:iso:4217");
    if (!wanted.system.empty())
        return wanted.system == leaf.string("system") && wanted.text == leaf.string("code");
    return wanted.text == leaf.string("code") || wanted.text == leaf.string("unit");
}

/// A Range answers like a period: by where its ends lie.
bool range_matches(const SearchValue& wanted, JsonView leaf) {
    const auto low = Decimal::parse(leaf["low"]["value"].text());
    const auto high = Decimal::parse(leaf["high"]["value"].text());
    if (!low && !high) return false;
    if (!units_match(wanted, leaf[low ? "low" : "high"])) return false;
    const Decimal& value = *wanted.number;
    const auto bounds =
        wanted.prefix == Prefix::ap ? value.approximate_range() : value.precision_range();
    const bool contained =
        low && high && low->compare(bounds.first) >= 0 && high->compare(bounds.second) < 0;
    const bool above = !high || high->compare(value) > 0;
    const bool below = !low || low->compare(value) < 0;
    switch (wanted.prefix) {
        case Prefix::eq:
            return contained;
        case Prefix::ne:
            return !contained;
        case Prefix::gt:
            return above;
        case Prefix::lt:
            return below;
        case Prefix::ge:
            return above || contained;
        case Prefix::le:
            return below || contained;
        case Prefix::sa:
            return low && low->compare(value) > 0;
        case Prefix::eb:
            return high && high->compare(value) < 0;
        case Prefix::ap:
            return (!low || low->compare(bounds.second) <= 0) &&
                   (!high || high->compare(bounds.first) >= 0);
    }
    return false;
}

bool number_matches(const SearchValue& wanted, const Path& path, JsonView leaf) {
    if (path.leaf == Leaf::range) return range_matches(wanted, leaf);
    const bool plain = path.leaf == Leaf::number;
    const auto value = Decimal::parse(plain ? leaf.text() : leaf["value"].text());
    return value && (plain || units_match(wanted, leaf)) &&
           compare(wanted.prefix, *wanted.number, *value);
}

bool date_matches(const Criterion& criterion, const Path& path, JsonView leaf) {
    const auto time = time_of(path, leaf);
    return time && any_value(criterion, [&](const SearchValue& v) {
               return compare(v.prefix, v.time, *time);
           });
}

bool uri_matches(const Criterion& criterion, const Path& path, std::string_view text) {
    return any_value(criterion, [&](const SearchValue& v) {
        if (criterion.modifier == Modifier::below) return text.starts_with(v.text);
        return path.leaf == Leaf::canonical ? canonical_matches(v, text) : v.text == text;
    });
}

bool leaf_matches(const Criterion& criterion, const Path& path, JsonView leaf) {
    if (criterion.modifier == Modifier::text) return text_matches(criterion, path, leaf);
    if (criterion.modifier == Modifier::identifier) return identifier_matches(criterion, leaf);
    switch (criterion.type) {
        case ParamType::token:
            return for_each_coded(path, leaf, [&](const CodedValue& value) {
                return any_value(criterion,
                                 [&](const SearchValue& v) { return token_matches(v, value); });
            });
        case ParamType::string:
            return for_each_string(
                path, leaf, [&](std::string_view text) { return string_matches(criterion, text); });
        case ParamType::reference:
            return reference_matches(criterion, path, leaf);
        case ParamType::date:
            return date_matches(criterion, path, leaf);
        case ParamType::uri:
            return uri_matches(criterion, path, leaf.text());
        default:
            return any_value(criterion,
                             [&](const SearchValue& v) { return number_matches(v, path, leaf); });
    }
}

template <typename Test>
bool any_leaf(const Criterion& criterion, JsonView resource, const Test& test) {
    for (const Path& path : paths_of(*criterion.param))
        if (for_each_leaf(path, resource, [&](JsonView leaf) { return test(path, leaf); }))
            return true;
    return false;
}

/// Patient.deceased: "exists and is not false".
bool truth_of(const Criterion& criterion, JsonView resource) {
    return any_leaf(criterion, resource,
                    [](const Path&, JsonView leaf) { return leaf.raw() != "false"; });
}

bool positive_match(const Criterion& criterion, std::string_view id, JsonView resource) {
    if (criterion.is_id)
        return any_value(criterion,
                         [id](const SearchValue& v) { return !v.has_system && v.text == id; });
    if (criterion.param->truth) {
        const std::string_view truth = truth_of(criterion, resource) ? "true" : "false";
        return any_value(criterion, [truth](const SearchValue& v) {
            return v.system.empty() && v.text == truth;
        });
    }
    return any_leaf(criterion, resource, [&](const Path& path, JsonView leaf) {
        return leaf_matches(criterion, path, leaf);
    });
}

}  // namespace

bool matches(const Criterion& criterion, std::string_view id, JsonView resource) {
    if (criterion.modifier == Modifier::missing) {
        const bool there = criterion.param->truth || criterion.is_id ||
                           any_leaf(criterion, resource, [&](const Path& path, JsonView leaf) {
                               return criterion.type != ParamType::reference ||
                                      !reference_text(path, leaf).empty();
                           });
        return there != criterion.values.front().truth;
    }
    const bool match = positive_match(criterion, id, resource);
    return criterion.modifier == Modifier::is_not ? !match : match;
}

}  // namespace salus::fhir::detail
