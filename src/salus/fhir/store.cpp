#include "salus/fhir/store.h"

#include <map>
#include <mutex>
#include <shared_mutex>

#include "salus/core/gather.h"
#include "salus/fhir/detail/store_open.h"
#include "salus/fhir/detail/store_rows.h"
#include "salus/fhir/detail/store_write.h"

namespace salus::fhir {
namespace {

constexpr std::size_t kReadLeaders = 1;   ///< larger batches beat more of them: see audit::Recorder
constexpr std::size_t kWriteLeaders = 2;  ///< one transaction fills while the other one commits

constexpr db::Sql kFind("SELECT " SALUS_ROW_COLUMNS(
    "r") ", k.n FROM unnest($2::smallint[], $3::uuid[]) "
         "WITH ORDINALITY k(type, id, n) JOIN resource r ON r.tenant_id = $1 AND r.type = k.type "
         "AND r.id = k.id");
constexpr db::Sql kFindOne("SELECT " SALUS_ROW_COLUMNS(
    "r") " FROM resource r "
         "WHERE r.tenant_id = $1 AND r.type = $2 AND r.id = $3");
constexpr db::Sql kFindVersion("SELECT " SALUS_ROW_COLUMNS(
    "r") " FROM resource r "
         "WHERE r.tenant_id = $1 AND r.type = $2 AND r.id = $3 AND r.version = $4 UNION ALL "
         "SELECT " SALUS_ROW_COLUMNS(
             "r") " FROM resource_history r "
                  "WHERE r.tenant_id = $1 AND r.type = $2 AND r.id = $3 AND r.version = $4");
constexpr db::Sql kVersions("SELECT " SALUS_ROW_COLUMNS(
    "r") " FROM resource_history r WHERE r.tenant_id = $1 "
         "AND r.type = $2 AND r.id = $3 AND r.version < $4 ORDER BY r.version DESC LIMIT $5");

struct ReadJob {
    TenantContext tenant;
    RowKey key;
    Result<std::optional<SealedRow>> row = std::nullopt;
};

db::Params key_params(TenantContext tenant, const RowKey& key) {
    db::Params params;
    params.i64(tenant.id().value()).i16(static_cast<std::int16_t>(key.type)).uuid(key.id);
    return params;
}

Result<std::optional<SealedRow>> first_row(Result<db::Rows> rows) {
    if (!rows) return fail(rows.error());
    if (rows->empty()) return std::nullopt;
    return read_row(*rows, 0);
}

Result<void> find_all(db::Pool& pool, std::span<ReadJob*> jobs) {
    const TenantContext tenant = jobs.front()->tenant;
    if (jobs.size() == 1) {
        jobs.front()->row =
            first_row(pool.read(tenant, kFindOne, key_params(tenant, jobs.front()->key)));
        return {};
    }
    std::vector<std::int16_t> types;
    std::vector<Uuid> ids;
    for (const ReadJob* job : jobs) {
        types.push_back(static_cast<std::int16_t>(job->key.type));
        ids.push_back(job->key.id);
    }
    db::Params params;
    params.i64(tenant.id().value()).i16s(types).uuids(ids);
    SALUS_TRY(const db::Rows rows, pool.read(tenant, kFind, params));
    for (std::size_t i = 0; i < rows.size(); ++i)
        jobs[static_cast<std::size_t>(rows.i64(i, kRowColumns)) - 1]->row = read_row(rows, i);
    return {};
}

}  // namespace

struct ChartStore::Impl {
    struct Tenant {
        Gather<ReadJob> reads;
        Gather<WriteJob> writes;
    };
    Impl(db::Pool& p, keys::Keystore& k, access::Gate& g, access::CareIndex& c, Logger& log)
        : pool(p), keystore(k), writer(p, k, g, c, log) {}

    /// Tenants stay once they were here: a few hundred bytes each, and their number is the
    /// directory's.
    Tenant& of(TenantId id) {
        {
            const std::shared_lock lock(mutex);
            if (const auto found = tenants.find(id); found != tenants.end()) return *found->second;
        }
        const std::unique_lock lock(mutex);
        std::unique_ptr<Tenant>& place = tenants[id];
        if (!place)
            place.reset(new Tenant{{GatherOptions{.leaders = kReadLeaders},
                                    [this](std::span<ReadJob*> jobs) {
                                        if (const auto done = find_all(pool, jobs); !done)
                                            for (ReadJob* job : jobs)
                                                job->row = fail(done.error());
                                    }},
                                   {GatherOptions{.leaders = kWriteLeaders},
                                    [this](std::span<WriteJob*> jobs) { writer.run(jobs); }}});
        return *place;
    }

    db::Pool& pool;
    keys::Keystore& keystore;
    Writer writer;
    std::shared_mutex mutex;
    std::map<TenantId, std::unique_ptr<Tenant>> tenants;
};

ChartStore::ChartStore(db::Pool& pool, keys::Keystore& keystore, access::Gate& gate,
                       access::CareIndex& care, Logger& log)
    : impl_(std::make_unique<Impl>(pool, keystore, gate, care, log)) {}
ChartStore::~ChartStore() = default;

Result<std::optional<SealedRow>> ChartStore::find(TenantContext tenant, const RowKey& key) {
    ReadJob job{tenant, key};
    SALUS_CHECK(impl_->of(tenant.id()).reads.run(job));
    return std::move(job.row);
}

Result<std::optional<SealedRow>> ChartStore::find_version(TenantContext tenant, const RowKey& key,
                                                          std::int32_t version) {
    SALUS_TRY(db::TenantTx tx, impl_->pool.tenant(tenant));
    db::Params params = key_params(tenant, key);
    params.i32(version);
    return first_row(tx.query(kFindVersion, params));
}

Result<std::vector<SealedRow>> ChartStore::versions(TenantContext tenant, const RowKey& key,
                                                    std::int32_t before, std::size_t limit) {
    SALUS_TRY(db::TenantTx tx, impl_->pool.tenant(tenant));
    db::Params params = key_params(tenant, key);
    params.i32(before).i64(static_cast<std::int64_t>(limit));
    SALUS_TRY(const db::Rows rows, tx.query(kVersions, params));
    std::vector<SealedRow> out;
    for (std::size_t i = 0; i < rows.size(); ++i)
        out.push_back(read_row(rows, i));
    return out;
}

Result<std::vector<Phi<std::string>>> ChartStore::read(TenantContext tenant,
                                                       std::span<const SealedRow> rows,
                                                       access::AccessDecision&& decision) {
    SALUS_TRY(const auto keys, impl_->keystore.tenant(tenant.id()));
    return open_decided(*keys, rows, std::move(decision));
}

Result<Phi<std::string>> ChartStore::read(TenantContext tenant, const SealedRow& row,
                                          access::AccessDecision&& decision) {
    SALUS_TRY(auto texts, read(tenant, {&row, 1}, std::move(decision)));
    return std::move(texts.front());
}

Result<void> ChartStore::write(WriteJob& job) {
    return impl_->of(job.caller->tenant().id()).writes.run(job);
}

void ChartStore::write(std::span<WriteJob*> jobs) {
    for (std::size_t at = 0; at < jobs.size();) {
        std::size_t end = at, weight = 0;
        while (end < jobs.size() && end - at < limits::kGatherOps &&
               (end == at || weight + jobs[end]->weight() <= limits::kGatherOps))
            weight += jobs[end++]->weight();
        impl_->writer.run(jobs.subspan(at, end - at));
        at = end;
    }
}

}  // namespace salus::fhir
