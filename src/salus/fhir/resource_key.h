#pragma once

#include <string_view>

#include "salus/core/id.h"
#include "salus/crypto/mac.h"
#include "salus/fhir/definitions.h"

namespace salus::fhir {

/// The internal key of a resource: its id where that is a canonical UUID, else the first 16 bytes
/// of HMAC(index key, "id" | type | id) marked as RFC 9562 version 8, so that an id a client has
/// chosen (which may be a record number) is never stored in the clear.
Uuid resource_key(const crypto::HmacKey& index, ResourceType type, std::string_view id);

/// FHIR id: [A-Za-z0-9\-\.]{1,64}
bool is_id(std::string_view text);

/// "Patient/123", "https://host/fhir/Patient/123/_history/4" (the base is checked by the caller),
/// "Practitioner?identifier=…", "urn:uuid:…", "#contained".
struct Reference {
    enum class Kind { relative, absolute, conditional, urn, contained, other } kind = Kind::other;
    std::optional<ResourceType> type;
    std::string_view id;
    std::string_view query;  ///< of a conditional reference
};
Reference parse_reference(std::string_view text);

}  // namespace salus::fhir
