#include <algorithm>
#include <array>
#include <utility>

#include "salus/core/limits.h"
#include "salus/fhir/detail/criterion.h"
#include "salus/fhir/detail/extract.h"
#include "salus/fhir/detail/fold.h"
#include "salus/fhir/resource_key.h"

namespace salus::fhir::detail {
namespace {

constexpr std::array<std::pair<std::string_view, Modifier>, 7> kModifiers = {{
    {"exact", Modifier::exact},
    {"contains", Modifier::contains},
    {"not", Modifier::is_not},
    {"text", Modifier::text},
    {"missing", Modifier::missing},
    {"identifier", Modifier::identifier},
    {"below", Modifier::below},
}};

bool is_allowed(Modifier modifier, ParamType type) {
    switch (modifier) {
        case Modifier::exact:
        case Modifier::contains:
            return type == ParamType::string;
        case Modifier::is_not:
        case Modifier::text:
            return type == ParamType::token;
        case Modifier::identifier:
            return type == ParamType::reference;
        case Modifier::below:
            return type == ParamType::uri;
        default:
            return true;
    }
}

/// R4 search.html 3.1.1.4.4: backslash escapes of what separates. Splits at unescaped separators
/// and keeps the escapes for the next level; false on a backslash before anything else.
bool split(std::string_view text, char separator, std::vector<std::string_view>& parts) {
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') {
            constexpr std::string_view kEscapable = "\\,|$";
            if (++i == text.size() || kEscapable.find(text[i]) == std::string_view::npos)
                return false;
        } else if (text[i] == separator) {
            parts.push_back(text.substr(start, i - start));
            start = i + 1;
        }
    }
    parts.push_back(text.substr(start));
    return true;
}

std::string unescape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') ++i;
        out.push_back(text[i]);
    }
    return out;
}

tl::unexpected<Error> bad_value() {
    return fail(Errc::invalid, "A search value has not the form of its parameter's type.",
                "See the FHIR R4 search page for the forms of each type.");
}

/// Takes a two-letter prefix off a value.
Prefix take_prefix(std::string_view& text) {
    constexpr std::array<std::string_view, 9> kPrefixes = {"eq", "ne", "gt", "lt", "ge",
                                                           "le", "sa", "eb", "ap"};
    for (std::size_t i = 0; i < kPrefixes.size(); ++i) {
        if (!text.starts_with(kPrefixes[i])) continue;
        text.remove_prefix(2);
        return static_cast<Prefix>(i);
    }
    return Prefix::eq;
}

/// "code", "system|code", "|code", "system|".
Result<SearchValue> parse_token(std::string_view raw) {
    std::vector<std::string_view> parts;
    split(raw, '|', parts);
    if (parts.size() > 2) return bad_value();
    SearchValue value;
    value.has_system = parts.size() == 2;
    if (value.has_system) value.system = unescape(parts[0]);
    value.text = unescape(parts.back());
    if (value.text.empty() && value.system.empty()) return bad_value();
    return value;
}

/// "5.4", "ge5.4", "5.4|system|code", "5.4||unit".
Result<SearchValue> parse_quantity(std::string_view raw, bool has_units) {
    SearchValue value;
    value.prefix = take_prefix(raw);
    std::vector<std::string_view> parts;
    split(raw, '|', parts);
    if (parts.size() != 1 && (!has_units || parts.size() != 3)) return bad_value();
    value.number = Decimal::parse(parts[0]);
    if (!value.number) return bad_value();
    if (parts.size() == 3) {
        value.has_system = true;
        value.system = unescape(parts[1]);
        value.text = unescape(parts[2]);
        if (value.text.empty()) return bad_value();
    }
    return value;
}

Result<SearchValue> parse_date(std::string_view raw) {
    SearchValue value;
    value.prefix = take_prefix(raw);
    // A '+' that the client did not encode arrives as a space; a date has no other use for one.
    std::string text(raw);
    std::replace(text.begin(), text.end(), ' ', '+');
    const auto time = parse_time(text);
    if (!time) return bad_value();
    value.time = *time;
    return value;
}

/// "123", "Patient/123", or a URL or URN as it is. Whether a URL is one of ours is the caller's
/// part.
Result<SearchValue> parse_reference_value(const Criterion& criterion, std::string_view raw,
                                          std::optional<ResourceType> type) {
    SearchValue value;
    value.text = unescape(raw);
    if (paths_of(*criterion.param).front().leaf == Leaf::canonical) {
        value.is_literal = true;
        return value;
    }
    const Reference reference = parse_reference(value.text);
    if (reference.kind == Reference::Kind::relative) {
        if (type && *type != *reference.type) return bad_value();
        value.type = reference.type;
        value.text = std::string(reference.id);
    } else if (is_id(value.text)) {
        value.type = type;
    } else if (!type && (reference.kind == Reference::Kind::absolute ||
                         reference.kind == Reference::Kind::urn)) {
        value.is_literal = true;
    } else {
        return bad_value();
    }
    return value;
}

Result<SearchValue> parse_value(const Criterion& criterion, std::string_view raw,
                                std::optional<ResourceType> type) {
    if (raw.empty()) return bad_value();
    SearchValue value;
    if (criterion.modifier == Modifier::missing) {
        if (raw != "true" && raw != "false") return bad_value();
        value.truth = raw == "true";
        return value;
    }
    if (criterion.modifier == Modifier::identifier) return parse_token(raw);
    if (criterion.modifier == Modifier::text || criterion.type == ParamType::string) {
        value.text = unescape(raw);
        if (criterion.modifier != Modifier::exact) value.text = fold(value.text);
        // What folds away entirely (a lone accent) would match everything.
        if (value.text.empty()) return bad_value();
        return value;
    }
    switch (criterion.type) {
        case ParamType::token:
            return parse_token(raw);
        case ParamType::reference:
            return parse_reference_value(criterion, raw, type);
        case ParamType::date:
            return parse_date(raw);
        case ParamType::number:
            return parse_quantity(raw, false);
        case ParamType::quantity:
            return parse_quantity(raw, true);
        default:
            value.text = unescape(raw);
            return value;
    }
}

/// The part of a name after ':' is a modifier, or a resource type for references.
Result<void> parse_modifier(std::string_view text, Criterion& criterion,
                            std::optional<ResourceType>& type) {
    const auto known = std::find_if(kModifiers.begin(), kModifiers.end(),
                                    [text](const auto& entry) { return entry.first == text; });
    if (known != kModifiers.end() && is_allowed(known->second, criterion.type)) {
        criterion.modifier = known->second;
        return {};
    }
    type = criterion.type == ParamType::reference ? parse_type(text) : std::nullopt;
    if (type) return {};
    return fail(Errc::unsupported, "A search modifier is not supported for its parameter.",
                "The CapabilityStatement lists the parameters; leave the modifier out.");
}

tl::unexpected<Error> unknown_parameter(std::string_view name) {
    if (name == "_include" || name == "_revinclude" || name == "_sort" || name == "_has" ||
        name == "_contained" || name == "_elements" || name == "_filter" ||
        name.find('.') != std::string_view::npos)
        return fail(Errc::unsupported,
                    "Chained searches, _has, _include, _sort and the like are not supported.",
                    "Search the types one by one.");
    return fail(Errc::invalid, "A search parameter is not known for this type.",
                "The CapabilityStatement lists the parameters of each type.");
}

}  // namespace

Result<Criterion> parse_criterion(ResourceType type, std::string_view name,
                                  std::string_view value) {
    const std::size_t colon = name.find(':');
    const std::string_view base = name.substr(0, colon);
    Criterion criterion{find_param(type, base), ParamType::token,       Modifier::none,
                        base == "_id",          base == "_lastUpdated", {}};
    if (criterion.param == nullptr || name.find('.') != std::string_view::npos)
        return unknown_parameter(name.find('.') != std::string_view::npos ? name : base);
    criterion.type = public_param(*criterion.param).type;
    std::optional<ResourceType> reference_type;
    if (colon != std::string_view::npos)
        SALUS_CHECK(parse_modifier(name.substr(colon + 1), criterion, reference_type));

    std::vector<std::string_view> parts;
    if (!split(value, ',', parts)) return bad_value();
    if (parts.size() > limits::kSearchValues)
        return fail(Errc::too_large, "A search has too many values.", "Search in parts.");
    for (const std::string_view part : parts) {
        SALUS_TRY(auto parsed, parse_value(criterion, part, reference_type));
        criterion.values.push_back(std::move(parsed));
    }
    if (criterion.modifier == Modifier::missing && criterion.values.size() != 1) return bad_value();
    return criterion;
}

}  // namespace salus::fhir::detail
