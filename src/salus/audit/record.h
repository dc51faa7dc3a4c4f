#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "salus/core/bytes.h"
#include "salus/core/clock.h"
#include "salus/core/id.h"

namespace salus::audit {

/// What was done. Each maps to a BALP pattern, a FHIR AuditEvent.action and a restful-interaction
/// code.
enum class Event : std::uint8_t {
    create,
    read,
    vread,
    update,
    remove,
    search,
    history,
    transaction,
    batch,
    login,
    logout,
    user_change,
    tenant_change,
    client_change,
    key_change,
};
enum class Outcome : std::uint8_t { success, denied, failed };

/// Who: a person, a machine client, or the platform's operator at this machine.
struct Agent {
    enum class Kind : std::uint8_t { person, client, platform_operator, unknown } kind;
    std::int64_t id = 0;
};

/// A resource touched. `type` is the FHIR type's name (a constant of the definitions), `key` its
/// internal key: not the id a client may have chosen, which could itself be PHI.
struct Entity {
    std::string_view type;
    Uuid key;
    std::int32_t version = 0;  ///< 0: none
};

struct Record {
    TimeUs at_us = 0;
    Event event = Event::read;
    Outcome outcome = Outcome::success;
    Agent agent{Agent::Kind::unknown, 0};
    std::vector<PatientId> patients;  ///< written to the log as pseudonyms
    std::vector<Entity> entities;
    std::string_view resource_type;  ///< of a search or a type-level interaction; constant text
    Bytes sealed_query;              ///< the query of a search, sealed: it may name a patient
    std::string_view reason;         ///< constant text: why the Gate allowed or denied
    Uuid request_id;                 ///< joins the records of one request; nil: they stand alone
};

}  // namespace salus::audit
