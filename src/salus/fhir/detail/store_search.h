#pragma once

#include <optional>

#include "salus/fhir/query.h"
#include "salus/fhir/store.h"

namespace salus::fhir {

/// Which part of the answer: `count` matches in the order of their keys, from `from` on.
struct PageSpec {
    Uuid from;
    std::size_t count = limits::kPageDefault;
    std::optional<std::size_t> known_total;  ///< of an earlier page: it is not counted again
};

struct SearchPage {
    std::vector<SealedRow> rows;
    std::size_t total = 0;
    std::optional<Uuid> next_from;  ///< there is more
};

/// Finds the matches of a query inside a scope. Candidates come from the cheapest index that the
/// plan offers; unless the plan is exact, each is opened and compared, so answers and totals are
/// exact. Lives for one call; not thread-safe.
class Searcher {
  public:
    Searcher(db::TenantTx& tx, const keys::TenantKeys& keys, const access::SearchScope& scope)
        : tx_(tx), keys_(keys), scope_(scope) {}

    /// Errors: too_large (over limits::kCandidates), timeout, unavailable, integrity.
    Result<SearchPage> run(const Query& query, const PageSpec& spec);

  private:
    /// A row that may match; certain: the index alone says that it does.
    struct Candidate {
        Uuid id;
        bool certain = false;
    };
    struct Run;
    Result<std::vector<Candidate>> candidates(Run& run);
    Result<std::vector<Candidate>> by_patient(Run& run, std::vector<PatientId> patients,
                                              bool also_further);
    Result<SearchPage> page_of(Run& run, std::vector<Candidate> candidates);
    Result<SearchPage> scan(Run& run);
    Result<SearchPage> scan_exact(Run& run);
    Result<std::vector<SealedRow>> rows(const Run& run, std::span<const Uuid> ids);
    Result<std::vector<SealedRow>> rows_from(const Run& run, const Uuid& from, std::size_t limit);
    Result<bool> matches(const Run& run, const SealedRow& row) const;

    db::TenantTx& tx_;
    const keys::TenantKeys& keys_;
    const access::SearchScope& scope_;
};

/// The statements of searches, for the test that looks at their plans.
struct SearchStatement {
    std::string_view name;
    std::string_view sql;
};
std::vector<SearchStatement> search_statements();

/// The token under which a row is found for its second and further patients.
std::int64_t compartment_token(const crypto::HmacKey& index, PatientId patient);
/// The key after this one.
Uuid next_key(const Uuid& key);

}  // namespace salus::fhir
