#pragma once

#include <memory>
#include <span>
#include <vector>

#include "salus/core/clock.h"
#include "salus/db/pool.h"

namespace salus::access {

/// One care relationship, as a resource states it.
struct CareLink {
    PractitionerId practitioner;
    PatientId patient;
    TimeUs from_us = 0;
    TimeUs until_us = INT64_MAX;
};

/// The patients under a practitioner's care at a moment: derived from CareTeam, Encounter,
/// Appointment and generalPractitioner when those are written. Reads are cached for at most one
/// second and dropped when this node writes a link. Thread-safe.
class CareIndex {
  public:
    explicit CareIndex(db::Pool& pool, const Clock& clock);
    ~CareIndex();

    /// Sorted; shared with the cache, and never changed.
    using Patients = std::shared_ptr<const std::vector<PatientId>>;
    /// Errors: unavailable.
    Result<Patients> patients(TenantContext tenant, PractitionerId practitioner);

    /// The links that `sources` state from now on (none: they state nothing any more). Sent with
    /// `tx`.
    struct Source {
        std::int16_t type;
        Uuid key;
        std::vector<CareLink> links;
        bool is_new = false;  ///< just created: there is nothing old to remove
    };
    static void replace(db::TenantTx& tx, std::span<const Source> sources);
    /// After the commit of a transaction that replaced links.
    void forget(TenantId tenant);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::access
