#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "salus/fhir/detail/store_change.h"
#include "salus/fhir/detail/store_rows.h"

namespace salus::fhir {
namespace {

constexpr std::size_t kJobsAtOnce = 500;         ///< prepared before they are written
constexpr std::size_t kComparisons = 1'000'000;  ///< of conditions with entries, without tokens

constexpr db::Sql kBases(
    "SELECT r.type, r.id, r.version, r.body IS NULL, r.patient, r.more_patients "
    "FROM unnest($2::smallint[], $3::uuid[]) k(type, id) "
    "JOIN resource r ON r.tenant_id = $1 AND r.type = k.type AND r.id = k.id");
constexpr db::Sql kApplied("SELECT 1 FROM applied_request WHERE tenant_id = $1 AND key = $2");

access::Action action_of(const Change& change) {
    if (change.kind == Change::Kind::remove) return access::Action::remove;
    return change.version == 1 ? access::Action::create : access::Action::update;
}

audit::Event event_of(const Change& change) {
    switch (action_of(change)) {
        case access::Action::remove:
            return audit::Event::remove;
        case access::Action::create:
            return audit::Event::create;
        default:
            return audit::Event::update;
    }
}

}  // namespace

Result<void> ChangeSet::look_up() {
    SALUS_CHECK(set_scopes());  // before a connection is taken: scopes may need one of their own
    std::vector<Condition*> conditions;
    for (auto& [text, linked] : linked_)
        conditions.push_back(&linked.condition);
    for (Change& change : changes)
        if (change.state == Change::State::open && change.condition)
            conditions.push_back(change.condition.get());
    SALUS_TRY(db::TenantTx tx, parts_.pool.tenant(caller_.tenant()));
    SALUS_CHECK(look_up_request_key(tx));
    if (applied_) return {};
    SALUS_CHECK(look_up_bases(tx));
    return resolve_conditions(tx, *keys_, conditions);
}

Result<void> ChangeSet::look_up_request_key(db::TenantTx& tx) {
    if (request_key.empty()) return {};
    db::Params params;
    params.i64(tx.tenant().value()).bytes(request_key);
    SALUS_TRY(const db::Rows rows, tx.query(kApplied, params));
    applied_ = !rows.empty();
    return {};
}

Result<void> ChangeSet::look_up_bases(db::TenantTx& tx) {
    bases_.clear();
    std::vector<std::int16_t> types;
    std::vector<Uuid> ids;
    for (const Change& change : changes) {
        if (change.state != Change::State::open || change.kind == Change::Kind::create) continue;
        if (change.id.empty()) continue;
        types.push_back(static_cast<std::int16_t>(change.type));
        ids.push_back(resource_key(keys_->index(), change.type, change.id));
    }
    if (ids.empty()) return {};
    db::Params params;
    params.i64(tx.tenant().value()).i16s(types).uuids(ids);
    SALUS_TRY(const db::Rows rows, tx.query(kBases, params));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const RowKey key{static_cast<ResourceType>(rows.i16(i, 0)), rows.uuid(i, 1)};
        bases_[key] = {rows.i32(i, 2), rows.boolean(i, 3), read_patients(rows, i, 4, 5)};
    }
    return {};
}

/// A conditional reference may mean an entry of its own transaction.
Result<void> ChangeSet::match_inside_bundle() {
    struct Entries {
        std::vector<Change*> all;
        std::unordered_multimap<std::int64_t, Change*> by_token;
    };
    std::map<ResourceType, Entries> types;
    for (const auto& [text, linked] : linked_)
        types[linked.condition.query.type()];
    for (Change& change : changes) {
        const auto type = types.find(change.type);
        if (type == types.end() || !change.resource.exists()) continue;
        if (change.state != Change::State::open) continue;
        type->second.all.push_back(&change);
        const auto index = index_resource(change.type, change.id, change.resource, keys_->index());
        for (const std::int64_t token : index.tokens)
            type->second.by_token.emplace(token, &change);
    }
    std::size_t comparisons = 0;
    for (auto& [text, linked] : linked_) {
        Condition& condition = linked.condition;
        const Entries& entries = types[condition.query.type()];
        std::vector<Change*> candidates = entries.all;
        if (!condition.plan.tokens.empty()) {
            candidates.clear();
            for (const std::int64_t token : condition.plan.tokens.front()) {
                const auto [first, last] = entries.by_token.equal_range(token);
                for (auto it = first; it != last; ++it)
                    candidates.push_back(it->second);
            }
        }
        comparisons += candidates.size();
        if (comparisons > kComparisons)
            return fail(Errc::too_large, "The conditional references select too many entries.",
                        "Use identifiers in conditional references.");
        for (const Change* entry : candidates) {
            const bool known = std::any_of(condition.matches.begin(), condition.matches.end(),
                                           [&](const Match& m) { return m.key == entry->key; });
            if (!known && condition.query.matches(entry->id, entry->resource))
                condition.matches.push_back({entry->key, entry->id, 0, 0, {}});
        }
    }
    return {};
}

/// What every reference of the request becomes.
Result<void> ChangeSet::link() {
    references_ = References(parts_.base_url);
    references_.set_strict(mode_ == Mode::atomic);
    if (mode_ == Mode::atomic) {
        SALUS_CHECK(match_inside_bundle());
        for (const Change& change : changes) {
            if (change.full_url.empty() || change.kind == Change::Kind::remove) continue;
            const std::string target = change.reference();
            references_.resolve(change.full_url, target);
            // Entries written against another server name each other relative to it.
            const Reference full = parse_reference(change.full_url);
            if (full.kind == Reference::Kind::absolute && full.type && !full.id.empty() &&
                change.kind == Change::Kind::create) {
                const std::size_t size = name(*full.type).size() + 1 + full.id.size();
                if (change.full_url.size() > size)
                    references_.resolve(change.full_url.substr(change.full_url.size() - size),
                                        target);
            }
        }
    }
    for (const auto& [text, linked] : linked_) {
        const auto& matches = linked.condition.matches;
        if (matches.size() == 1)
            references_.resolve(
                text, fmt::format("{}/{}", name(matches.front().key.type), matches.front().id));
        else
            references_.refuse(text);
    }
    return {};
}

Result<void> ChangeSet::attempt() {
    if (needs_look_up()) SALUS_CHECK(look_up());
    if (applied_) return {};
    for (Change& change : changes)
        if (change.state == Change::State::open) decide(change);
    SALUS_CHECK(record_matches());
    if (mode_ == Mode::atomic) {
        refuse_overlaps();
        if (refused()) return {};
    }
    SALUS_CHECK(link());
    preparer_ = std::make_unique<Preparer>(*keys_, references_);
    return mode_ == Mode::atomic ? write_atomic() : write_each();
}

/// A match tells its finder that somebody's record exists: that is disclosed like a search's
/// result.
Result<void> ChangeSet::record_matches() {
    std::map<ResourceType, std::vector<access::Target>> found;
    const auto note = [&](const Match& match) {
        if (data_class(match.key.type) == access::DataClass::reference) return;
        if (!recorded_.insert(match.key).second) return;
        found[match.key.type].push_back({name(match.key.type), data_class(match.key.type),
                                         match.key.id, match.version, match.patients});
    };
    for (const auto& [text, linked] : linked_)
        for (const Match& match : linked.condition.matches)
            note(match);
    for (const Change& change : changes)
        if (change.condition)
            for (const Match& match : change.condition->matches)
                note(match);
    for (const auto& [type, targets] : found)
        SALUS_CHECK(parts_.gate.permit_search(caller_, name(type), {}, targets));
    return {};
}

bool ChangeSet::prepare(Change& change, WriteOp& op) {
    op.action = action_of(change);
    op.key = change.key;
    op.version = change.version;
    op.fresh = change.fresh;
    op.updated_us = change.updated_us;
    op.old_patients = change.old_patients;
    if (change.kind == Change::Kind::remove) {
        op.index.patients = change.old_patients;  // a deletion is still theirs
        return true;
    }
    std::vector<Issue> issues;
    const Preparer::Input input{change.key, change.id, change.version, change.updated_us,
                                change.resource};
    if (preparer_->run(input, op, issues)) {
        if (want_text) change.text = preparer_->text();
        return true;
    }
    const std::string start = change.entry ? fmt::format("Bundle.entry[{}].resource", *change.entry)
                                           : std::string(name(change.type));
    for (Issue& issue : issues)
        issue.path = start + issue.path;
    change.refuse(
        {Error(Errc::unprocessable, "The resource can't be stored as it is."), std::move(issues)});
    return false;
}

Result<void> ChangeSet::write_atomic() {
    WriteJob job;
    job.caller = &caller_;
    job.event = audit::Event::transaction;
    job.request_key = request_key;
    job.at_us = parts_.clock.now_us();
    job.ops.reserve(changes.size());
    for (Change& change : changes) {
        if (change.state != Change::State::open) continue;
        WriteOp op;
        if (prepare(change, op)) job.ops.push_back(std::move(op));
        if (change.condition && change.condition->matches.empty())
            job.absent.push_back(change.condition.get());
    }
    if (refused() || (job.ops.empty() && request_key.empty())) return {};
    SALUS_CHECK(parts_.store.write(job));
    if (job.outcome == WriteJob::Outcome::applied) applied_ = true;
    if (job.outcome == WriteJob::Outcome::failed) {
        const bool matched = std::any_of(changes.begin(), changes.end(),
                                         [](const Change& c) { return c.if_match.has_value(); });
        return fail(matched && job.error->code() == Errc::not_found ? kOtherVersion : *job.error);
    }
    for (Change& change : changes)
        if (change.state == Change::State::open) take_outcome(change, job);
    return {};
}

Result<void> ChangeSet::write_each() {
    std::vector<WriteJob> jobs;
    std::vector<std::size_t> owners;
    jobs.reserve(std::min(changes.size(), kJobsAtOnce));
    for (std::size_t i = 0; i < changes.size(); ++i) {
        Change& change = changes[i];
        if (change.state != Change::State::open) continue;
        WriteOp op;
        if (!prepare(change, op)) continue;
        WriteJob& job = jobs.emplace_back();
        job.caller = &caller_;
        job.event = event_of(change);
        job.at_us = change.updated_us;
        if (changes.size() == 1) job.request_key = request_key;
        job.ops.push_back(std::move(op));
        if (change.condition && change.condition->matches.empty())
            job.absent.push_back(change.condition.get());
        owners.push_back(i);
        if (jobs.size() == kJobsAtOnce) {
            write_jobs(jobs, owners);
            jobs.clear(), owners.clear();
        }
    }
    if (changes.size() == 1 && jobs.size() == 1) {  // with whoever else writes at this moment
        SALUS_CHECK(parts_.store.write(jobs.front()));
        take_outcome(changes.front(), jobs.front());
        return {};
    }
    write_jobs(jobs, owners);
    return {};
}

/// Of a batch, once all of it is done: what was refused may be sent again.
Result<void> ChangeSet::write_request_key() {
    if (mode_ == Mode::atomic || changes.size() == 1 || request_key.empty() || refused()) return {};
    WriteJob job;
    job.caller = &caller_;
    job.event = audit::Event::batch;
    job.request_key = request_key;
    job.at_us = parts_.clock.now_us();
    return parts_.store.write(job);
}

void ChangeSet::write_jobs(std::vector<WriteJob>& jobs, std::span<const std::size_t> owners) {
    std::vector<WriteJob*> pointers;
    for (WriteJob& job : jobs)
        pointers.push_back(&job);
    parts_.store.write(pointers);
    for (std::size_t i = 0; i < jobs.size(); ++i)
        take_outcome(changes[owners[i]], jobs[i]);
}

void ChangeSet::take_outcome(Change& change, const WriteJob& job) {
    switch (job.outcome) {
        case WriteJob::Outcome::committed:
            change.settle(change.status);
            break;
        case WriteJob::Outcome::applied:
            applied_ = true;
            break;
        case WriteJob::Outcome::failed:
            change.refuse(change.if_match && job.error->code() == Errc::not_found ? kOtherVersion
                                                                                  : *job.error);
            break;
        case WriteJob::Outcome::changed:
        case WriteJob::Outcome::waiting:
            break;  // it is looked up and prepared again
    }
}

}  // namespace salus::fhir
