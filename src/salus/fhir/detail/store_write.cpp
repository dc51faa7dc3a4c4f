#include "salus/fhir/detail/store_write.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "salus/fhir/detail/store_condition.h"
#include "salus/fhir/detail/store_rows.h"

namespace salus::fhir {
namespace {

constexpr std::int32_t kStripeClass = 0x5a10;  ///< the stripes' own corner of the advisory locks

// Locks are taken in one order by everybody (stripes ascending, rows by type and id), and rows are
// inserted in that order as well, so writers wait for each other but never in a circle.
constexpr db::Sql kLockStripes("SELECT pg_advisory_xact_lock($1::int, s) FROM unnest($2::int[]) s");
constexpr db::Sql kLockRows(
    "SELECT r.type, r.id, r.version FROM unnest($2::smallint[], $3::uuid[]) k(type, id) "
    "JOIN resource r ON r.tenant_id = $1 AND r.type = k.type AND r.id = k.id "
    "ORDER BY r.type, r.id FOR UPDATE OF r");
constexpr db::Sql kApplied(
    "SELECT key FROM applied_request WHERE tenant_id = $1 AND key = ANY($2::bytea[])");

bool waits(const WriteJob& job) {
    return job.outcome == WriteJob::Outcome::waiting;
}

bool compares(const WriteJob& job) {
    return !job.request_key.empty() || !job.absent.empty() ||
           std::any_of(job.ops.begin(), job.ops.end(), [](const WriteOp& op) { return !op.fresh; });
}

void fail_job(WriteJob& job, const Error& error) {
    job.outcome = WriteJob::Outcome::failed;
    job.error = error;
}

/// What the Gate sees of the ops with one action.
std::vector<access::Target> targets_of(const WriteJob& job, access::Action action) {
    std::vector<access::Target> targets;
    for (const WriteOp& op : job.ops) {
        if (op.action != action) continue;
        access::Target target{name(op.key.type), data_class(op.key.type), op.key.id, op.version,
                              op.index.patients};
        for (const PatientId patient : op.old_patients)
            if (std::find(target.patients.begin(), target.patients.end(), patient) ==
                target.patients.end())
                target.patients.push_back(patient);
        targets.push_back(std::move(target));
    }
    return targets;
}

}  // namespace

void Writer::run(std::span<WriteJob*> jobs) {
    const Result<void> shared = attempt(jobs);
    if (shared) return;
    const Errc code = shared.error().code();
    if (code == Errc::internal || code == Errc::integrity || code == Errc::storage_full)
        log_.error(shared.error());
    if (code == Errc::unavailable) {
        // The connection may have been lost after the commit: trying again could write twice.
        for (WriteJob* job : jobs)
            fail_job(*job, shared.error());
        return;
    }
    if (jobs.size() == 1) {
        // Somebody else inserted the same client-chosen key first, or the lock took too long.
        if (code == Errc::conflict)
            jobs.front()->outcome = WriteJob::Outcome::changed;
        else if (waits(*jobs.front()))
            fail_job(*jobs.front(), shared.error());
        return;
    }
    for (WriteJob* job : jobs) {
        job->outcome = WriteJob::Outcome::waiting;
        job->error.reset();
        run({&job, 1});
    }
}

Result<void> Writer::attempt(std::span<WriteJob*> jobs) {
    const TenantContext tenant = jobs.front()->caller->tenant();
    SALUS_TRY(const auto keys, keystore_.tenant(tenant.id()));
    // The Gate reads care relationships: into its cache first, while this thread holds no
    // connection.
    for (const WriteJob* job : jobs)
        if (const auto* person = job->caller->person(); person && person->practitioner)
            SALUS_CHECK(care_.patients(tenant, *person->practitioner));
    SALUS_TRY(db::TenantTx tx, pool_.tenant(tenant));
    if (std::any_of(jobs.begin(), jobs.end(), [](const WriteJob* job) { return compares(*job); }))
        SALUS_CHECK(compare(tx, jobs));
    std::vector<WriteJob*> live;
    for (WriteJob* job : jobs) {
        if (!waits(*job)) continue;
        SALUS_TRY(const bool permitted, permit(tx, *job));
        if (permitted) live.push_back(job);
    }
    if (live.empty()) return {};
    const bool cares = send_rows(tx, *keys, live);
    SALUS_CHECK(tx.commit());
    if (cares) care_.forget(tenant.id());
    for (WriteJob* job : live)
        job->outcome = WriteJob::Outcome::committed;
    return {};
}

Result<void> Writer::compare(db::TenantTx& tx, std::span<WriteJob*> jobs) {
    SALUS_CHECK(check_request_keys(tx, jobs));
    SALUS_CHECK(check_conditions(tx, jobs));
    return lock_rows(tx, jobs);
}

Result<void> Writer::check_request_keys(db::TenantTx& tx, std::span<WriteJob*> jobs) {
    std::vector<Bytes> asked;
    for (const WriteJob* job : jobs)
        if (!job->request_key.empty()) asked.push_back(job->request_key);
    if (asked.empty()) return {};
    db::Params params;
    params.i64(tx.tenant().value()).bytea_array(asked);
    SALUS_TRY(const db::Rows rows, tx.query(kApplied, params));
    std::set<Bytes> applied;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const ByteView key = rows.bytes(i, 0);
        applied.emplace(key.begin(), key.end());
    }
    std::set<Bytes> here;
    for (WriteJob* job : jobs) {
        if (job->request_key.empty()) continue;
        if (applied.contains(job->request_key))
            job->outcome = WriteJob::Outcome::applied;
        else if (!here.insert(job->request_key).second)  // tried again, it finds the first one's
            job->outcome = WriteJob::Outcome::changed;
    }
    return {};
}

Result<void> Writer::check_conditions(db::TenantTx& tx, std::span<WriteJob*> jobs) {
    std::set<std::int32_t> stripes;
    std::vector<Condition*> conditions;
    for (WriteJob* job : jobs) {
        if (!waits(*job)) continue;
        for (Condition* condition : job->absent) {
            stripes.insert(condition->stripe());
            conditions.push_back(condition);
        }
    }
    if (conditions.empty()) return {};
    SALUS_TRY(const auto keys, keystore_.tenant(tx.tenant()));
    db::Params params;
    const std::vector<std::int32_t> sorted(stripes.begin(), stripes.end());
    params.i32(kStripeClass ^ static_cast<std::int32_t>(tx.tenant().value() << 16)).i32s(sorted);
    tx.send(kLockStripes, params);
    SALUS_CHECK(tx.flush());
    SALUS_CHECK(resolve_conditions(tx, *keys, conditions));
    std::set<std::vector<std::int64_t>> taken;  // two jobs here may be after one identifier
    for (WriteJob* job : jobs) {
        if (!waits(*job)) continue;
        std::vector<std::vector<std::int64_t>> mine;
        for (const Condition* condition : job->absent) {
            const auto& tokens = condition->plan.tokens;
            mine.push_back(tokens.empty() ? std::vector<std::int64_t>{condition->stripe()}
                                          : tokens.front());
            if (!condition->matches.empty() || taken.contains(mine.back()))
                job->outcome = WriteJob::Outcome::changed;
        }
        if (waits(*job)) taken.insert(mine.begin(), mine.end());
    }
    return {};
}

Result<void> Writer::lock_rows(db::TenantTx& tx, std::span<WriteJob*> jobs) {
    std::map<RowKey, WriteJob*> owners;
    for (WriteJob* job : jobs) {
        if (!waits(*job)) continue;
        const bool free = std::none_of(job->ops.begin(), job->ops.end(), [&](const WriteOp& op) {
            return !op.fresh && owners.contains(op.key);
        });
        if (!free) {  // its base is another job's to change
            job->outcome = WriteJob::Outcome::changed;
            continue;
        }
        for (const WriteOp& op : job->ops)
            if (!op.fresh) owners.emplace(op.key, job);
    }
    if (owners.empty()) return {};
    std::vector<std::int16_t> types;
    std::vector<Uuid> ids;
    for (const auto& [key, job] : owners) {
        types.push_back(static_cast<std::int16_t>(key.type));
        ids.push_back(key.id);
    }
    db::Params params;
    params.i64(tx.tenant().value()).i16s(types).uuids(ids);
    SALUS_TRY(const db::Rows rows, tx.query(kLockRows, params));
    std::map<RowKey, std::int32_t> versions;
    for (std::size_t i = 0; i < rows.size(); ++i)
        versions[{static_cast<ResourceType>(rows.i16(i, 0)), rows.uuid(i, 1)}] = rows.i32(i, 2);
    for (WriteJob* job : jobs) {
        if (!waits(*job)) continue;
        for (const WriteOp& op : job->ops) {
            if (op.fresh) continue;
            const auto found = versions.find(op.key);
            const std::int32_t current = found == versions.end() ? 0 : found->second;
            if (current + 1 != op.version) job->outcome = WriteJob::Outcome::changed;
        }
    }
    return {};
}

Result<bool> Writer::permit(db::TenantTx& tx, WriteJob& job) {
    using access::Action;
    bool sent = false;
    for (const Action action : {Action::create, Action::update, Action::remove}) {
        const std::vector<access::Target> targets = targets_of(job, action);
        if (targets.empty()) continue;
        auto decision = gate_.permit_write(*job.caller, tx, job.event, action, targets);
        if (!decision) {
            fail_job(job, decision.error());
            if (sent) return fail(decision.error());
            return false;
        }
        sent = true;
        const access::AccessDecision spent = std::move(*decision);
        for (const access::Target& target : targets)
            if (!spent.covers(tx.tenant(), target.key, action)) {
                const Error error(Errc::internal, "The decision does not cover what is written.");
                fail_job(job, error);
                return fail(error);
            }
    }
    return true;
}

}  // namespace salus::fhir
