#pragma once

#include <vector>

#include "salus/access/care.h"
#include "salus/core/json.h"
#include "salus/fhir/definitions.h"
#include "salus/fhir/resource_key.h"

namespace salus::fhir {

/// What the store keeps of a resource beside its sealed body. Every number is an HMAC under the tenant's
/// index key: equal values of one parameter give equal numbers, and nothing else shows.
struct SearchIndex {
    /// Patients whose compartment it is in (their keys), first the one of `patient`/`subject`. A
    /// Patient resource is in its own.
    std::vector<PatientId> patients;
    /// In the row: token parameters (both "code" and "system|code"), clinical references (encounter,
    /// ...), uri, and one month token per month a date parameter touches. Sorted, unique.
    std::vector<std::int64_t> codes;
    /// In the token table, because they select few rows tenant-wide: identifiers (full width), names and
    /// addresses (prefix levels, 24 bits), birth dates, references of non-compartment types.
    std::vector<std::int64_t> tokens;
    /// The care relationships that this resource states (CareTeam, Encounter, Appointment, Patient).
    std::vector<access::CareLink> care;
};

/// `resource` is valid and its references are resolved to "Type/id". `now_us` dates open-ended care.
SearchIndex index_resource(ResourceType type, std::string_view id, JsonView resource,
                           const crypto::HmacKey& index);

}  // namespace salus::fhir
