#include "salus/fhir/detail/store_condition.h"

#include <algorithm>
#include <unordered_map>

#include "salus/fhir/detail/store_rows.h"
#include "salus/fhir/detail/store_search.h"

namespace salus::fhir {
namespace {

constexpr std::size_t kBulkRows = 200'000;  ///< candidates of all conditions of a request

constexpr db::Sql kByTokens("SELECT " SALUS_ROW_COLUMNS(
    "r") ", t.token FROM unnest($2::bigint[]) k(token) "
         "JOIN token t ON t.tenant_id = $1 AND t.token = k.token "
         "JOIN resource r ON r.tenant_id = $1 AND r.type = t.type AND r.id = t.id "
         "WHERE r.body IS NOT NULL LIMIT $3");

using ByToken = std::unordered_multimap<std::int64_t, Condition*>;

/// Compares one candidate with the conditions that its token leads to.
Result<void> compare(const keys::TenantKeys& keys, SealedRow row, std::int64_t token,
                     const ByToken& by_token) {
    std::optional<JsonDocument> document;
    const auto [first, last] = by_token.equal_range(token);
    for (auto it = first; it != last; ++it) {
        Condition& condition = *it->second;
        if (condition.query.type() != row.key.type || condition.several()) continue;
        if (!in_scope(*condition.scope, row.key.type, row.patients)) continue;
        const bool known = std::any_of(condition.matches.begin(), condition.matches.end(),
                                       [&](const Match& m) { return m.key == row.key; });
        if (known) continue;  // a second token of the same OR group
        if (!document) {
            SALUS_TRY(const Phi<std::string> text, open_candidate(keys, row, *condition.scope));
            SALUS_TRY(JsonDocument parsed, JsonDocument::parse(text.disclose()));
            document.emplace(std::move(parsed));
        }
        const std::string_view id = document->root().string("id");
        if (!condition.query.matches(id, document->root())) continue;
        condition.matches.push_back(
            {row.key, std::string(id), row.version, row.updated_us, row.patients});
    }
    return {};
}

Result<void> resolve_alone(db::TenantTx& tx, const keys::TenantKeys& keys, Condition& condition) {
    Searcher searcher(tx, keys, *condition.scope);
    SALUS_TRY(SearchPage page, searcher.run(condition.query, {Uuid(), 2, 0}));
    for (SealedRow& row : page.rows) {
        SALUS_TRY(const Phi<std::string> text, open_candidate(keys, row, *condition.scope));
        SALUS_TRY(const JsonDocument document, JsonDocument::parse(text.disclose()));
        condition.matches.push_back({row.key, std::string(document.root().string("id")),
                                     row.version, row.updated_us, std::move(row.patients)});
    }
    return {};
}

}  // namespace

Result<Condition> Condition::parse(ResourceType type, std::string_view text,
                                   const crypto::HmacKey& index) {
    SALUS_TRY(const QueryPairs pairs, parse_form(text));
    if (pairs.empty())
        return fail(Errc::invalid, "A condition has no search criterion.",
                    "Give one, for example identifier=system|value.");
    SALUS_TRY(Query query, Query::parse(type, pairs));
    Query::Plan plan = query.plan(index);
    return Condition{std::move(query), std::move(plan), nullptr, {}};
}

std::int32_t Condition::stripe() const {
    std::uint64_t value = static_cast<std::uint64_t>(query.type());
    if (!plan.tokens.empty() && !plan.tokens.front().empty())
        value = static_cast<std::uint64_t>(plan.tokens.front().front());
    return static_cast<std::int32_t>(value % kStripes);
}

Result<void> resolve_conditions(db::TenantTx& tx, const keys::TenantKeys& keys,
                                std::span<Condition*> conditions) {
    ByToken by_token;
    std::vector<std::int64_t> tokens;
    for (Condition* condition : conditions) {
        condition->matches.clear();
        if (condition->plan.tokens.empty()) {
            SALUS_CHECK(resolve_alone(tx, keys, *condition));
            continue;
        }
        for (const std::int64_t token : condition->plan.tokens.front()) {
            by_token.emplace(token, condition);
            tokens.push_back(token);
        }
    }
    if (tokens.empty()) return {};
    std::sort(tokens.begin(), tokens.end());
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    db::Params params;
    params.i64(keys.tenant().value()).i64s(tokens).i64(static_cast<std::int64_t>(kBulkRows + 1));
    SALUS_TRY(const db::Rows rows, tx.query(kByTokens, params));
    if (rows.size() > kBulkRows)
        return fail(Errc::too_large, "The conditions of the request select too many candidates.",
                    "Use identifiers in conditions.");
    for (std::size_t i = 0; i < rows.size(); ++i)
        SALUS_CHECK(compare(keys, read_row(rows, i), rows.i64(i, kRowColumns), by_token));
    return {};
}

}  // namespace salus::fhir
