#pragma once

#include <string>

#include "salus/fhir/service.h"
#include "salus/identity/tenants.h"
#include "salus/ops/home.h"

namespace salus::ops {

/// What the demo is loaded through: the same directory, sessions and FHIR service that requests
/// use, so the demo's records are decided, sealed and audited like any other.
struct DemoParts {
    identity::Tenants& tenants;
    identity::Sessions& sessions;
    fhir::Service& service;
    const Clock& clock;
};

/// Makes two clinics with their people and twenty patients each, and writes HOME/demo.json (0600).
/// Done before: only the base URL in that file is brought up to date. Interrupted before:
/// continued. Errors: those of the rooms it calls; internal when the server refuses a demo
/// resource.
Result<void> set_up_demo(const DemoParts& parts, const Home& home, std::string_view base_url);

}  // namespace salus::ops
