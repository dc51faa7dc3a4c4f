#pragma once

#include <vector>

#include "salus/access/care.h"
#include "salus/core/json.h"
#include "salus/crypto/mac.h"
#include "salus/fhir/definitions.h"

namespace salus::fhir::detail {

/// The care relationships that a resource states: an active CareTeam's and an Encounter's or
/// Appointment's practitioners, a Patient's general practitioners; for `patients`.
std::vector<access::CareLink> care_links(ResourceType type, JsonView resource,
                                         const std::vector<PatientId>& patients,
                                         const crypto::HmacKey& index);

}  // namespace salus::fhir::detail
