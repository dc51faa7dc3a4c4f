#include "salus/access/gate.h"

#include "salus/access/detail/judge.h"

namespace salus::access {
namespace {

audit::Record common_record(const identity::Caller& caller, audit::Event event, TimeUs at_us) {
    audit::Record record;
    record.at_us = at_us;
    record.event = event;
    record.agent = caller.agent();
    return record;
}

tl::unexpected<Error> refused(Errc code) {
    if (code == Errc::denied)
        return fail(Errc::denied, "Your role or scopes do not permit this.",
                    "Ask the tenant's administrator.");
    return fail(Errc::not_found, "There is no such resource.");
}

std::vector<Uuid> keys_of(std::span<const Target> targets) {
    std::vector<Uuid> keys;
    keys.reserve(targets.size());
    for (const Target& target : targets)
        keys.push_back(target.key);
    return keys;
}

}  // namespace

Gate::Gate(audit::Recorder& recorder, CareIndex& care, const Clock& clock)
    : recorder_(recorder), care_(care), clock_(clock) {}

Result<CareIndex::Patients> Gate::under_care(const identity::Caller& caller) {
    const auto* person = caller.person();
    if (!person || !person->practitioner) return std::make_shared<const std::vector<PatientId>>();
    return care_.patients(caller.tenant(), *person->practitioner);
}

Result<detail::Verdict> Gate::decide(const identity::Caller& caller, Action action,
                                     std::span<const Target> targets) {
    if (!detail::needs_care(caller, action, targets))
        return detail::judge_all(caller, action, targets, {});
    SALUS_TRY(const auto patients, under_care(caller));
    return detail::judge_all(caller, action, targets, *patients);
}

Result<void> Gate::record_deny(const identity::Caller& caller, audit::Record common,
                               std::span<const Target> targets, std::string_view reason) {
    common.outcome = audit::Outcome::denied;
    common.reason = reason;
    return recorder_.record(caller.tenant(), detail::records_by_patient(common, targets));
}

Result<AccessDecision> Gate::permit_read(const identity::Caller& caller, audit::Event event,
                                         const Target& target) {
    const std::span<const Target> targets(&target, 1);
    SALUS_TRY(const auto verdict, decide(caller, Action::read, targets));
    audit::Record record = common_record(caller, event, clock_.now_us());
    if (!verdict.allowed) {
        SALUS_CHECK(record_deny(caller, std::move(record), targets, verdict.reason));
        return refused(verdict.code);
    }
    record.reason = verdict.reason;
    SALUS_CHECK(recorder_.record(caller.tenant(), detail::records_by_patient(record, targets)));
    return AccessDecision(PassKey<Gate>{}, caller.tenant().id(), Action::read, {target.key});
}

Result<SearchScope> Gate::search_scope(const identity::Caller& caller, DataClass data_class,
                                       std::string_view resource_type) {
    const Reach how_far = reach(caller, Action::search, data_class, resource_type);
    if (how_far == Reach::none) {
        SALUS_CHECK(record_refusal(caller, audit::Event::search, resource_type,
                                   "no access to this class of data"));
        return refused(Errc::denied);
    }
    std::vector<PatientId> patients;
    if (how_far == Reach::under_care) {
        SALUS_TRY(const auto listed, under_care(caller));
        patients = *listed;
    }
    return SearchScope(PassKey<Gate>{}, caller.tenant().id(), how_far, std::move(patients));
}

Result<AccessDecision> Gate::permit_search(const identity::Caller& caller,
                                           std::string_view resource_type, Bytes sealed_query,
                                           std::span<const Target> results) {
    SALUS_TRY(const auto verdict, decide(caller, Action::search, results));
    audit::Record record = common_record(caller, audit::Event::search, clock_.now_us());
    record.resource_type = resource_type;
    record.sealed_query = std::move(sealed_query);
    if (!verdict.allowed) {
        SALUS_CHECK(record_deny(caller, std::move(record), results, verdict.reason));
        return refused(verdict.code);
    }
    record.reason = verdict.reason;
    SALUS_CHECK(recorder_.record(caller.tenant(), detail::records_by_patient(record, results)));
    return AccessDecision(PassKey<Gate>{}, caller.tenant().id(), Action::search, keys_of(results));
}

Result<AccessDecision> Gate::permit_write(const identity::Caller& caller, db::TenantTx& tx,
                                          audit::Event event, Action action,
                                          std::span<const Target> targets) {
    if (tx.tenant() != caller.tenant().id())
        return fail(Errc::internal, "A write's transaction is another tenant's.");
    SALUS_TRY(const auto verdict, decide(caller, action, targets));
    audit::Record record = common_record(caller, event, clock_.now_us());
    if (!verdict.allowed) {
        SALUS_CHECK(record_deny(caller, std::move(record), targets, verdict.reason));
        return refused(verdict.code);
    }
    record.reason = verdict.reason;
    SALUS_CHECK(recorder_.enqueue(tx, detail::records_by_patient(record, targets)));
    return AccessDecision(PassKey<Gate>{}, caller.tenant().id(), action, keys_of(targets));
}

Result<void> Gate::record_refusal(const identity::Caller& caller, audit::Event event,
                                  std::string_view resource_type, std::string_view reason) {
    audit::Record record = common_record(caller, event, clock_.now_us());
    record.resource_type = resource_type;
    return record_deny(caller, std::move(record), {}, reason);
}

}  // namespace salus::access
