#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "salus/fhir/search_index.h"

namespace salus::fhir {

using QueryPairs = std::vector<std::pair<std::string, std::string>>;  ///< decoded names and values

/// A parsed search of one type. Immutable; thread-safe.
class Query {
  public:
    /// Unknown parameters, modifiers and prefixes are refused (invalid / unsupported, naming no
    /// value). Paging parameters (_count, _cursor) and _format are taken out by the caller first.
    static Result<Query> parse(ResourceType type, const QueryPairs& pairs);
    Query(Query&&) noexcept;
    ~Query();

    [[nodiscard]] ResourceType type() const;
    /// Exact: does the opened resource match every criterion?
    [[nodiscard]] bool matches(std::string_view id, JsonView resource) const;

    /// How the store finds candidates: a superset of the matches, never less.
    struct Plan {
        std::vector<Uuid> ids;  ///< from _id; empty with has_ids: nothing matches
        bool has_ids = false;
        std::vector<PatientId> patients;  ///< from patient / subject; any of them
        bool has_patients = false;
        /// AND of ORs over the token table.
        std::vector<std::vector<std::int64_t>> tokens;
        /// AND of ORs over resource.codes.
        std::vector<std::vector<std::int64_t>> codes;
        /// ids, patients and 64-bit codes say all of it: candidates are the matches, and a total
        /// can be counted without opening them.
        bool exact = false;
        /// [from, to) on the row's updated_us, from _lastUpdated (exact).
        std::int64_t updated_from_us = INT64_MIN;
        std::int64_t updated_to_us = INT64_MAX;
    };
    [[nodiscard]] Plan plan(const crypto::HmacKey& index) const;

  private:
    struct Impl;
    explicit Query(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// application/x-www-form-urlencoded, strict: bad escapes, NUL and invalid UTF-8 are refused.
Result<QueryPairs> parse_form(std::string_view text);

}  // namespace salus::fhir
