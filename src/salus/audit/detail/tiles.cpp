#include "salus/audit/detail/tiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>

namespace salus::audit {
namespace {

constexpr std::size_t kLengthBytes = 2;  // big-endian uint16 before each entry

/// 1234067 is x001/x234/067.
void append_index(std::uint64_t index, std::string& path) {
    if (index >= 1000) {
        std::string high;
        append_index(index / 1000, high);
        // The element that was last has become an inner one: it gets its x.
        high.insert(high.size() - 3, 1, 'x');
        path += high + "/";
    }
    fmt::format_to(std::back_inserter(path), "{:03}", index % 1000);
}

}  // namespace

std::string TileName::path() const {
    if (width == kTileWidth) {
        std::string folder = partial_folder();
        folder.resize(folder.size() - 2);
        return folder;
    }
    return fmt::format("{}/{}", partial_folder(), width);
}

std::string TileName::partial_folder() const {
    std::string path =
        kind == Kind::entries ? std::string("tile/entries/") : fmt::format("tile/{}/", level);
    append_index(index, path);
    return path + ".p";
}

std::vector<Hash> split_hashes(ByteView tile) {
    std::vector<Hash> hashes(tile.size() / sizeof(Hash));
    for (std::size_t i = 0; i < hashes.size(); ++i)
        std::copy_n(tile.data() + i * sizeof(Hash), sizeof(Hash), hashes[i].data());
    return hashes;
}

Bytes join_hashes(std::span<const Hash> hashes) {
    Bytes tile;
    tile.reserve(hashes.size_bytes());
    for (const Hash& hash : hashes)
        append(tile, hash);
    return tile;
}

void append_entry(Bytes& bundle, ByteView entry) {
    bundle.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
    bundle.push_back(static_cast<std::uint8_t>(entry.size()));
    append(bundle, entry);
}

std::vector<ByteView> split_entries(ByteView bundle, std::uint64_t count) {
    std::vector<ByteView> entries;
    while (entries.size() < count && bundle.size() >= kLengthBytes) {
        const std::size_t length = static_cast<std::size_t>(bundle[0]) << 8 | bundle[1];
        if (bundle.size() - kLengthBytes < length) break;
        entries.push_back(bundle.subspan(kLengthBytes, length));
        bundle = bundle.subspan(kLengthBytes + length);
    }
    return entries;
}

bool fills(ByteView bundle, std::span<const ByteView> entries) {
    if (entries.empty()) return bundle.empty();
    return entries.back().data() + entries.back().size() == bundle.data() + bundle.size();
}

TileTree::TileTree(std::uint64_t size, std::vector<std::vector<Hash>> open)
    : size_(size), open_(std::move(open)) {}

void TileTree::append(const Hash& leaf, const OnFull& on_full) {
    const std::uint64_t index = size_++;
    Hash hash = leaf;
    for (unsigned level = 0;; ++level) {
        if (level == open_.size()) open_.emplace_back();
        std::vector<Hash>& tile = open_[level];
        tile.push_back(hash);
        if (tile.size() < kTileWidth) return;
        on_full(level, hashes_at(index, level) / kTileWidth, tile);
        hash = root_of(tile);
        tile.clear();
    }
}

Hash TileTree::root() const {
    // The tree is a row of complete subtrees of falling size; they are joined from the right, as in
    // RFC 6962 section 2.1, where every left part is the largest complete one.
    bool empty = true;
    Hash root = empty_root();
    for (const std::vector<Hash>& tile : open_) {
        std::span<const Hash> rest(tile);
        while (!rest.empty()) {
            const std::size_t last = std::size_t{1} << std::countr_zero(rest.size());
            const Hash subtree = root_of(rest.last(last));
            root = empty ? subtree : node_hash(subtree, root);
            empty = false;
            rest = rest.first(rest.size() - last);
        }
    }
    return root;
}

}  // namespace salus::audit
