#include "salus/fhir/detail/store_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "salus/crypto/random.h"
#include "salus/fhir/detail/store_rows.h"

namespace salus::fhir {
namespace {

constexpr int kTries = 200;  ///< look-ups of one request that others keep overtaking

const Error kSeveral(Errc::precondition, "The condition selects more than one resource.",
                     "Make it more selective.");

/// A path of the validator ("Patient.name[0]") as the request's reader sees it.
std::string placed(const Change& change, std::string_view path) {
    if (!change.entry) return std::string(path);
    const std::size_t dot = std::min(path.find('.'), path.size());
    return fmt::format("Bundle.entry[{}].resource{}", *change.entry, path.substr(dot));
}

}  // namespace

const Error kOtherVersion(Errc::version_conflict,
                          "The current version is not the one that If-Match names.",
                          "Read the resource again and repeat the change on it.");

std::string Change::reference() const {
    return fmt::format("{}/{}", name(type), id);
}

void Change::settle(int with_status) {
    state = State::settled;
    status = with_status;
}

void Change::refuse(Problem why) {
    state = State::refused;
    if (why.issues.empty() && entry)
        why.issues.push_back({info(why.error.code()).fhir_issue, why.error.text(),
                              fmt::format("Bundle.entry[{}]", *entry)});
    problem = std::move(why);
}

bool ChangeSet::refused() const {
    return std::any_of(changes.begin(), changes.end(),
                       [](const Change& c) { return c.state == Change::State::refused; });
}

bool ChangeSet::open_left() const {
    return std::any_of(changes.begin(), changes.end(),
                       [](const Change& c) { return c.state == Change::State::open; });
}

Result<void> ChangeSet::run() {
    SALUS_TRY(keys_, parts_.keystore.tenant(caller_.tenant().id()));
    const auto stopped = [this] { return mode_ == Mode::atomic && refused(); };
    for (Change& change : changes)
        if (change.state == Change::State::open) check(change);
    if (stopped()) return {};
    SALUS_CHECK(parse_conditions());
    for (int tries = 0; tries < kTries && !stopped(); ++tries) {
        SALUS_CHECK(attempt());
        if (applied_) return {};
        if (!open_left()) return write_request_key();
    }
    for (Change& change : changes)
        if (change.state == Change::State::open && !stopped())
            change.refuse(Error(Errc::conflict, "Others changed the resource all the time.",
                                "Try again in a moment."));
    return {};
}

/// Who may change nothing of this class is told so before anything is looked up, and so learns
/// nothing of what is there. The Gate decides on the resources themselves later.
bool ChangeSet::may_change(const Change& change) const {
    using access::Action;
    const auto reaches = [&](Action action) {
        return access::reach(caller_, action, data_class(change.type), name(change.type)) !=
               access::Reach::none;
    };
    switch (change.kind) {
        case Change::Kind::create:
            return reaches(Action::create);
        case Change::Kind::update:
            return reaches(Action::update) || reaches(Action::create);
        case Change::Kind::remove:
            return reaches(Action::remove);
    }
    return false;
}

void ChangeSet::refuse_role(Change& change) {
    if (denied_.emplace(change.type, change.kind).second) {  // once for all entries of its kind
        const audit::Event event = change.kind == Change::Kind::create   ? audit::Event::create
                                   : change.kind == Change::Kind::update ? audit::Event::update
                                                                         : audit::Event::remove;
        const auto recorded = parts_.gate.record_refusal(caller_, event, name(change.type),
                                                         "no access to this class of data");
        if (!recorded) return change.refuse(recorded.error());
    }
    change.refuse(Error(Errc::denied, "Your role or scopes do not permit this.",
                        "Ask the tenant's administrator."));
}

/// What the resource itself tells, before anything is looked up.
void ChangeSet::check(Change& change) {
    if (!may_change(change)) return refuse_role(change);
    if (change.kind == Change::Kind::remove) return;
    std::vector<Issue> issues = validate(change.resource);
    if (!issues.empty()) {
        for (Issue& issue : issues)
            issue.path = placed(change, issue.path);
        return change.refuse(
            {Error(Errc::invalid, "The resource is not valid FHIR R4."), std::move(issues)});
    }
    if (change.resource.string("resourceType") != name(change.type))
        return change.refuse(
            Error(Errc::invalid, "The resource's type is not the one of the URL."));
    if (change.kind != Change::Kind::update) return;
    const std::string_view own_id = change.resource.string("id");
    if (!change.condition_text.empty())
        change.id = own_id;
    else if (own_id != change.id)
        change.refuse(Error(Errc::invalid, "The resource's id is not the one of the URL.",
                            "Give the resource the id that the URL names."));
}

Result<void> ChangeSet::parse_conditions() {
    for (Change& change : changes) {
        if (change.state != Change::State::open) continue;
        if (!change.condition_text.empty())
            if (const auto parsed = parse_condition(change); !parsed) {
                change.refuse(parsed.error());
                continue;
            }
        for (const JsonNode& node : change.resource.nodes()) {
            if (node.kind != JsonKind::string || node.key != "reference") continue;
            if (node.text.find('?') == std::string_view::npos) continue;
            if (const auto added = add_linked(node.text); !added) {
                change.refuse(added.error());
                break;
            }
        }
    }
    return {};
}

Result<void> ChangeSet::parse_condition(Change& change) {
    SALUS_TRY(Condition condition,
              Condition::parse(change.type, change.condition_text, keys_->index()));
    change.condition = std::make_unique<Condition>(std::move(condition));
    return {};
}

Result<void> ChangeSet::add_linked(std::string_view text) {
    if (linked_.contains(text)) return {};
    const Reference reference = parse_reference(text);
    if (reference.kind != Reference::Kind::conditional || !reference.type) return {};
    SALUS_TRY(Condition condition,
              Condition::parse(*reference.type, reference.query, keys_->index()));
    linked_.emplace(text, LinkedCondition{text, std::move(condition)});
    return {};
}

/// Conditions see what their caller may search, and nothing else.
Result<void> ChangeSet::set_scopes() {
    scopes_.clear();
    const auto scope_of = [this](ResourceType type) -> Result<const access::SearchScope*> {
        const auto found = scopes_.find(type);
        if (found != scopes_.end()) return &found->second;
        SALUS_TRY(access::SearchScope scope,
                  parts_.gate.search_scope(caller_, data_class(type), name(type)));
        return &scopes_.emplace(type, std::move(scope)).first->second;
    };
    for (auto& [text, linked] : linked_) {
        SALUS_TRY(linked.condition.scope, scope_of(linked.condition.query.type()));
    }
    for (Change& change : changes) {
        if (change.state != Change::State::open || !change.condition) continue;
        SALUS_TRY(change.condition->scope, scope_of(change.type));
    }
    return {};
}

bool ChangeSet::needs_look_up() const {
    if (!linked_.empty() || !request_key.empty()) return true;
    return std::any_of(changes.begin(), changes.end(), [](const Change& change) {
        return change.state == Change::State::open &&
               (change.condition || change.kind != Change::Kind::create);
    });
}

void ChangeSet::decide(Change& change) {
    if (change.updated_us == 0) {
        // Milliseconds, so that the row's time and the resource's meta.lastUpdated are the same.
        const TimeUs now = parts_.clock.now_us();
        change.updated_us = now - now % 1000;
    }
    switch (change.kind) {
        case Change::Kind::create:
            return decide_create(change);
        case Change::Kind::update:
            return decide_update(change);
        case Change::Kind::remove:
            return decide_remove(change);
    }
}

void ChangeSet::decide_create(Change& change) {
    if (change.condition && !change.condition->matches.empty()) {
        if (change.condition->several()) return change.refuse(kSeveral);
        const Match& match = change.condition->matches.front();
        change.key = match.key;
        change.id = match.id;
        change.version = match.version;
        change.updated_us = match.updated_us;
        change.old_patients = match.patients;
        return change.settle(200);
    }
    change.status = 201;
    if (change.fresh) return;  // the id stays from one try to the next
    change.fresh = true;
    change.key = {change.type, crypto::new_uuid_v7(change.updated_us)};
    change.id = change.key.id.to_string();
}

void ChangeSet::decide_update(Change& change) {
    if (!change.condition) {
        change.key = {change.type, resource_key(keys_->index(), change.type, change.id)};
        return decide_update_of(change, bases_[change.key]);
    }
    if (change.condition->several()) return change.refuse(kSeveral);
    const std::string_view own_id = change.resource.string("id");
    if (change.condition->matches.empty()) {
        if (own_id.empty()) return decide_create(change);
        change.id = own_id;
        change.key = {change.type, resource_key(keys_->index(), change.type, change.id)};
        return decide_update_of(change, bases_[change.key]);
    }
    const Match& match = change.condition->matches.front();
    if (!own_id.empty() && own_id != match.id)
        return change.refuse(
            Error(Errc::invalid, "The resource's id is not the one the condition selects."));
    change.fresh = false;
    change.key = match.key;
    change.id = match.id;
    decide_update_of(change, {match.version, false, match.patients});
}

void ChangeSet::decide_update_of(Change& change, const Base& base) {
    const bool present = base.version > 0 && !base.deleted;
    if (change.if_match && (!present || *change.if_match != base.version))
        return change.refuse(kOtherVersion);
    change.version = base.version + 1;
    change.old_patients = base.patients;
    change.status = present ? 200 : 201;
}

void ChangeSet::decide_remove(Change& change) {
    Base base;
    if (change.condition) {
        if (change.condition->several()) return change.refuse(kSeveral);
        if (change.condition->matches.empty()) return change.settle(204);
        const Match& match = change.condition->matches.front();
        change.key = match.key;
        change.id = match.id;
        base = {match.version, false, match.patients};
    } else {
        change.key = {change.type, resource_key(keys_->index(), change.type, change.id)};
        base = bases_[change.key];
    }
    const bool present = base.version > 0 && !base.deleted;
    if (change.if_match && (!present || *change.if_match != base.version))
        return change.refuse(kOtherVersion);
    if (!present) {
        const auto recorded = parts_.gate.record_refusal(caller_, audit::Event::remove,
                                                         name(change.type), "no such resource");
        if (!recorded) return change.refuse(recorded.error());
        return change.refuse(Error(Errc::not_found, "There is no such resource."));
    }
    change.version = base.version + 1;
    change.old_patients = base.patients;
    change.status = 204;
}

/// FHIR R4 3.1.0.11.2: a transaction in which two entries concern one resource fails.
void ChangeSet::refuse_overlaps() {
    std::set<RowKey> keys;
    std::set<std::pair<ResourceType, std::string_view>> conditions;
    std::set<std::string_view> full_urls;
    for (Change& change : changes) {
        if (change.state != Change::State::open) continue;
        const bool twice = !keys.insert(change.key).second ||
                           (change.condition && change.condition->matches.empty() &&
                            !conditions.emplace(change.type, change.condition_text).second) ||
                           (!change.full_url.empty() && !full_urls.insert(change.full_url).second);
        if (twice)
            change.refuse(
                Error(Errc::invalid, "Two entries of the transaction concern one resource."));
    }
}

}  // namespace salus::fhir
