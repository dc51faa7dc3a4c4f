#include "salus/audit/detail/outbox.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "salus/audit/detail/audit_event.h"
#include "salus/audit/verify.h"
#include "salus/core/json.h"
#include "salus/core/limits.h"

namespace salus::audit {
namespace {

/// The first part of the advisory lock's number; the tenant is the second.
constexpr std::int32_t kLockClass = 0x5A1A;

Bytes to_event(std::int64_t seq, ByteView row, const StoredRecord& record) {
    thread_local std::string text;
    render(record, event_id(seq, row), text);
    return to_bytes(text);
}

std::optional<Hash> to_hash(ByteView bytes) {
    Hash hash{};
    if (bytes.size() != hash.size()) return std::nullopt;
    std::copy(bytes.begin(), bytes.end(), hash.begin());
    return hash;
}

}  // namespace

Uuid event_id(std::int64_t seq, ByteView row) {
    Bytes input;
    input.reserve(sizeof seq + row.size());
    for (int shift = 56; shift >= 0; shift -= 8)
        input.push_back(static_cast<std::uint8_t>(seq >> shift));
    append(input, row);
    const Hash hash = crypto::sha256(input);
    std::array<std::uint8_t, 16> id{};
    std::copy_n(hash.begin(), id.size(), id.begin());
    // RFC 9562 section 5.8: version 8, made by the application.
    id[6] = static_cast<std::uint8_t>((id[6] & 0x0F) | 0x80);
    id[8] = static_cast<std::uint8_t>((id[8] & 0x3F) | 0x80);
    return Uuid(id);
}

Result<std::vector<TenantId>> Outbox::waiting(db::Pool& pool) {
    SALUS_TRY(auto tx, pool.platform());
    // One index probe a tenant, however many rows wait.
    SALUS_TRY(const auto rows,
              tx.query("WITH RECURSIVE t (id) AS ("
                       "  (SELECT tenant_id FROM audit_outbox ORDER BY tenant_id LIMIT 1)"
                       "  UNION ALL SELECT (SELECT o.tenant_id FROM audit_outbox o"
                       "    WHERE o.tenant_id > t.id ORDER BY o.tenant_id LIMIT 1)"
                       "  FROM t WHERE t.id IS NOT NULL) "
                       "SELECT id FROM t WHERE id IS NOT NULL"));
    std::vector<TenantId> tenants;
    for (std::size_t i = 0; i < rows.size(); ++i)
        tenants.emplace_back(rows.i64(i, 0));
    return tenants;
}

Outbox::Outbox(TenantId tenant, std::string folder,
               std::shared_ptr<const crypto::SigningKey> signer)
    : tenant_(tenant), folder_(std::move(folder)), signer_(std::move(signer)) {}

Result<std::size_t> Outbox::drain(db::Pool& pool) {
    SALUS_TRY(auto tx, pool.platform());
    SALUS_TRY(
        const auto locked,
        tx.query("SELECT pg_try_advisory_xact_lock($1::int, $2::int)",
                 db::Params().i32(kLockClass).i32(static_cast<std::int32_t>(tenant_.value()))));
    if (!locked.boolean(0, 0))
        return fail(Errc::conflict, "Another process writes this tenant's audit log.");
    auto outcome = drain_locked(tx);
    if (outcome) {
        if (auto done = tx.commit(); !done) outcome = fail(done.error());
    }
    // What is in memory may be ahead of what is committed: the next drain looks at the disk again.
    if (!outcome) log_.reset();
    return outcome;
}

Result<std::size_t> Outbox::drain_locked(db::OperatorTx& tx) {
    if (!log_) SALUS_CHECK(open(tx));
    SALUS_TRY(const std::vector<Bytes> events, take(tx));
    if (events.empty()) return std::size_t{0};
    SALUS_CHECK(log_->append(events));
    send_head(tx);
    return events.size();
}

Result<void> Outbox::open(db::OperatorTx& tx) {
    SALUS_TRY(auto log,
              TenantLog::open(folder_, "salus/audit/" + std::to_string(tenant_.value()), signer_));
    log_ = std::move(log);
    return check_head(tx);
}

Result<void> Outbox::check_head(db::OperatorTx& tx) {
    SALUS_TRY(const auto rows,
              tx.query("SELECT tree_size, root_hash FROM audit_head WHERE tenant_id = $1",
                       db::Params().i64(tenant_.value())));
    TreeHead known{0, empty_root()};
    if (!rows.empty()) {
        const auto root = to_hash(rows.bytes(0, 1));
        if (rows.i64(0, 0) < 0 || !root)
            return fail(Errc::integrity, "The stored head of the audit log is damaged.");
        known = {static_cast<std::uint64_t>(rows.i64(0, 0)), *root};
    }
    const TreeHead& signed_head = log_->head();
    if (signed_head.size < known.size)
        return fail(Errc::integrity, "The audit log is shorter than it was.",
                    "Restore the log's folder from where it was moved or backed up to.");
    const SubtreeHash subtrees = stored_subtrees(folder_, signed_head.size);
    const auto root = root_at(known.size, subtrees);
    if (!root && root.error().code() != Errc::not_found) return fail(root.error());
    if (!root || *root != known.root)
        return fail(Errc::integrity, "The audit log is not the one that was written before.");
    if (signed_head.size == known.size) return {};
    SALUS_CHECK(drop_logged(tx, known.size));
    send_head(tx);
    return {};
}

Result<void> Outbox::drop_logged(db::OperatorTx& tx, std::uint64_t from) {
    std::unordered_set<std::string> logged;
    while (from < log_->head().size) {
        SALUS_TRY(const auto entries, read_entries(folder_, from, limits::kAuditBatch));
        if (entries.empty()) return fail(Errc::integrity, "Entries of the audit log are missing.");
        for (const std::string& entry : entries) {
            SALUS_TRY(const auto event, JsonDocument::parse(entry));
            logged.emplace(event.root().string("id"));
        }
        from += entries.size();
    }
    std::int64_t last = -1;
    while (true) {
        SALUS_TRY(const auto rows,
                  tx.query("SELECT seq, record FROM audit_outbox WHERE tenant_id = "
                           "$1 AND seq > $2 ORDER BY seq LIMIT $3",
                           db::Params()
                               .i64(tenant_.value())
                               .i64(last)
                               .i64(std::int64_t{limits::kAuditBatch})));
        if (rows.empty()) return {};
        std::vector<std::int64_t> done;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            last = rows.i64(i, 0);
            if (logged.contains(event_id(last, rows.bytes(i, 1)).to_string())) done.push_back(last);
        }
        if (done.empty()) continue;
        tx.send("DELETE FROM audit_outbox WHERE tenant_id = $1 AND seq = ANY ($2)",
                db::Params().i64(tenant_.value()).i64s(done));
    }
}

Result<std::vector<Bytes>> Outbox::take(db::OperatorTx& tx) {
    SALUS_TRY(const auto rows,
              tx.query("DELETE FROM audit_outbox WHERE tenant_id = $1 AND seq = ANY (ARRAY("
                       "SELECT seq FROM audit_outbox WHERE tenant_id = $1 ORDER BY seq LIMIT $2)) "
                       "RETURNING seq, record",
                       db::Params().i64(tenant_.value()).i64(std::int64_t{limits::kAuditBatch})));
    // RETURNING promises no order.
    std::vector<std::size_t> order(rows.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return rows.i64(a, 0) < rows.i64(b, 0); });
    std::vector<Bytes> events;
    events.reserve(rows.size());
    for (const std::size_t i : order) {
        SALUS_TRY(const StoredRecord record, decode(rows.bytes(i, 1)));
        events.push_back(to_event(rows.i64(i, 0), rows.bytes(i, 1), record));
    }
    return events;
}

void Outbox::send_head(db::OperatorTx& tx) const {
    tx.send(
        "INSERT INTO audit_head (tenant_id, tree_size, root_hash) VALUES ($1, $2, $3) "
        "ON CONFLICT (tenant_id) DO UPDATE SET tree_size = EXCLUDED.tree_size, "
        "root_hash = EXCLUDED.root_hash",
        db::Params()
            .i64(tenant_.value())
            .i64(static_cast<std::int64_t>(log_->head().size))
            .bytes(log_->head().root));
}

}  // namespace salus::audit
