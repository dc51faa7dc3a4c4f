#include "salus/access/detail/judge.h"

#include <algorithm>
#include <optional>

namespace salus::access::detail {
namespace {

constexpr Verdict kAllowCare{true, Errc::denied, "role, patient under care"};
constexpr Verdict kAllowTenant{true, Errc::denied, "role, whole tenant"};
constexpr Verdict kAllowScope{true, Errc::denied, "scope of the client"};
constexpr Verdict kDenyRole{false, Errc::denied, "role has no access to this class of data"};
constexpr Verdict kDenyScope{false, Errc::denied, "no scope of the client covers this"};
constexpr Verdict kDenyPatientData{false, Errc::not_found,
                                   "role has no access to reference data that names a patient"};
constexpr Verdict kDenyNoPatient{false, Errc::not_found, "under care only, and names no patient"};
constexpr Verdict kDenyCare{false, Errc::not_found, "patient not under care"};

audit::Entity entity(const Target& target) {
    return {target.type, target.key, target.version};
}

struct Line {
    std::optional<PatientId> patient;  // Empty sorts first.
    const Target* target;
};

}  // namespace

Reach target_reach(const identity::Caller& caller, Action action, const Target& target) {
    const Reach declared = reach(caller, action, target.data_class, target.type);
    if (target.data_class != DataClass::reference || target.patients.empty()) return declared;
    return std::min(declared, reach(caller, action, DataClass::clinical, target.type));
}

bool needs_care(const identity::Caller& caller, Action action, std::span<const Target> targets) {
    return std::any_of(targets.begin(), targets.end(), [&](const Target& target) {
        return target_reach(caller, action, target) == Reach::under_care;
    });
}

Verdict judge(const identity::Caller& caller, Action action, const Target& target,
              std::span<const PatientId> under_care) {
    const bool is_client = caller.client() != nullptr;
    if (reach(caller, action, target.data_class, target.type) == Reach::none)
        return is_client ? kDenyScope : kDenyRole;
    switch (target_reach(caller, action, target)) {
        case Reach::tenant:
            return is_client ? kAllowScope : kAllowTenant;
        case Reach::none:
            return kDenyPatientData;
        case Reach::under_care:
            break;
    }
    if (target.patients.empty()) return kDenyNoPatient;
    // Minimum necessary (45 CFR 164.502(b)): a resource about several patients needs care for each.
    const bool all =
        std::all_of(target.patients.begin(), target.patients.end(), [&](const PatientId& patient) {
            return std::binary_search(under_care.begin(), under_care.end(), patient);
        });
    return all ? kAllowCare : kDenyCare;
}

Verdict judge_all(const identity::Caller& caller, Action action, std::span<const Target> targets,
                  std::span<const PatientId> under_care) {
    Verdict verdict = caller.client() ? kAllowScope : kAllowTenant;
    for (const Target& target : targets) {
        verdict = judge(caller, action, target, under_care);
        if (!verdict.allowed) break;
    }
    return verdict;
}

std::vector<audit::Record> records_by_patient(const audit::Record& common,
                                              std::span<const Target> targets) {
    std::vector<Line> lines;
    lines.reserve(targets.size());
    for (const Target& target : targets) {
        if (target.patients.empty()) lines.push_back({std::nullopt, &target});
        for (const PatientId& patient : target.patients)
            lines.push_back({patient, &target});
    }
    std::stable_sort(lines.begin(), lines.end(),
                     [](const Line& a, const Line& b) { return a.patient < b.patient; });
    std::vector<audit::Record> records;
    for (auto line = lines.begin(); line != lines.end();) {
        const auto end = std::find_if(
            line, lines.end(), [&](const Line& other) { return other.patient != line->patient; });
        audit::Record& record = records.emplace_back(common);
        if (line->patient) record.patients.push_back(*line->patient);
        record.entities.reserve(static_cast<std::size_t>(end - line));
        for (; line != end; ++line)
            record.entities.push_back(entity(*line->target));
    }
    if (records.empty()) records.push_back(common);
    return records;
}

}  // namespace salus::access::detail
