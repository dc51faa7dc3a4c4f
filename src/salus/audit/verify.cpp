#include "salus/audit/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "salus/audit/detail/note.h"
#include "salus/audit/detail/tile_files.h"
#include "salus/core/encoding.h"
#include "salus/core/fs.h"

namespace salus::audit {
namespace {

constexpr std::size_t kNoteBytes = 4096;

Result<std::string> read_text(const std::string& path) {
    SALUS_TRY(const Bytes bytes, read_file(path, kNoteBytes));
    return std::string(as_text(bytes));
}

TileName bundle_at(std::uint64_t size, std::uint64_t index) {
    return {TileName::Kind::entries, 0, index, tile_width(size, 0, index)};
}

/// One pass over the entries: everything else is computed from them and compared.
class Verification {
  public:
    Verification(const std::string& folder, const TreeHead& head, VerifyReport& report)
        : folder_(folder), head_(head), report_(report) {}

    Result<void> run() {
        for (std::uint64_t index = 0; index * kTileWidth < head_.size; ++index) {
            SALUS_CHECK(check_bundle(index));
            SALUS_CHECK(unreadable_);
            if (!report_.problem.empty()) return {};
        }
        for (unsigned level = 0; level < tree_.open().size(); ++level)
            check_open_tile(level);
        SALUS_CHECK(unreadable_);
        judge();
        return {};
    }

  private:
    void damage(std::string place, std::string_view problem) {
        if (!report_.problem.empty()) return;
        report_.place = std::move(place);
        report_.problem = problem;
    }

    Result<void> check_bundle(std::uint64_t index) {
        const TileName name = bundle_at(head_.size, index);
        auto bundle = read_tile(folder_, name);
        if (!bundle && bundle.error().code() == Errc::not_found) {
            damage(name.path(), "The entries are missing.");
            return {};
        }
        if (!bundle) return fail(bundle.error());
        const std::vector<ByteView> entries = split_entries(*bundle, name.width);
        const std::uint64_t first = index * kTileWidth;
        if (entries.size() < name.width) {
            damage(fmt::format("{}, entry {}", name.path(), first + entries.size()),
                   "The entry can't be read.");
            return {};
        }
        if (!fills(*bundle, entries) && std::filesystem::exists(folder_ + "/" + name.path())) {
            damage(name.path(), "There are bytes after the last entry.");
            return {};
        }
        for (const ByteView entry : entries)
            tree_.append(leaf_hash(entry), [this](auto level, auto tile, auto hashes) {
                check_tile({TileName::Kind::hashes, level, tile, hashes.size()}, hashes);
            });
        report_.entries_checked += entries.size();
        if (name.width < kTileWidth) check_narrower_bundles(name, *bundle, entries);
        return {};
    }

    /// Remembers the first difference; whether the tile or an entry is wrong, the root tells later.
    void check_tile(const TileName& name, std::span<const Hash> hashes) {
        auto tile = read_tile(folder_, name);
        if (!tile && tile.error().code() != Errc::not_found) {
            unreadable_ = fail(tile.error());
            return;
        }
        if (!tile) return difference(name, 0, "A tile is missing.");
        const bool exact = tile->size() == hashes.size_bytes();
        const std::vector<Hash> stored = split_hashes(*tile);
        if (stored.size() < hashes.size())
            return difference(name, stored.size(), "A tile is too short.");
        const auto [ours, theirs] = std::mismatch(hashes.begin(), hashes.end(), stored.begin());
        if (ours != hashes.end())
            return difference(name, static_cast<std::size_t>(ours - hashes.begin()),
                              "A hash in a tile does not match the entries below it.");
        if (!exact && std::filesystem::exists(folder_ + "/" + name.path()))
            difference(name, hashes.size(), "There are bytes after the last hash of a tile.");
    }

    struct Difference {
        TileName tile;
        std::size_t hash;
        std::string_view problem;
    };
    void difference(const TileName& tile, std::size_t hash, std::string_view problem) {
        if (!difference_) difference_ = {tile, hash, problem};
    }

    void check_open_tile(unsigned level) {
        const std::vector<Hash>& hashes = tree_.open()[level];
        if (hashes.empty()) return;
        TileName name{TileName::Kind::hashes, level, hashes_at(head_.size, level) / kTileWidth,
                      hashes.size()};
        check_tile(name, hashes);
        // The tile of the checkpoint before may still be there: it is the beginning of this one.
        for (const std::uint64_t width : partial_widths(folder_, name)) {
            name.width = width;
            if (width < hashes.size() && still_there(name))
                check_tile(name, std::span(hashes).first(width));
        }
    }
    void check_narrower_bundles(const TileName& newest, ByteView bundle,
                                std::span<const ByteView> entries) {
        TileName name = newest;
        for (const std::uint64_t width : partial_widths(folder_, newest)) {
            if (width >= newest.width) continue;
            name.width = width;
            const auto narrower = read_file(folder_ + "/" + name.path());
            const ByteView last = entries[width - 1];
            const auto length = static_cast<std::size_t>(last.data() + last.size() - bundle.data());
            if (narrower && as_text(*narrower) != as_text(bundle.first(length)))
                superseded_ = name.path();
        }
    }
    [[nodiscard]] bool still_there(const TileName& name) const {
        return std::filesystem::exists(folder_ + "/" + name.path());
    }

    void judge() {
        const bool same_root = tree_.root() == head_.root;
        if (difference_ && !same_root && difference_->tile.kind == TileName::Kind::hashes &&
            difference_->tile.level == 0) {
            const TileName bundle = bundle_at(head_.size, difference_->tile.index);
            damage(fmt::format("{}, entry {}", bundle.path(),
                               difference_->tile.index * kTileWidth + difference_->hash),
                   "The entry is not the one that was logged.");
        }
        if (difference_)
            damage(fmt::format("{}, hash {}", difference_->tile.path(), difference_->hash),
                   difference_->problem);
        if (!same_root)
            damage("checkpoint", "The entries do not have the root hash that was signed.");
        if (!superseded_.empty())
            damage(superseded_, "The entries are not those of the newer file beside them.");
    }

    const std::string& folder_;
    const TreeHead head_;
    VerifyReport& report_;
    TileTree tree_;
    std::optional<Difference> difference_;
    std::string superseded_;
    Result<void> unreadable_;
};

/// The key in note form, or nothing with the damage in the report.
std::optional<VerifierKey> find_key(const Result<std::string>& stored, std::string_view trusted,
                                    VerifyReport& report) {
    const auto key = VerifierKey::parse(trusted.empty() && stored ? *stored : trusted);
    report.place = "key.pub";
    if (!key) {
        const bool absent = !stored && stored.error().code() == Errc::not_found;
        report.problem = absent && trusted.empty() ? "The public key is missing."
                                                   : "The public key can't be read.";
        return std::nullopt;
    }
    if (!trusted.empty() && stored && *stored != key->to_string() + "\n") {
        report.problem = "The public key is not the trusted one.";
        return std::nullopt;
    }
    report.place.clear();
    return key;
}

Result<std::uint64_t> signed_size(const std::string& log_dir) {
    const auto checkpoint = read_text(log_dir + "/checkpoint");
    if (!checkpoint && checkpoint.error().code() == Errc::not_found) return std::uint64_t{0};
    if (!checkpoint) return fail(checkpoint.error());
    SALUS_TRY(const std::string key_text, read_text(log_dir + "/key.pub"));
    const auto key = VerifierKey::parse(key_text);
    const auto head = key ? verify_checkpoint(*checkpoint, *key) : std::nullopt;
    if (!head) return fail(Errc::integrity, "The checkpoint of the audit log does not verify.");
    return head->size;
}

}  // namespace

Result<VerifyReport> verify_log(const std::string& log_dir, std::string_view trusted_key) {
    VerifyReport report;
    const auto stored_key = read_text(log_dir + "/key.pub");
    const auto checkpoint = read_text(log_dir + "/checkpoint");
    for (const auto* file : {&stored_key, &checkpoint})
        if (!*file && file->error().code() == Errc::unavailable) return fail(file->error());
    if (!stored_key && stored_key.error().code() == Errc::not_found && !checkpoint &&
        checkpoint.error().code() == Errc::not_found)
        return fail(Errc::not_found, "There is no audit log.");
    const auto key = find_key(stored_key, trusted_key, report);
    if (!key) return report;
    const auto head = checkpoint ? verify_checkpoint(*checkpoint, *key) : std::nullopt;
    if (!head) {
        report.place = "checkpoint";
        const bool absent = !checkpoint && checkpoint.error().code() == Errc::not_found;
        report.problem = absent ? "The checkpoint is missing."
                                : "The checkpoint is not one that the log's key has signed.";
        return report;
    }
    report.tree_size = head->size;
    report.root_hash_base64 = to_base64(head->root);
    SALUS_CHECK(Verification(log_dir, *head, report).run());
    report.ok = report.problem.empty();
    return report;
}

Result<std::vector<std::string>> read_entries(const std::string& log_dir, std::uint64_t from,
                                              std::size_t limit) {
    SALUS_TRY(const std::uint64_t size, signed_size(log_dir));
    std::vector<std::string> texts;
    const std::uint64_t end =
        from < size ? from + std::min<std::uint64_t>(limit, size - from) : from;
    while (from < end) {
        const std::uint64_t index = from / kTileWidth;
        const auto bundle = read_tile(log_dir, bundle_at(size, index));
        if (!bundle && bundle.error().code() == Errc::not_found)
            return fail(Errc::integrity, "Entries of the audit log are missing.");
        if (!bundle) return fail(bundle.error());
        const std::uint64_t last = std::min(end, (index + 1) * kTileWidth);
        const auto entries = split_entries(*bundle, last - index * kTileWidth);
        if (entries.size() < last - index * kTileWidth)
            return fail(Errc::integrity, "Entries of the audit log can't be read.");
        for (; from < last; ++from)
            texts.emplace_back(as_text(entries[from % kTileWidth]));
    }
    return texts;
}

Result<std::uint64_t> log_size(const std::string& log_dir) {
    return signed_size(log_dir);
}

}  // namespace salus::audit
