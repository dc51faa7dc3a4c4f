#pragma once

#include <cstdint>

namespace salus::access {

/// The closed vocabulary of the matrix (catalog/access/roles.yaml). fhir maps each resource type to
/// one class, in a table of its own.
enum class Action : std::uint8_t { read, search, create, update, remove };
enum class DataClass : std::uint8_t {
    demographics,  ///< Patient, RelatedPerson
    scheduling,    ///< Appointment, AppointmentResponse, Schedule, Slot
    coverage,      ///< Coverage, and the financial types
    clinical,      ///< everything else in a patient's compartment
    reference,     ///< tenant-wide: Organization, Practitioner, Location, Medication, ...
};
/// How far a grant reaches.
enum class Reach : std::uint8_t {
    none,
    under_care,  ///< patients under the caller's care
    tenant,      ///< every patient of the tenant
};

}  // namespace salus::access
