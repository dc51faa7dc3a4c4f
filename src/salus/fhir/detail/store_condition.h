#pragma once

#include "salus/fhir/query.h"
#include "salus/fhir/store.h"

namespace salus::fhir {

/// A resource that a condition selects.
struct Match {
    RowKey key;
    std::string id;
    std::int32_t version = 0;
    TimeUs updated_us = 0;
    std::vector<PatientId> patients;
};

/// A search that must select one resource or none: If-None-Exist, a conditional update or delete, a
/// conditional reference ("Practitioner?identifier=…").
struct Condition {
    Query query;
    Query::Plan plan;
    const access::SearchScope* scope = nullptr;  ///< of the caller, for the query's type
    std::vector<Match> matches;                  ///< found last; two stand for "several"

    /// Errors: invalid, unsupported (as Query::parse); invalid when it has no criterion at all.
    static Result<Condition> parse(ResourceType type, std::string_view text,
                                   const crypto::HmacKey& index);
    /// Which of kStripes locks guards it: conditions on one identifier always share a stripe.
    [[nodiscard]] std::int32_t stripe() const;
    [[nodiscard]] bool several() const { return matches.size() > 1; }
};

/// Writers that rely on the absence of a match hold the condition's stripe until they commit.
inline constexpr std::int32_t kStripes = 64;

/// Fills `matches` of every condition. Those with selective tokens are answered by one query
/// together. Errors: too_large, timeout, unavailable, integrity.
Result<void> resolve_conditions(db::TenantTx& tx, const keys::TenantKeys& keys,
                                std::span<Condition*> conditions);

}  // namespace salus::fhir
