#pragma once

#include <optional>
#include <string>
#include <vector>

#include "salus/core/clock.h"
#include "salus/core/id.h"
#include "salus/identity/caller.h"

namespace salus::ops {

struct DemoPerson {
    std::string username;
    identity::Role role;
    std::string given;
    std::string family;
    std::optional<Uuid> practitioner;  ///< of physicians and nurses: their Practitioner resource
};

/// A synthetic clinic: two teams of a physician and a nurse, a front desk, a security officer.
/// Equal tenant names give equal clinics.
struct DemoClinic {
    std::string tenant;
    std::string title;
    std::string city;
    std::uint64_t seed = 0;
    Uuid organization;
    Uuid insurer;
    Uuid location;
    std::vector<DemoPerson> people;

    [[nodiscard]] const DemoPerson& physician(std::size_t team) const { return people[team * 2]; }
    [[nodiscard]] const DemoPerson& nurse(std::size_t team) const { return people[team * 2 + 1]; }
    static constexpr std::size_t kTeams = 2;
};

DemoClinic demo_clinic(std::string_view tenant, std::string_view title, std::string_view city);

/// A transaction that puts the clinic's Organizations, Location and Practitioners under their ids.
std::string demo_reference_bundle(const DemoClinic& clinic);

/// A transaction with one patient and about forty resources of theirs: who they are, who cares for
/// them (team `index % kTeams`, through CareTeam, Encounter, Appointment and generalPractitioner),
/// and two years of visits up to `now_us`. References inside are urn:uuid; the server gives the
/// ids.
std::string demo_patient_bundle(const DemoClinic& clinic, std::size_t index, TimeUs now_us);

}  // namespace salus::ops
