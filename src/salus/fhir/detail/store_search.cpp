#include "salus/fhir/detail/store_search.h"

#include <algorithm>
#include <iterator>

#include "salus/fhir/detail/store_rows.h"

namespace salus::fhir {
namespace {

constexpr std::size_t kChunk = 500;  ///< rows with bodies that are held at a time
constexpr std::size_t kGroups = 4;   ///< AND groups of codes that SQL compares
constexpr std::size_t kPatientsFirst =
    64;  ///< up to so many patients, they select better than tokens

// Parameters that every statement shares: $1 tenant, $2 type, $3 and $4 the bounds of updated_us,
// $5 to $8 groups of codes, empty where there is none.
// clang-format off
#define SALUS_SEARCH_FILTER(type_of)                                                          \
    "r.tenant_id = $1 AND " type_of " = $2 AND r.body IS NOT NULL "                           \
    "AND r.updated_us >= $3 AND r.updated_us < $4 "                                           \
    "AND (cardinality($5::bigint[]) = 0 OR r.codes && $5) "                                   \
    "AND (cardinality($6::bigint[]) = 0 OR r.codes && $6) "                                   \
    "AND (cardinality($7::bigint[]) = 0 OR r.codes && $7) "                                   \
    "AND (cardinality($8::bigint[]) = 0 OR r.codes && $8)"
// The type as the primary key has it, and as resource_patient alone does: see the migration.
#define SALUS_BY_TYPE SALUS_SEARCH_FILTER("r.type")
#define SALUS_IN_PATIENT SALUS_SEARCH_FILTER("r.type::int")

// Rows of known keys come one by one out of the primary key: OFFSET 0 keeps the planner from
// reading the whole type instead while it has no statistics yet.
#define SALUS_EACH(columns, key)                                                              \
    "CROSS JOIN LATERAL (SELECT " columns " FROM resource r WHERE " SALUS_BY_TYPE              \
    " AND r.id = " key " OFFSET 0) r"

constexpr db::Sql kByPatient(
    "SELECT r.id, r.patient, r.more_patients FROM resource r WHERE " SALUS_IN_PATIENT
    " AND r.patient = ANY($9::uuid[]) UNION ALL SELECT r.id, r.patient, r.more_patients "
    "FROM token t " SALUS_EACH("r.id, r.patient, r.more_patients", "t.id")
    " WHERE t.tenant_id = $1 AND t.token = ANY($10::bigint[]) AND t.type = $2 LIMIT $11");

constexpr db::Sql kByToken(
    "SELECT r.id, r.patient, r.more_patients FROM ("
    "SELECT t.id FROM unnest($9::bigint[], $10::int[]) g(token, part) "
    "JOIN token t ON t.tenant_id = $1 AND t.token = g.token AND t.type = $2 "
    "GROUP BY t.id HAVING count(DISTINCT g.part) = $11 LIMIT $12) m "
    SALUS_EACH("r.id, r.patient, r.more_patients", "m.id"));

constexpr db::Sql kByIds(
    "SELECT " SALUS_ROW_COLUMNS("r") " FROM unnest($9::uuid[]) k(id) "
    SALUS_EACH(SALUS_ROW_COLUMNS("r"), "k.id"));

constexpr db::Sql kFrom(
    "SELECT " SALUS_ROW_COLUMNS("r") " FROM resource r WHERE " SALUS_BY_TYPE
    " AND r.id >= $9 ORDER BY r.id LIMIT $10");

constexpr db::Sql kCount("SELECT count(*) FROM resource r WHERE " SALUS_BY_TYPE);
// clang-format on

constexpr ConstText kTooMany = "The search selects more candidates than the limit kCandidates.";
constexpr ConstText kNarrow = "Narrow the search, for example to one patient or an identifier.";

}  // namespace

/// What one call works with.
struct Searcher::Run {
    const Query& query;
    Query::Plan plan;
    PageSpec spec;
    bool exact;
    ResourceType type;

    [[nodiscard]] db::Params params(TenantId tenant) const {
        db::Params out;
        out.i64(tenant.value()).i16(static_cast<std::int16_t>(type));
        out.i64(plan.updated_from_us).i64(plan.updated_to_us);
        for (std::size_t i = 0; i < kGroups; ++i) {
            if (i < plan.codes.size())
                out.i64s(plan.codes[i]);
            else
                out.i64s({});
        }
        return out;
    }
};

std::vector<SearchStatement> search_statements() {
    return {{"by_patient", kByPatient.text()},
            {"by_token", kByToken.text()},
            {"by_ids", kByIds.text()},
            {"key_range", kFrom.text()},
            {"count", kCount.text()}};
}

std::int64_t compartment_token(const crypto::HmacKey& index, PatientId patient) {
    std::array<std::uint8_t, 12 + 16> message{'c', 'o', 'm', 'p', 'a', 'r',
                                              't', 'm', 'e', 'n', 't'};
    const Uuid key = patient.value();
    std::copy(key.bytes().begin(), key.bytes().end(), message.begin() + 12);
    return index.token(message);
}

Uuid next_key(const Uuid& key) {
    auto bytes = key.bytes();
    for (std::size_t i = bytes.size(); i-- > 0;)
        if (++bytes[i] != 0) return Uuid(bytes);
    return key;  // the last of all keys: a page that ends there has nothing behind it
}

Result<SearchPage> Searcher::run(const Query& query, const PageSpec& spec) {
    Run run{query, query.plan(keys_.index()), spec, false, query.type()};
    run.exact = run.plan.exact && run.plan.codes.size() <= kGroups;
    if (scope_.reach() == access::Reach::none) return SearchPage{};
    const bool whole_tenant = scope_.reach() == access::Reach::tenant ||
                              data_class(run.type) == access::DataClass::reference;
    if (whole_tenant && !run.plan.has_ids && !run.plan.has_patients && run.plan.tokens.empty())
        return run.exact ? scan_exact(run) : scan(run);
    SALUS_TRY(auto found, candidates(run));
    return page_of(run, std::move(found));
}

Result<std::vector<Searcher::Candidate>> Searcher::candidates(Run& run) {
    const Query::Plan& plan = run.plan;
    if (plan.has_ids) {
        std::vector<Candidate> out;
        for (const Uuid& id : plan.ids)
            out.push_back({id, false});
        return out;
    }
    const bool by_tokens =
        !plan.tokens.empty() && (!plan.has_patients || plan.patients.size() > kPatientsFirst);
    if (!by_tokens) {
        if (!plan.has_patients) return by_patient(run, scope_.patients(), false);
        std::vector<PatientId> patients = plan.patients;
        return by_patient(run, std::move(patients), true);
    }
    db::Params params = run.params(keys_.tenant());
    std::vector<std::int64_t> tokens;
    std::vector<std::int32_t> parts;
    for (std::size_t part = 0; part < plan.tokens.size(); ++part)
        for (const std::int64_t token : plan.tokens[part]) {
            tokens.push_back(token);
            parts.push_back(static_cast<std::int32_t>(part));
        }
    params.i64s(tokens).i32s(parts).i64(static_cast<std::int64_t>(plan.tokens.size()));
    params.i64(static_cast<std::int64_t>(limits::kCandidates + 1));
    SALUS_TRY(db::Rows rows, tx_.query(kByToken, params));
    if (rows.size() > limits::kCandidates) return fail(Errc::too_large, kTooMany, kNarrow);
    std::vector<Candidate> out;
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (in_scope(scope_, run.type, read_patients(rows, i, 1, 2)))
            out.push_back({rows.uuid(i, 0), false});
    return out;
}

/// `also_further`: rows that name one of the patients second or later are found by their token.
Result<std::vector<Searcher::Candidate>> Searcher::by_patient(Run& run,
                                                              std::vector<PatientId> patients,
                                                              bool also_further) {
    std::vector<Uuid> keys;
    std::vector<std::int64_t> tokens;
    for (const PatientId patient : patients) {
        if (!in_scope(scope_, run.type, {&patient, 1})) continue;
        keys.push_back(patient.value());
        if (also_further) tokens.push_back(compartment_token(keys_.index(), patient));
    }
    db::Params params = run.params(keys_.tenant());
    params.uuids(keys).i64s(tokens).i64(static_cast<std::int64_t>(limits::kCandidates + 1));
    SALUS_TRY(db::Rows rows, tx_.query(kByPatient, params));
    if (rows.size() > limits::kCandidates) return fail(Errc::too_large, kTooMany, kNarrow);
    std::vector<Candidate> out;
    out.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const bool one = rows.is_null(i, 2);
        if (!one && !in_scope(scope_, run.type, read_patients(rows, i, 1, 2))) continue;
        out.push_back({rows.uuid(i, 0), run.exact && one});
    }
    return out;
}

Result<SearchPage> Searcher::page_of(Run& run, std::vector<Candidate> candidates) {
    std::sort(candidates.begin(), candidates.end(),
              [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
    candidates.erase(
        std::unique(candidates.begin(), candidates.end(),
                    [](const Candidate& a, const Candidate& b) { return a.id == b.id; }),
        candidates.end());
    SearchPage page;
    std::vector<Candidate> work;
    for (const Candidate& candidate : candidates) {
        if (candidate.id < run.spec.from) continue;
        work.push_back(candidate);
    }
    const bool count_all = !run.spec.known_total;
    if (!count_all) page.total = *run.spec.known_total;
    for (std::size_t at = 0; at < work.size();) {
        const bool full = page.rows.size() == run.spec.count;
        if (full && !count_all && page.next_from) break;
        std::vector<Uuid> chunk;
        for (; at < work.size() && chunk.size() < kChunk; ++at) {
            const bool wanted = page.rows.size() + chunk.size() < run.spec.count;
            if (work[at].certain && !wanted) {  // counted, and never fetched
                if (count_all) ++page.total;
                if (!page.next_from && page.rows.size() + chunk.size() >= run.spec.count)
                    page.next_from = work[at].id;
            } else {
                chunk.push_back(work[at].id);
            }
        }
        SALUS_TRY(std::vector<SealedRow> fetched, rows(run, chunk));
        for (SealedRow& row : fetched) {
            const auto known =
                std::lower_bound(work.begin(), work.end(), row.key.id,
                                 [](const Candidate& a, const Uuid& id) { return a.id < id; });
            SALUS_TRY(const bool match, known->certain ? Result<bool>(true) : matches(run, row));
            if (!match) continue;
            if (count_all) ++page.total;
            // What lies behind the next page's start belongs to that page.
            const bool before_next = !page.next_from || row.key.id < *page.next_from;
            if (!before_next) continue;
            if (page.rows.size() < run.spec.count)
                page.rows.push_back(std::move(row));
            else
                page.next_from = row.key.id;
        }
    }
    return page;
}

Result<SearchPage> Searcher::scan_exact(Run& run) {
    SearchPage page;
    const db::Params counted = run.params(keys_.tenant());
    if (run.spec.known_total) {
        page.total = *run.spec.known_total;
    } else {
        SALUS_TRY(db::Rows count, tx_.query(kCount, counted));
        page.total = static_cast<std::size_t>(count.i64(0, 0));
    }
    if (run.spec.count == 0) return page;
    SALUS_TRY(page.rows, rows_from(run, run.spec.from, run.spec.count + 1));
    if (page.rows.size() > run.spec.count) {
        page.next_from = page.rows.back().key.id;
        page.rows.pop_back();
    }
    return page;
}

Result<SearchPage> Searcher::scan(Run& run) {
    SearchPage page;
    if (run.spec.known_total) page.total = *run.spec.known_total;
    Uuid from = run.spec.from;
    for (std::size_t seen = 0;;) {
        SALUS_TRY(std::vector<SealedRow> chunk, rows_from(run, from, kChunk));
        seen += chunk.size();
        if (seen > limits::kCandidates) return fail(Errc::too_large, kTooMany, kNarrow);
        for (SealedRow& row : chunk) {
            SALUS_TRY(const bool match, matches(run, row));
            if (!match) continue;
            if (!run.spec.known_total) ++page.total;
            if (page.rows.size() < run.spec.count) {
                page.rows.push_back(row);
            } else if (!page.next_from) {
                page.next_from = row.key.id;
            }
        }
        if (chunk.size() < kChunk || (page.next_from && run.spec.known_total)) return page;
        from = next_key(chunk.back().key.id);
    }
}

Result<std::vector<SealedRow>> Searcher::rows(const Run& run, std::span<const Uuid> ids) {
    std::vector<SealedRow> out;
    if (ids.empty()) return out;
    db::Params params = run.params(keys_.tenant());
    params.uuids(ids);
    SALUS_TRY(db::Rows rows, tx_.query(kByIds, params));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        SealedRow row = read_row(rows, i);
        if (in_scope(scope_, run.type, row.patients)) out.push_back(std::move(row));
    }
    std::sort(out.begin(), out.end(),
              [](const SealedRow& a, const SealedRow& b) { return a.key < b.key; });
    return out;
}

Result<std::vector<SealedRow>> Searcher::rows_from(const Run& run, const Uuid& from,
                                                   std::size_t limit) {
    db::Params params = run.params(keys_.tenant());
    params.uuid(from).i64(static_cast<std::int64_t>(limit));
    SALUS_TRY(db::Rows rows, tx_.query(kFrom, params));
    std::vector<SealedRow> out;
    out.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        out.push_back(read_row(rows, i));
    return out;
}

Result<bool> Searcher::matches(const Run& run, const SealedRow& row) const {
    SALUS_TRY(const Phi<std::string> text, open_candidate(keys_, row, scope_));
    SALUS_TRY(const JsonDocument document, JsonDocument::parse(text.disclose()));
    return run.query.matches(document.root().string("id"), document.root());
}

}  // namespace salus::fhir
