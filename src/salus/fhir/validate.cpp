#include "salus/fhir/validate.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <iterator>

#include "salus/core/limits.h"
#include "salus/fhir/detail/primitives.h"
#include "salus/fhir/detail/tables.h"

namespace salus::fhir {
namespace {

using detail::ElementDef;
using detail::Kind;
using detail::TypeDef;

constexpr std::string_view kStructure = "structure";
constexpr std::string_view kRequired = "required";
constexpr std::string_view kValue = "value";
constexpr std::string_view kCodeInvalid = "code-invalid";
constexpr std::string_view kInvariant = "invariant";

/// One step of the way to the value at hand: an element and, in an array, its index.
struct Place {
    const Place* up;
    std::string_view name;
    std::int32_t index;  ///< -1: not in an array
};

bool has_code(std::uint16_t set, std::string_view code) {
    const std::string_view* first = detail::codes + detail::code_sets[set].first;
    return std::binary_search(first, first + detail::code_sets[set].count, code);
}

/// Which JSON form a primitive has.
JsonKind json_kind(Kind kind) {
    if (kind == Kind::boolean) return JsonKind::boolean;
    return kind <= Kind::decimal ? JsonKind::number : JsonKind::string;
}

class Validator {
  public:
    explicit Validator(std::vector<Issue>& issues) : issues_(issues) {}

    void resource(JsonView value, const Place* up, bool inside_contained) {
        if (!value.is(JsonKind::object))
            return report(kStructure, "A resource is a JSON object.", up);
        const JsonView stated = value["resourceType"];
        const auto type = stated.is(JsonKind::string) ? parse_type(stated.text()) : std::nullopt;
        if (!type)
            return report(kStructure, "resourceType must name a resource type of FHIR R4.", up);
        const Place root{nullptr, name(*type), -1};
        // Inside another resource the path goes on; on its own it starts at the type's name.
        const Place* here = up == nullptr ? &root : up;
        const bool was_contained = contained_;
        contained_ = inside_contained;
        object(value, detail::type_def(*type), here);
        contained_ = was_contained;
    }

  private:
    void report(std::string_view code, std::string_view text, const Place* place) {
        if (issues_.size() < limits::kIssues) issues_.push_back({code, text, path(place)});
    }

    static std::string path(const Place* place) {
        std::vector<const Place*> steps;
        for (; place != nullptr; place = place->up)
            steps.push_back(place);
        std::string text;
        for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
            if (!text.empty()) text.push_back('.');
            text += (*step)->name;
            if ((*step)->index >= 0) text += '[' + std::to_string((*step)->index) + ']';
        }
        return text;
    }

    void object(JsonView value, const TypeDef& type, const Place* place) {
        if (!value.is(JsonKind::object))
            return report(kStructure, "The element must be a JSON object.", place);
        if (value.size() == 0) return report(kStructure, "An object must not be empty.", place);
        std::uint64_t seen = 0;
        std::uint64_t companions = 0;
        for (const JsonView member : value) {
            const std::string_view key = member.key();
            if (type.kind == Kind::resource && key == "resourceType") continue;
            const bool companion = key.starts_with('_');
            const ElementDef* element = detail::find_element(type, companion ? key.substr(1) : key);
            if (element == nullptr ||
                (companion && !detail::is_primitive(detail::types[element->type].kind))) {
                report(kStructure, "An element here is not known to FHIR R4.", place);
                continue;
            }
            const std::uint64_t bit = std::uint64_t{1} << element->bit;
            if (companion) {
                companions |= bit;
                companion_member(value, member, *element, place);
            } else {
                if ((seen & bit) != 0)
                    report(kStructure, "Only one type of a choice may be there.", place);
                seen |= bit;
                element_member(value, member, *element, place);
            }
        }
        const std::uint64_t missing = type.required & ~(seen | companions);
        if (missing != 0) report_missing(type, missing, place);
        if (type.kind == Kind::extension) extension_rule(type, seen | companions, place);
    }

    void report_missing(const TypeDef& type, std::uint64_t missing, const Place* place) {
        for (; missing != 0; missing &= missing - 1) {
            const int bit = std::countr_zero(missing);
            const ElementDef* first = detail::elements + type.first;
            const auto element = std::find_if(first, first + type.count,
                                              [bit](const ElementDef& e) { return e.bit == bit; });
            const Place at{place, element->base, -1};
            report(kRequired, "A required element is missing.", &at);
        }
    }

    /// ext-1: either a value or extensions, not both, not none.
    void extension_rule(const TypeDef& type, std::uint64_t there, const Place* place) {
        const bool value = (there & mask(type, "valueString")) != 0;
        const bool nested = (there & mask(type, "extension")) != 0;
        if (value == nested)
            report(kInvariant, "An extension has either a value or extensions.", place);
    }
    static std::uint64_t mask(const TypeDef& type, std::string_view element) {
        return std::uint64_t{1} << detail::find_element(type, element)->bit;
    }

    void element_member(JsonView owner, JsonView member, const ElementDef& element,
                        const Place* place) {
        Place at{place, element.base, -1};
        if (!element.is_array) {
            if (member.is(JsonKind::array))
                return report(kStructure, "The element may be there once: no JSON array.", &at);
            return single(member, element, &at);
        }
        if (!member.is(JsonKind::array))
            return report(kStructure, "The element may repeat: it must be a JSON array.", &at);
        if (member.size() == 0) return report(kStructure, "An array must not be empty.", &at);
        Companions companions(owner, element);
        at.index = 0;
        for (const JsonView item : member) {
            if (!item.is(JsonKind::null))
                single(item, element, &at);
            else if (!companions.at(at.index).is(JsonKind::object))
                report(kStructure, "A null has no extensions beside it.", &at);
            ++at.index;
        }
    }

    /// R4 json.html 2.6.2.2: a null in an array of primitives stands for extensions in the
    /// companion array at the same index. Looked up at the first null, then walked along: no index
    /// is visited twice.
    class Companions {
      public:
        Companions(JsonView owner, const ElementDef& element) : owner_(owner), element_(element) {}
        JsonView at(std::int32_t index) {
            if (!looked_up_) {
                looked_up_ = true;
                if (!detail::is_primitive(detail::types[element_.type].kind)) return {};
                array_ = owner_["_" + std::string(element_.name)];
                if (array_.is(JsonKind::array)) next_ = array_.begin();
            }
            if (!array_.is(JsonKind::array)) return {};
            for (; position_ < index && !(next_ == array_.end()); ++position_)
                ++next_;
            return next_ == array_.end() ? JsonView() : *next_;
        }

      private:
        JsonView owner_;
        const ElementDef& element_;
        JsonView array_;
        JsonView::Iterator next_{nullptr, 0};
        std::int32_t position_ = 0;
        bool looked_up_ = false;
    };

    void single(JsonView value, const ElementDef& element, const Place* place) {
        const TypeDef& type = detail::types[element.type];
        if (detail::is_primitive(type.kind)) return primitive(value, type.kind, element, place);
        if (type.kind != Kind::any) return object(value, type, place);
        const bool is_contained = element.base == "contained";
        if (is_contained && contained_)
            return report(kInvariant, "A contained resource contains no resources.", place);
        resource(value, place, is_contained);
    }

    void primitive(JsonView value, Kind kind, const ElementDef& element, const Place* place) {
        if (!value.is(json_kind(kind)))
            return report(kStructure, "The value has another JSON type.", place);
        if (kind == Kind::boolean) return;
        const bool valid = kind <= Kind::decimal ? detail::is_valid_number(kind, value.text())
                                                 : detail::is_valid_text(kind, value.text());
        if (!valid) return report(kValue, "The value has not the format of its type.", place);
        if (element.codes != detail::kNone && !has_code(element.codes, value.text()))
            report(kCodeInvalid, "The code is not in the required value set.", place);
    }

    /// `_name`: id and extensions of a primitive, or an array of them aligned with `name`.
    void companion_member(JsonView owner, JsonView member, const ElementDef& element,
                          const Place* place) {
        static const TypeDef& extended = companion_type();
        Place at{place, element.base, -1};
        if (!element.is_array) return object(member, extended, &at);
        const JsonView values = owner[element.name];
        if (!member.is(JsonKind::array) || member.size() == 0)
            return report(kStructure, "Extensions of a list must be a JSON array.", &at);
        // Shorter is common and loses nothing: the rest have no extensions.
        if (values.exists() && values.size() < member.size())
            return report(kStructure, "More extensions than values in a list.", &at);
        at.index = 0;
        for (const JsonView item : member) {
            if (!item.is(JsonKind::null))
                object(item, extended, &at);
            else if (!values.exists())
                report(kStructure, "A null has no value beside it.", &at);
            ++at.index;
        }
    }

    /// id and extension alone: the type Element, which every data type starts with.
    static const TypeDef& companion_type() {
        const TypeDef* type = detail::types;
        while (type->name != "Element")
            ++type;
        return *type;
    }

    std::vector<Issue>& issues_;
    bool contained_ = false;  ///< inside a contained resource
};

}  // namespace

std::vector<Issue> validate(JsonView resource) {
    std::vector<Issue> issues;
    Validator(issues).resource(resource, nullptr, false);
    return issues;
}

}  // namespace salus::fhir
