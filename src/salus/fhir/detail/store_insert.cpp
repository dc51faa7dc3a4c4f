#include <algorithm>

#include "salus/fhir/detail/store_search.h"
#include "salus/fhir/detail/store_write.h"

namespace salus::fhir {
namespace {

constexpr std::size_t kRowsAtOnce = 2'000;
constexpr std::size_t kBytesAtOnce = 4 * 1024 * 1024;
constexpr std::size_t kTokensAtOnce = 20'000;

// The lists of codes travel as one array with each row's bounds in it: arrays of arrays must be
// rectangular in SQL.
#define SALUS_RESOURCE_ARRAYS                                                             \
    "unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::int[], $6::smallint[], $7::int[], " \
    "$8::int[], $9::bytea[], $10::bytea[]) "                                              \
    "u(updated_us, id, patient, version, type, lo, hi, more, body)"
#define SALUS_CODES "CASE WHEN u.hi > u.lo THEN ($11::bigint[])[u.lo + 1 : u.hi] END"

constexpr db::Sql kInsert(
    "INSERT INTO resource (tenant_id, updated_us, id, patient, version, type, codes, "
    "more_patients, body) SELECT $1, u.updated_us, u.id, u.patient, u.version, u.type, " SALUS_CODES
    ", NULLIF(u.more, ''), NULLIF(u.body, '') FROM " SALUS_RESOURCE_ARRAYS);

constexpr db::Sql kHistory(
    "INSERT INTO resource_history (tenant_id, updated_us, id, patient, version, type, flags, "
    "more_patients, body) SELECT r.tenant_id, r.updated_us, r.id, r.patient, r.version, r.type, "
    "r.flags, r.more_patients, r.body FROM unnest($2::smallint[], $3::uuid[]) k(type, id) "
    "JOIN resource r ON r.tenant_id = $1 AND r.type = k.type AND r.id = k.id");

constexpr db::Sql kUpdate(
    "UPDATE resource r SET updated_us = u.updated_us, patient = u.patient, version = u.version, "
    "codes = " SALUS_CODES
    ", more_patients = NULLIF(u.more, ''), body = NULLIF(u.body, '') "
    "FROM " SALUS_RESOURCE_ARRAYS " WHERE r.tenant_id = $1 AND r.type = u.type AND r.id = u.id");

constexpr db::Sql kInsertTokens(
    "INSERT INTO token (tenant_id, token, id, type) SELECT $1, u.token, u.id, u.type "
    "FROM unnest($2::bigint[], $3::uuid[], $4::smallint[]) u(token, id, type)");

// Tokens of an earlier version stay: they lead to candidates that are compared and dropped. An
// update adds only those that are new.
constexpr db::Sql kInsertNewTokens(
    "INSERT INTO token (tenant_id, token, id, type) SELECT $1, u.token, u.id, u.type "
    "FROM unnest($2::bigint[], $3::uuid[], $4::smallint[]) u(token, id, type) "
    "WHERE NOT EXISTS (SELECT 1 FROM token t WHERE t.tenant_id = $1 AND t.token = u.token "
    "AND t.id = u.id AND t.type = u.type)");

constexpr db::Sql kInsertKeys(
    "INSERT INTO applied_request (tenant_id, key, applied_us) SELECT $1, k, $3 "
    "FROM unnest($2::bytea[]) k");

/// The columns of one multi-row statement on `resource`.
struct Columns {
    std::vector<std::int64_t> updated;
    std::vector<Uuid> ids;
    std::vector<std::optional<Uuid>> patients;
    std::vector<std::int32_t> versions, lows, highs;
    std::vector<std::int16_t> types;
    std::vector<Bytes> more, bodies;
    std::vector<std::int64_t> codes;
    std::size_t bytes = 0;

    void add(WriteOp& op) {
        updated.push_back(op.updated_us);
        ids.push_back(op.key.id);
        const auto& whose = op.index.patients;
        patients.push_back(whose.empty() ? std::nullopt : std::optional(whose.front().value()));
        versions.push_back(op.version);
        types.push_back(static_cast<std::int16_t>(op.key.type));
        lows.push_back(static_cast<std::int32_t>(codes.size()));
        codes.insert(codes.end(), op.index.codes.begin(), op.index.codes.end());
        highs.push_back(static_cast<std::int32_t>(codes.size()));
        more.emplace_back();
        for (std::size_t i = 1; i < whose.size(); ++i)
            append(more.back(), whose[i].value().bytes());
        bytes += op.body.size() + 8 * op.index.codes.size();
        bodies.push_back(op.body);
    }
    [[nodiscard]] bool full() const { return ids.size() >= kRowsAtOnce || bytes >= kBytesAtOnce; }
    [[nodiscard]] db::Params params(TenantId tenant) const {
        db::Params out;
        out.i64(tenant.value()).i64s(updated).uuids(ids).uuids(patients).i32s(versions);
        out.i16s(types).i32s(lows).i32s(highs).bytea_array(more).bytea_array(bodies).i64s(codes);
        return out;
    }
};

void send_chunk(db::TenantTx& tx, Columns& columns, bool inserts) {
    if (columns.ids.empty()) return;
    if (inserts) {
        tx.send(kInsert, columns.params(tx.tenant()));
    } else {
        db::Params keys;
        keys.i64(tx.tenant().value()).i16s(columns.types).uuids(columns.ids);
        tx.send(kHistory, keys);
        tx.send(kUpdate, columns.params(tx.tenant()));
    }
    columns = Columns();
}

void send_resources(db::TenantTx& tx, std::span<WriteOp*> ops) {
    Columns created, changed;
    for (WriteOp* op : ops) {
        Columns& columns = op->inserts() ? created : changed;
        columns.add(*op);
        if (columns.full()) send_chunk(tx, columns, op->inserts());
    }
    send_chunk(tx, created, true);
    send_chunk(tx, changed, false);
}

void send_tokens(db::TenantTx& tx, const keys::TenantKeys& keys, std::span<WriteOp*> ops,
                 bool inserts) {
    std::vector<std::int64_t> tokens;
    std::vector<Uuid> ids;
    std::vector<std::int16_t> types;
    const auto send = [&] {
        if (tokens.empty()) return;
        db::Params params;
        params.i64(tx.tenant().value()).i64s(tokens).uuids(ids).i16s(types);
        tx.send(inserts ? kInsertTokens : kInsertNewTokens, params);
        tokens.clear(), ids.clear(), types.clear();
    };
    const auto add = [&](const WriteOp& op, std::int64_t token) {
        tokens.push_back(token);
        ids.push_back(op.key.id);
        types.push_back(static_cast<std::int16_t>(op.key.type));
    };
    for (const WriteOp* op : ops) {
        if (op->inserts() != inserts) continue;
        for (const std::int64_t token : op->index.tokens)
            add(*op, token);
        for (std::size_t i = 1; i < op->index.patients.size(); ++i)
            add(*op, compartment_token(keys.index(), op->index.patients[i]));
        if (tokens.size() >= kTokensAtOnce) send();
    }
    send();
}

/// What no longer says who cares for whom must be told as well: an update or deletion always is.
bool send_care(db::TenantTx& tx, std::span<WriteOp*> ops) {
    std::vector<access::CareIndex::Source> sources;
    for (WriteOp* op : ops) {
        if (op->inserts() && op->index.care.empty()) continue;
        sources.push_back({static_cast<std::int16_t>(op->key.type), op->key.id,
                           std::move(op->index.care), op->inserts()});
    }
    if (sources.empty()) return false;
    access::CareIndex::replace(tx, sources);
    return true;
}

void send_request_keys(db::TenantTx& tx, std::span<WriteJob*> jobs) {
    std::vector<Bytes> keys;
    std::int64_t at_us = 0;
    for (const WriteJob* job : jobs) {
        if (job->request_key.empty()) continue;
        keys.push_back(job->request_key);
        at_us = job->at_us;
    }
    if (keys.empty()) return;
    db::Params params;
    params.i64(tx.tenant().value()).bytea_array(keys).i64(at_us);
    tx.send(kInsertKeys, params);
}

}  // namespace

bool send_rows(db::TenantTx& tx, const keys::TenantKeys& keys, std::span<WriteJob*> jobs) {
    std::vector<WriteOp*> ops;
    for (WriteJob* job : jobs)
        for (WriteOp& op : job->ops)
            ops.push_back(&op);
    std::sort(ops.begin(), ops.end(),
              [](const WriteOp* a, const WriteOp* b) { return a->key < b->key; });
    send_resources(tx, ops);
    send_tokens(tx, keys, ops, true);
    send_tokens(tx, keys, ops, false);
    send_request_keys(tx, jobs);
    return send_care(tx, ops);
}

}  // namespace salus::fhir
