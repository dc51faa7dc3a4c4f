#pragma once

#include <span>
#include <string>
#include <vector>

#include "salus/core/json.h"
#include "salus/fhir/definitions.h"

namespace salus::fhir {

/// A finding for an OperationOutcome. `path` is made of element names of the definitions and
/// indices ("Patient.name[1].given[0]"); neither part ever holds a value of the input. An unknown
/// element is named by its parent's path.
struct Issue {
    std::string_view code;  ///< http://hl7.org/fhir/issue-type: structure, required, value, ...
    std::string_view diagnostics;  ///< constant sentence
    std::string path;
};

/// Structure of R4: known elements, cardinality, types, primitive formats (FHIR R4 datatypes
/// section's regular expressions, by hand-written scanners), choice types, contained resources,
/// extensions on primitives (_name), no empty objects or arrays. At most limits::kIssues. Empty:
/// valid.
std::vector<Issue> validate(JsonView resource);

/// {"resourceType":"OperationOutcome","issue":[…]}
std::string operation_outcome(std::span<const Issue> issues);
std::string operation_outcome(const Error& error);

}  // namespace salus::fhir
