#pragma once

#include <string>

#include "salus/audit/detail/record_codec.h"

namespace salus::audit {

/// Writes a record as a FHIR R4 AuditEvent (JSON, minified, elements in the order of the
/// definition) over `out`. Successful reads, searches and changes of single resources follow the
/// profiles of IHE BALP 1.1 and say so in meta.profile; BALP has none for denials, transactions and
/// log-ins.
///
/// A resource stands as "Type/key/_history/version" where it is the only one. Lists are compact: an
/// entity of type 4 (Other) with one detail per resource type, each the base64 of 20 bytes per
/// resource (16 of the key, 4 of the version, big-endian); more than four patients become one
/// detail of 16 bytes each. The result is a function of the arguments alone.
void render(const StoredRecord& record, const Uuid& id, std::string& out);

}  // namespace salus::audit
