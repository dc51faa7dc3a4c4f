#pragma once

#include <string>
#include <vector>

#include "salus/cli/context.h"

namespace salus::cli {

/// What the tour showed: each step says what should happen, and whether it did.
struct TourStep {
    std::string title;
    std::string request;  ///< what was sent, without any value of a record
    std::string seen;
    bool as_promised = false;
};

/// The story of two clinics on one box, told by real requests of the demo's people. Each step is
/// handed to `tell` when it is done. Errors: not_found (no demo), and the server's.
Outcome<std::vector<TourStep>> run_tour(const Context& context,
                                        const std::function<void(const TourStep&)>& tell);

}  // namespace salus::cli
