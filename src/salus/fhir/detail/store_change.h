#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "salus/fhir/detail/store_condition.h"
#include "salus/fhir/detail/store_parts.h"
#include "salus/fhir/detail/store_prepare.h"

namespace salus::fhir {

/// Why a change was refused: an error, and where it helps the places in the input.
struct Problem {
    Error error;
    std::vector<Issue> issues;
};

/// If-Match names another version. Also the answer when nothing is there, or nothing that the
/// caller may change: with If-Match the three look alike.
extern const Error kOtherVersion;

/// One write that a request asks for, from the asking to its outcome.
struct Change {
    enum class Kind : std::uint8_t { create, update, remove };

    // What is asked. Views live in the request.
    Kind kind = Kind::create;
    ResourceType type{};
    JsonView resource;                ///< of create and update
    std::string id;                   ///< of update and remove; empty where a condition selects
    std::string_view condition_text;  ///< If-None-Exist, or the query of a conditional write
    std::optional<std::int32_t> if_match;
    std::string_view full_url;         ///< of a bundle's entry
    std::optional<std::size_t> entry;  ///< its position

    // What was found and decided.
    std::unique_ptr<Condition> condition;
    RowKey key;
    bool fresh = false;
    std::int32_t version = 1;  ///< the one it makes, or the match's that makes it unnecessary
    TimeUs updated_us = 0;
    std::vector<PatientId> old_patients;

    // How it went.
    enum class State : std::uint8_t { open, settled, refused };
    State state = State::open;
    int status = 0;    ///< of a settled one
    std::string text;  ///< the resource as stored, where wanted
    std::optional<Problem> problem;

    [[nodiscard]] std::string reference() const;
    void settle(int with_status);
    void refuse(Problem why);
    void refuse(const Error& why) { refuse(Problem{why, {}}); }
};

/// Carries out the changes of one request: validates, looks up what they depend on, prepares rows,
/// and writes them; again from the look-up when something moved in between. Atomic: all or none (a
/// transaction); otherwise each has its own outcome, and they share transactions. Lives for one
/// request.
class ChangeSet {
  public:
    enum class Mode : std::uint8_t { each, atomic };
    ChangeSet(StoreParts& parts, const identity::Caller& caller, Mode mode)
        : parts_(parts), caller_(caller), mode_(mode), references_(parts.base_url) {}

    std::vector<Change> changes;
    Bytes request_key;
    bool want_text = false;

    /// An error concerns the request as a whole; otherwise every change is settled or, unless one
    /// refused in atomic mode stopped them all, refused.
    Result<void> run();
    /// The request key was applied before: nothing was done now.
    [[nodiscard]] bool applied_before() const { return applied_; }
    /// Any change was refused (in atomic mode: nothing was stored).
    [[nodiscard]] bool refused() const;

  private:
    struct LinkedCondition {  ///< of a conditional reference
        std::string_view text;
        Condition condition;
    };
    struct Base {  ///< the current version of an explicit target
        std::int32_t version = 0;
        bool deleted = false;
        std::vector<PatientId> patients;
    };

    [[nodiscard]] bool may_change(const Change& change) const;
    void refuse_role(Change& change);
    void check(Change& change);
    Result<void> parse_conditions();
    Result<void> parse_condition(Change& change);
    Result<void> add_linked(std::string_view text);
    Result<void> set_scopes();
    Result<void> look_up();
    Result<void> look_up_bases(db::TenantTx& tx);
    Result<void> look_up_request_key(db::TenantTx& tx);
    Result<void> match_inside_bundle();
    Result<void> record_matches();
    void decide(Change& change);
    void decide_create(Change& change);
    void decide_update(Change& change);
    void decide_update_of(Change& change, const Base& base);
    void decide_remove(Change& change);
    void refuse_overlaps();
    Result<void> link();
    Result<void> attempt();
    bool prepare(Change& change, WriteOp& op);
    Result<void> write_atomic();
    Result<void> write_each();
    Result<void> write_request_key();
    void write_jobs(std::vector<WriteJob>& jobs, std::span<const std::size_t> owners);
    void take_outcome(Change& change, const WriteJob& job);
    [[nodiscard]] bool open_left() const;
    [[nodiscard]] bool needs_look_up() const;

    StoreParts& parts_;
    const identity::Caller& caller_;
    const Mode mode_;
    std::shared_ptr<const keys::TenantKeys> keys_;
    References references_;
    std::unique_ptr<Preparer> preparer_;
    std::map<std::string_view, LinkedCondition> linked_;
    std::map<ResourceType, access::SearchScope> scopes_;
    std::map<RowKey, Base> bases_;
    std::set<std::pair<ResourceType, Change::Kind>> denied_;
    std::set<RowKey> recorded_;  ///< matches whose disclosure is in the audit log
    bool applied_ = false;
};

}  // namespace salus::fhir
