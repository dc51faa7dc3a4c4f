#pragma once

#include "salus/edge/http.h"
#include "salus/edge/metrics.h"
#include "salus/fhir/service.h"
#include "salus/identity/sessions.h"
#include "salus/identity/tenants.h"

namespace salus::edge {

/// The parts that routes call. Built by main().
struct Parts {
    identity::Sessions& sessions;
    identity::Tenants& tenants;
    fhir::Service& fhir;
    Metrics& metrics;
    Logger& log;
    std::string audit_root;  ///< HOME/audit
};

/// /healthz, /metrics (operator socket or loopback peer), /fhir/**, /auth/login|logout|whoami,
/// /api/operator/** (operator socket only), /api/audit (security officer). Everything else is 404.
/// Described by docs/openapi.yaml.
Handler make_handler(Parts parts);

}  // namespace salus::edge
