#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "salus/access/gate.h"

namespace salus::access::detail {

struct Verdict {
    bool allowed;
    Errc code;  ///< of a deny: denied (the role never may) or not_found (not this one)
    std::string_view reason;  ///< constant text, for the audit record
};

/// How far the caller reaches for this very target: the matrix, narrowed by what the row says. A
/// resource of a reference type that names a patient is that patient's data, and counts as
/// clinical.
Reach target_reach(const identity::Caller& caller, Action action, const Target& target);

/// Does the decision on any target depend on who is under the caller's care?
bool needs_care(const identity::Caller& caller, Action action, std::span<const Target> targets);

/// Pure. `under_care` is sorted.
Verdict judge(const identity::Caller& caller, Action action, const Target& target,
              std::span<const PatientId> under_care);
/// The first deny, or the allow of the last: one denied target denies all.
Verdict judge_all(const identity::Caller& caller, Action action, std::span<const Target> targets,
                  std::span<const PatientId> under_care);

/// `common`, once for each patient whose data the targets are (IHE BALP: a record names one
/// patient), once for those that are nobody's, and once bare when there is no target.
std::vector<audit::Record> records_by_patient(const audit::Record& common,
                                              std::span<const Target> targets);

}  // namespace salus::access::detail
