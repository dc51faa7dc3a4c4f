#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "salus/audit/recorder.h"
#include "salus/edge/http.h"
#include "salus/edge/metrics.h"
#include "salus/fhir/service.h"
#include "salus/identity/sessions.h"
#include "salus/identity/tenants.h"
#include "salus/keys/keystore.h"

namespace salus::edge {

/// The parts that routes call. Built by main(); they outlive the handler.
struct Parts {
    identity::Sessions& sessions;
    identity::Tenants& tenants;
    fhir::Service& fhir;
    audit::Recorder& recorder;
    const keys::Keystore& keystore;
    Metrics& metrics;
    const Clock& clock;
    Logger& log;
    std::string audit_root;          ///< HOME/audit
    std::string_view version;        ///< of salus; constant text
    std::function<void()> shutdown;  ///< asks main() to end; none: the route answers 404
};

/// Every route of docs/openapi.yaml: /healthz, /metrics (operator socket or loopback peer),
/// /fhir/**, /auth/login|logout|whoami, /api/audit (security officer), /api/operator/** (operator
/// socket alone). Everything else is 404; so is a route asked for on a listener that does not have
/// it. Thread-safe.
Handler make_handler(Parts parts);

/// Takes large bodies from callers with a valid token only.
Admission make_admission(identity::Sessions& sessions);

/// A line of the table of routes, in the notation of OpenAPI.
struct RouteName {
    std::string_view method;
    std::string_view path;  ///< "/api/operator/tenants/{tenant}"
};
std::span<const RouteName> route_names();

}  // namespace salus::edge
