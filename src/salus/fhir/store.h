#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "salus/access/gate.h"
#include "salus/core/secret.h"
#include "salus/db/pool.h"
#include "salus/fhir/search_index.h"
#include "salus/keys/keystore.h"

namespace salus::fhir {

struct Condition;  // detail/store_condition.h

/// Which resource: its type and internal key.
struct RowKey {
    ResourceType type{};
    Uuid id;
    friend auto operator<=>(const RowKey&, const RowKey&) = default;
};

/// A version of a resource as its row holds it: whose it is shows, what it says is sealed.
struct SealedRow {
    RowKey key;
    std::int32_t version = 0;
    TimeUs updated_us = 0;
    std::vector<PatientId> patients;
    Bytes body;  ///< empty: this version is a deletion
    [[nodiscard]] bool deleted() const { return body.empty(); }
};
/// What the Gate decides on.
access::Target target_of(const SealedRow& row);

/// One change of one resource, prepared: valid, serialised, compressed, sealed, indexed.
struct WriteOp {
    access::Action action = access::Action::create;
    RowKey key;
    std::int32_t version =
        1;               ///< the one it makes; the one before it must be current when it commits
    bool fresh = false;  ///< the key was just made, so nobody else can be writing it
    TimeUs updated_us = 0;
    Bytes body;  ///< sealed; empty: a deletion
    SearchIndex index;
    std::vector<PatientId> old_patients;  ///< of the version before
    [[nodiscard]] bool inserts() const { return version == 1; }
};

/// The changes of one request: all or none of them.
struct WriteJob {
    enum class Outcome : std::uint8_t {
        waiting,
        committed,
        changed,  ///< something it was prepared against is not so any more: prepare it again
        applied,  ///< its request key was applied before
        failed,   ///< see error
    };
    const identity::Caller* caller = nullptr;
    audit::Event event = audit::Event::create;
    std::vector<WriteOp> ops;
    std::vector<Condition*> absent;  ///< nothing may match them when it commits (If-None-Exist)
    Bytes request_key;
    TimeUs at_us = 0;
    Outcome outcome = Outcome::waiting;
    std::optional<Error> error;
    [[nodiscard]] std::size_t weight() const { return ops.size() + absent.size(); }
};

/// The sealed rows of all tenants' resources. Rows may be looked up by anyone in the room; their
/// text comes out only against a decision of the Gate, and goes in only through `write`, which asks
/// the Gate inside its transaction. Thread-safe; concurrent calls for one tenant share round trips
/// (reads) and transactions (writes).
class ChartStore {
  public:
    ChartStore(db::Pool& pool, keys::Keystore& keystore, access::Gate& gate,
               access::CareIndex& care, Logger& log);
    ~ChartStore();

    /// The current version. Errors: unavailable, timeout, too_many_requests.
    Result<std::optional<SealedRow>> find(TenantContext tenant, const RowKey& key);
    Result<std::optional<SealedRow>> find_version(TenantContext tenant, const RowKey& key,
                                                  std::int32_t version);
    /// Versions below `before`, newest first, at most `limit`. The newest of all is `find`'s.
    Result<std::vector<SealedRow>> versions(TenantContext tenant, const RowKey& key,
                                            std::int32_t before, std::size_t limit);

    /// The texts of rows that the decision covers, in their order. Errors: denied (not covered),
    /// integrity (does not open: damaged, or moved from another row or tenant).
    Result<std::vector<Phi<std::string>>> read(TenantContext tenant,
                                               std::span<const SealedRow> rows,
                                               access::AccessDecision&& decision);
    Result<Phi<std::string>> read(TenantContext tenant, const SealedRow& row,
                                  access::AccessDecision&& decision);

    /// Applies one job, shared with others. Errors: too_many_requests; the job's own outcome is in
    /// it.
    Result<void> write(WriteJob& job);
    /// Applies jobs that come together (a batch) in shared transactions.
    void write(std::span<WriteJob*> jobs);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Opens a candidate of a search, to compare it. Nothing of it is disclosed by that: results need a
/// decision. Errors: denied (out of the scope), integrity.
Result<Phi<std::string>> open_candidate(const keys::TenantKeys& keys, const SealedRow& row,
                                        const access::SearchScope& scope);
/// May a row be looked at in this scope? All its patients must be (minimum necessary).
bool in_scope(const access::SearchScope& scope, ResourceType type,
              std::span<const PatientId> patients);
/// Compresses and seals the text of a version for its place.
Bytes seal_body(const keys::TenantKeys& keys, const RowKey& key, std::int32_t version,
                std::string_view json);

}  // namespace salus::fhir
