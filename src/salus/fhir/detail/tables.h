#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "salus/fhir/definitions.h"

/// The tables that tools/fhir_tables.py generates: plain arrays of constants, no start-up work.
namespace salus::fhir::detail {

/// What a type's JSON looks like. The primitives come first, in the order of types[].
enum class Kind : std::uint8_t {
    boolean,
    integer,
    positive_int,
    unsigned_int,
    decimal,
    string,
    markdown,
    code,
    id,
    uri,
    url,
    canonical,
    oid,
    uuid,
    base64,
    date,
    date_time,
    instant,
    time,
    xhtml,
    complex,
    extension,  ///< complex, with the rule of value or extensions
    resource,   ///< a known resource type
    any,        ///< any resource: contained, Bundle.entry.resource
};
constexpr bool is_primitive(Kind kind) {
    return kind < Kind::complex;
}

constexpr std::uint16_t kNone = 0xffff;

struct ElementDef {
    std::string_view name;  ///< JSON member: "valueQuantity"
    std::string_view base;  ///< in paths: "value"
    std::uint16_t type;     ///< index in types
    std::uint16_t codes;    ///< index in code_sets, or kNone
    std::uint8_t bit;       ///< in masks of seen and required elements; choices share one
    bool is_array;
};

struct TypeDef {
    std::string_view name;     ///< "Observation.component"
    std::uint64_t required;    ///< mask of ElementDef::bit
    std::uint32_t first;       ///< in elements
    std::uint32_t slots;       ///< in slots: a perfect hash of 2^slot_bits
    std::uint32_t multiplier;  ///< of the hash
    std::uint16_t count;
    std::uint8_t slot_bits;
    Kind kind;
};

/// Sorted range of `codes`.
struct CodeSet {
    std::uint32_t first;
    std::uint32_t count;
};

extern const TypeDef types[];
extern const ElementDef elements[];
extern const std::uint16_t slots[];  ///< offset of an element in its type, or kNone
extern const CodeSet code_sets[];
extern const std::string_view codes[];
extern const std::uint16_t resource_type_defs[];  ///< by ResourceType: index in types; 0 unused
extern const access::DataClass data_classes[];    ///< by ResourceType; 0 unused

/// FNV-1a; tools/fhirgen/emit.py computes the same.
constexpr std::uint32_t name_hash(std::string_view name) {
    std::uint32_t hash = 2166136261U;
    for (const char c : name)
        hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619U;
    return hash;
}

/// The element of that JSON name, or null. One hash, one comparison.
inline const ElementDef* find_element(const TypeDef& type, std::string_view name) {
    const std::uint32_t place = (name_hash(name) * type.multiplier) >> (32 - type.slot_bits);
    const std::uint16_t slot = slots[type.slots + place];
    if (slot == kNone) return nullptr;
    const ElementDef& element = elements[type.first + slot];
    return element.name == name ? &element : nullptr;
}

/// How a search parameter compares what a path ends at (FHIR R4 search.html, 3.1.1.4).
enum class Leaf : std::uint8_t {
    text,
    coding,
    codeable_concept,
    identifier,
    contact_point,
    human_name,
    address,
    reference,
    canonical,
    date,
    period,
    timing,
    number,
    quantity,
    money,
    range,
};

struct Step {
    std::string_view key;
    std::string_view filter_key;    ///< keep only objects whose member of that name …
    std::string_view filter_value;  ///< … is this string; empty: all
};

struct Path {
    std::string_view system;  ///< of a code whose value set has one code system
    std::uint16_t first_step;
    std::uint8_t step_count;
    Leaf leaf;
    std::int16_t target;  ///< ResourceType of `resolve() is T`, or 0
};

/// Where a parameter has index numbers: nowhere, in the row, in the token table.
enum class Index : std::uint8_t { none, in_row, in_table };
/// Whether a reference parameter reads the paths that say whose data a resource is.
enum class PatientRole : std::uint8_t { no, part, same };

struct ParamDef {
    std::string_view label;  ///< "Patient.name": the domain of its index numbers
    std::uint16_t first_path;
    std::uint16_t first_target;  ///< in param_targets
    std::uint8_t path_count;
    std::uint8_t target_count;  ///< 0: any type
    Index index;
    PatientRole patient;
    bool owns_label;  ///< its values are what the label's numbers are made from
    bool single;      ///< at most one value in a resource
    bool truth;       ///< exists and is not false (Patient.deceased)
};

struct ParamRange {
    std::uint16_t first;  ///< in search_param_names and param_defs
    std::uint16_t count;
};
struct PatientPathRange {
    std::uint16_t first;  ///< in paths
    std::uint8_t primary;
    std::uint8_t secondary;  ///< after the primary ones; used only where those name no patient
};

extern const Step steps[];
extern const Path paths[];
extern const SearchParam search_param_names[];
extern const ParamDef param_defs[];             ///< parallel to search_param_names
extern const ParamRange param_ranges[];         ///< by ResourceType; 0 unused
extern const PatientPathRange patient_paths[];  ///< by ResourceType; 0 unused
extern const std::int16_t param_targets[];

/// Folding of a code point of the scripts that have case and accents (see detail/fold.h).
struct FoldEntry {
    char16_t from;
    char16_t to[2];  ///< zeros: dropped
};
extern const FoldEntry folds[];  ///< sorted
extern const std::size_t fold_count;

inline const TypeDef& type_def(ResourceType type) {
    return types[resource_type_defs[static_cast<std::size_t>(type)]];
}
/// The parameter of that name, or null.
const ParamDef* find_param(ResourceType type, std::string_view name);
const SearchParam& public_param(const ParamDef& def);

}  // namespace salus::fhir::detail
