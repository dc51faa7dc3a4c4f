#pragma once

#include <memory>
#include <span>

#include "salus/access/care.h"
#include "salus/access/decision.h"
#include "salus/audit/recorder.h"
#include "salus/identity/caller.h"

namespace salus::access {

namespace detail {
struct Verdict;
}

/// One resource that somebody wants to touch, as its row describes it: nothing is opened yet.
struct Target {
    std::string_view type;  ///< FHIR type name, constant text
    DataClass data_class;
    Uuid key;
    std::int32_t version = 0;
    std::vector<PatientId>
        patients;  ///< whose it is; reference data that has one is judged as clinical
};

/// The pure answer of the matrix: role or scopes, action, class, type. No I/O, total; the test
/// enumerates every cell against an independent evaluator. Unknown combinations are `none`.
Reach reach(const identity::Caller& caller, Action action, DataClass data_class,
            std::string_view resource_type);

/// Decides, records, and only then mints. Deny overrides; a deny is recorded too and answered as
/// Errc::not_found (a denied and an absent thing look alike); a role with no reach at all for the
/// class is Errc::denied. Thread-safe.
class Gate {
  public:
    Gate(audit::Recorder& recorder, CareIndex& care, const Clock& clock);

    /// For read, vread, history: waits until the record is durable.
    Result<AccessDecision> permit_read(const identity::Caller& caller, audit::Event event,
                                       const Target& target);

    /// What a search of this type may look at. No record yet: nothing is disclosed by it.
    /// Errors: denied (recorded).
    Result<SearchScope> search_scope(const identity::Caller& caller, DataClass data_class,
                                     std::string_view resource_type);
    /// Before a page of results is opened: one record per patient disclosed (BALP), one when none
    /// is; waits until they are durable. Every target is checked against the matrix and care again.
    Result<AccessDecision> permit_search(const identity::Caller& caller,
                                         std::string_view resource_type, Bytes sealed_query,
                                         std::span<const Target> results);

    /// For writes: decides all targets of one request; the record travels with `tx`. All or
    /// nothing: one denied target denies the request (which is recorded in a transaction of its
    /// own). `event` is create, update, remove or transaction.
    Result<AccessDecision> permit_write(const identity::Caller& caller, db::TenantTx& tx,
                                        audit::Event event, Action action,
                                        std::span<const Target> targets);
    /// A request refused before it had a target (bad token for the type, unknown id): recorded.
    Result<void> record_refusal(const identity::Caller& caller, audit::Event event,
                                std::string_view resource_type, std::string_view reason);

  private:
    Result<CareIndex::Patients> under_care(const identity::Caller& caller);
    Result<detail::Verdict> decide(const identity::Caller& caller, Action action,
                                   std::span<const Target> targets);
    Result<void> record_deny(const identity::Caller& caller, audit::Record common,
                             std::span<const Target> targets, std::string_view reason);

    audit::Recorder& recorder_;
    CareIndex& care_;
    const Clock& clock_;
};

}  // namespace salus::access
