#pragma once

#include <string>

#include "salus/fhir/store.h"

namespace salus::fhir {

/// What the interactions work with; built by the Service, and living as long as it.
struct StoreParts {
    db::Pool& pool;
    keys::Keystore& keystore;
    access::Gate& gate;
    const Clock& clock;
    Logger& log;
    ChartStore& store;
    std::string base_url;
};

}  // namespace salus::fhir
