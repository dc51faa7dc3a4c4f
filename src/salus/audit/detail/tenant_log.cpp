#include "salus/audit/detail/tenant_log.h"

#include <filesystem>

#include "salus/core/fs.h"
#include "salus/core/limits.h"

namespace salus::audit {
namespace {

constexpr std::size_t kNoteBytes = 4096;     ///< a checkpoint or key has a few hundred
constexpr std::size_t kEntryBytes = 65'535;  ///< what the uint16 before an entry can say
/// How far from the right edge a crash can leave partial tiles behind: one batch on either side.
constexpr std::uint64_t kLeftoverTiles = limits::kAuditBatch / kTileWidth + 1;

TileName bundle_name(std::uint64_t index, std::uint64_t width = kTileWidth) {
    return {TileName::Kind::entries, 0, index, width};
}
TileName tile_name(unsigned level, std::uint64_t index, std::uint64_t width = kTileWidth) {
    return {TileName::Kind::hashes, level, index, width};
}

}  // namespace

TenantLog::TenantLog(std::string folder, std::string origin,
                     std::shared_ptr<const crypto::SigningKey> signer)
    : folder_(std::move(folder)), origin_(std::move(origin)), signer_(std::move(signer)) {}

Result<TenantLog> TenantLog::open(std::string folder, std::string origin,
                                  std::shared_ptr<const crypto::SigningKey> signer) {
    SALUS_CHECK(make_dirs(folder));
    // The first checkpoint must not be lost with the name of a folder that was made for it.
    const std::filesystem::path parent = std::filesystem::path(folder).parent_path();
    SALUS_CHECK(sync_folder(parent));
    SALUS_CHECK(sync_folder(parent.parent_path()));
    TenantLog log(std::move(folder), std::move(origin), std::move(signer));
    SALUS_CHECK(log.write_key());
    SALUS_CHECK(log.load());
    return log;
}

Result<void> TenantLog::write_key() const {
    const std::string text = VerifierKey{origin_, signer_->public_key()}.to_string() + "\n";
    const auto stored = read_file(folder_ + "/key.pub", kNoteBytes);
    if (stored && as_text(*stored) == text) return {};
    if (stored) return fail(Errc::integrity, "The audit log was signed with another key.");
    if (stored.error().code() != Errc::not_found) return fail(stored.error());
    return write_file_atomic(folder_ + "/key.pub", as_bytes(text), 0644);
}

Result<void> TenantLog::load() {
    const auto stored = read_file(folder_ + "/checkpoint", kNoteBytes);
    if (!stored && stored.error().code() == Errc::not_found) {
        sweep_leftovers();
        return {};
    }
    if (!stored) return fail(stored.error());
    checkpoint_ = as_text(*stored);
    const auto head = verify_checkpoint(checkpoint_, {origin_, signer_->public_key()});
    if (!head) return fail(Errc::integrity, "The checkpoint of the audit log does not verify.");
    head_ = *head;
    SALUS_TRY(tree_, read_right_edge(folder_, head_.size));
    if (tree_.root() != head_.root)
        return fail(Errc::integrity, "The tiles of the audit log do not match its checkpoint.");
    SALUS_CHECK(load_bundle());
    sweep_leftovers();
    return {};
}

Result<void> TenantLog::load_bundle() {
    const std::uint64_t count = head_.size % kTileWidth;
    if (count == 0) return {};
    auto stored = read_tile(folder_, bundle_name(head_.size / kTileWidth, count));
    if (!stored && stored.error().code() != Errc::not_found) return fail(stored.error());
    const std::vector<ByteView> entries =
        stored ? split_entries(*stored, count) : std::vector<ByteView>();
    bool matches = entries.size() == count;
    for (std::size_t i = 0; matches && i < count; ++i) {
        matches = leaf_hash(entries[i]) == tree_.open()[0][i];
        append_entry(bundle_, entries[i]);
    }
    if (!matches)
        return fail(Errc::integrity, "The newest entries of the audit log do not match its tiles.");
    return {};
}

Result<void> TenantLog::check_unchanged() const {
    const auto stored = read_file(folder_ + "/checkpoint", kNoteBytes);
    if (!stored && stored.error().code() != Errc::not_found) return fail(stored.error());
    if (stored ? as_text(*stored) != checkpoint_ : !checkpoint_.empty())
        return fail(Errc::integrity, "The checkpoint of the audit log was changed from outside.");
    return {};
}

Result<void> TenantLog::append(std::span<const Bytes> entries) {
    if (entries.empty()) return {};
    for (const Bytes& entry : entries)
        if (entry.size() > kEntryBytes)
            return fail(Errc::internal, "An audit event is too long for the log.");
    SALUS_CHECK(check_unchanged());
    const std::uint64_t old_size = tree_.size();
    DurableFiles files(folder_);
    SALUS_CHECK(write_tiles(entries, files));
    SALUS_CHECK(write_open_tiles(old_size, files));
    SALUS_CHECK(files.flush());
    const TreeHead head{tree_.size(), tree_.root()};
    std::string checkpoint = sign_checkpoint(origin_, head, *signer_);
    SALUS_CHECK(write_file_atomic(folder_ + "/checkpoint", as_bytes(checkpoint), 0644));
    head_ = head;
    checkpoint_ = std::move(checkpoint);
    sweep(old_size);
    return {};
}

Result<void> TenantLog::write_tiles(std::span<const Bytes> entries, DurableFiles& files) {
    Result<void> outcome;
    const auto on_full = [&](unsigned level, std::uint64_t index, std::span<const Hash> hashes) {
        if (outcome) outcome = files.write(tile_name(level, index).path(), join_hashes(hashes));
    };
    for (const Bytes& entry : entries) {
        append_entry(bundle_, entry);
        tree_.append(leaf_hash(entry), on_full);
        if (tree_.size() % kTileWidth == 0) {
            const std::uint64_t index = tree_.size() / kTileWidth - 1;
            if (outcome) outcome = files.write(bundle_name(index).path(), bundle_);
            bundle_.clear();
        }
        SALUS_CHECK(outcome);
    }
    return {};
}

Result<void> TenantLog::write_open_tiles(std::uint64_t old_size, DurableFiles& files) const {
    const std::uint64_t size = tree_.size();
    if (!bundle_.empty())
        SALUS_CHECK(files.write(bundle_name(size / kTileWidth, size % kTileWidth).path(), bundle_));
    for (unsigned level = 0; level < tree_.open().size(); ++level) {
        const std::vector<Hash>& tile = tree_.open()[level];
        if (tile.empty() || hashes_at(size, level) == hashes_at(old_size, level)) continue;
        const std::uint64_t index = hashes_at(size, level) / kTileWidth;
        SALUS_CHECK(files.write(tile_name(level, index, tile.size()).path(), join_hashes(tile)));
    }
    return {};
}

void TenantLog::sweep(std::uint64_t old_size) const {
    // The partial tiles of the checkpoint before stay for readers who have just read that one.
    for (unsigned level = 0; level < tree_.open().size(); ++level) {
        const std::uint64_t index = hashes_at(old_size, level) / kTileWidth;
        std::set<std::uint64_t> keep;
        if (hashes_at(head_.size, level) / kTileWidth == index)
            keep = {tile_width(old_size, level, index), tile_width(head_.size, level, index)};
        remove_partials(folder_, tile_name(level, index), keep);
        if (level == 0) remove_partials(folder_, bundle_name(index), keep);
    }
}

void TenantLog::sweep_leftovers() const {
    sweep(head_.size);
    for (unsigned level = 0; level <= tree_.open().size(); ++level) {
        const std::uint64_t edge = hashes_at(head_.size, level) / kTileWidth;
        const std::uint64_t first = edge > kLeftoverTiles ? edge - kLeftoverTiles : 0;
        for (std::uint64_t index = first; index <= edge + kLeftoverTiles; ++index) {
            if (index == edge && tile_width(head_.size, level, index) > 0) continue;
            remove_partials(folder_, tile_name(level, index), {});
            if (level == 0) remove_partials(folder_, bundle_name(index), {});
        }
    }
}

}  // namespace salus::audit
