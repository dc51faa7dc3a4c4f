#include "salus/access/care.h"

#include <algorithm>
#include <mutex>
#include <tuple>
#include <unordered_map>

#include "salus/core/limits.h"

namespace salus::access {
namespace {

constexpr TimeUs kCacheUs = limits::kIdentityCacheMs * 1000;

constexpr db::Sql kUnderCare(
    "SELECT patient, max(until_us) FROM care"
    " WHERE practitioner = $1 AND from_us <= $2 AND until_us > $2 GROUP BY patient ORDER BY "
    "patient");
constexpr db::Sql kRemoveOld(
    "DELETE FROM care USING unnest($1, $2) AS old(type, key)"
    " WHERE care.source_type = old.type AND care.source = old.key");
constexpr db::Sql kInsert(
    "INSERT INTO care (tenant_id, practitioner, patient, source_type, source, from_us, until_us)"
    " SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7)"
    " ON CONFLICT (tenant_id, practitioner, patient, source_type, source, from_us)"
    " DO UPDATE SET until_us = greatest(care.until_us, EXCLUDED.until_us)");

struct Key {
    TenantId tenant;
    PractitionerId practitioner;
    friend bool operator==(const Key&, const Key&) = default;
};
struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
        return std::hash<PractitionerId>()(key.practitioner) ^
               (static_cast<std::size_t>(key.tenant.value()) * 0x9e3779b97f4a7c15ULL);
    }
};
struct Entry {
    CareIndex::Patients patients;
    TimeUs loaded_us;
    TimeUs until_us;
};

/// A row of `care` to be. One statement may not touch a row twice (PostgreSQL refuses), so rows
/// with one key become one, with the later end.
struct Row {
    Uuid practitioner;
    Uuid patient;
    std::int16_t source_type;
    Uuid source;
    TimeUs from_us;
    TimeUs until_us;
    [[nodiscard]] auto key() const {
        return std::tie(practitioner, patient, source_type, source, from_us);
    }
};

std::vector<Row> rows_of(std::span<const CareIndex::Source> sources) {
    std::vector<Row> rows;
    for (const CareIndex::Source& source : sources)
        for (const CareLink& link : source.links)
            if (link.from_us < link.until_us)
                rows.push_back({link.practitioner.value(), link.patient.value(), source.type,
                                source.key, link.from_us, link.until_us});
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
        return a.key() != b.key() ? a.key() < b.key() : a.until_us > b.until_us;
    });
    rows.erase(std::unique(rows.begin(), rows.end(),
                           [](const Row& a, const Row& b) { return a.key() == b.key(); }),
               rows.end());
    return rows;
}

}  // namespace

struct CareIndex::Impl {
    Impl(db::Pool& pool_, const Clock& clock_) : pool(pool_), clock(clock_) {}

    Patients find(const Key& key, TimeUs now_us) {
        const std::lock_guard lock(mutex);
        const auto it = entries.find(key);
        if (it == entries.end() || now_us < it->second.loaded_us || now_us >= it->second.until_us)
            return nullptr;
        return it->second.patients;
    }
    [[nodiscard]] std::uint64_t ticket() {
        const std::lock_guard lock(mutex);
        return drops;
    }
    /// Not kept when a link was written since the ticket was taken: the list may lack it.
    void put(const Key& key, Entry entry, std::uint64_t ticket) {
        const std::lock_guard lock(mutex);
        if (drops != ticket) return;
        if (entries.size() >= limits::kCareCacheEntries) {
            std::erase_if(
                entries, [&](const auto& item) { return item.second.until_us <= entry.loaded_us; });
            if (entries.size() >= limits::kCareCacheEntries) entries.clear();
        }
        entries.insert_or_assign(key, std::move(entry));
    }
    Result<Entry> load(TenantContext tenant, PractitionerId practitioner, TimeUs now_us) const;

    db::Pool& pool;
    const Clock& clock;
    std::mutex mutex;
    std::unordered_map<Key, Entry, KeyHash> entries;
    std::uint64_t drops = 0;
};

CareIndex::CareIndex(db::Pool& pool, const Clock& clock)
    : impl_(std::make_unique<Impl>(pool, clock)) {}
CareIndex::~CareIndex() = default;

Result<Entry> CareIndex::Impl::load(TenantContext tenant, PractitionerId practitioner,
                                    TimeUs now_us) const {
    SALUS_TRY(db::TenantTx tx, pool.tenant(tenant));
    const db::Pending pending =
        tx.send(kUnderCare, db::Params().uuid(practitioner.value()).i64(now_us));
    SALUS_CHECK(tx.commit());
    const db::Rows rows = tx.take(pending);
    std::vector<PatientId> patients;
    patients.reserve(rows.size());
    // A list is good for a second, and no longer than the first relationship on it.
    TimeUs until_us = now_us + kCacheUs;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        patients.emplace_back(rows.uuid(i, 0));
        until_us = std::min(until_us, rows.i64(i, 1));
    }
    return Entry{std::make_shared<const std::vector<PatientId>>(std::move(patients)), now_us,
                 until_us};
}

Result<CareIndex::Patients> CareIndex::patients(TenantContext tenant, PractitionerId practitioner) {
    const Key key{tenant.id(), practitioner};
    const TimeUs now_us = impl_->clock.now_us();
    if (Patients cached = impl_->find(key, now_us)) return cached;
    const std::uint64_t ticket = impl_->ticket();
    SALUS_TRY(Entry entry, impl_->load(tenant, practitioner, now_us));
    Patients patients = entry.patients;
    impl_->put(key, std::move(entry), ticket);
    return patients;
}

void CareIndex::replace(db::TenantTx& tx, std::span<const Source> sources) {
    std::vector<std::int16_t> types;
    std::vector<Uuid> keys;
    for (const Source& source : sources) {
        if (source.is_new) continue;
        types.push_back(source.type);
        keys.push_back(source.key);
    }
    if (!keys.empty()) tx.send(kRemoveOld, db::Params().i16s(types).uuids(keys));

    std::vector<Uuid> practitioners, patients, source_keys;
    std::vector<std::int16_t> source_types;
    std::vector<std::int64_t> from, until;
    for (const Row& row : rows_of(sources)) {
        practitioners.push_back(row.practitioner);
        patients.push_back(row.patient);
        source_types.push_back(row.source_type);
        source_keys.push_back(row.source);
        from.push_back(row.from_us);
        until.push_back(row.until_us);
    }
    if (from.empty()) return;
    tx.send(kInsert, db::Params()
                         .i64(tx.tenant().value())
                         .uuids(practitioners)
                         .uuids(patients)
                         .i16s(source_types)
                         .uuids(source_keys)
                         .i64s(from)
                         .i64s(until));
}

void CareIndex::forget(TenantId tenant) {
    const std::lock_guard lock(impl_->mutex);
    ++impl_->drops;
    std::erase_if(impl_->entries, [&](const auto& item) { return item.first.tenant == tenant; });
}

}  // namespace salus::access
