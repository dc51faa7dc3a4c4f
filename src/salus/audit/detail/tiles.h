#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "salus/audit/merkle.h"

/// The C2SP tlog-tiles layout: hash tiles of 256 hashes and entry bundles of 256 entries.
namespace salus::audit {

inline constexpr unsigned kTileHeight = 8;
inline constexpr std::uint64_t kTileWidth = 1U << kTileHeight;

/// One tile, or one entry bundle, of a tree; `width` below 256 is a partial one.
struct TileName {
    enum class Kind : std::uint8_t { hashes, entries } kind = Kind::hashes;
    unsigned level = 0;  ///< 0 for entry bundles
    std::uint64_t index = 0;
    std::uint64_t width = kTileWidth;

    /// "tile/0/x001/x234/067.p/112", relative to the log's folder.
    [[nodiscard]] std::string path() const;
    /// The folder of all partial forms of this tile: "tile/0/x001/x234/067.p".
    [[nodiscard]] std::string partial_folder() const;
};

/// How many hashes a tree of `size` entries has at a tile level: those of complete subtrees.
constexpr std::uint64_t hashes_at(std::uint64_t size, unsigned level) {
    return level * kTileHeight >= 64 ? 0 : size >> (level * kTileHeight);
}
/// The width of a tile in a tree of `size` entries; 0: it does not exist.
constexpr std::uint64_t tile_width(std::uint64_t size, unsigned level, std::uint64_t index) {
    const std::uint64_t hashes = hashes_at(size, level);
    if (hashes <= index * kTileWidth) return 0;
    return hashes - index * kTileWidth < kTileWidth ? hashes - index * kTileWidth : kTileWidth;
}

std::vector<Hash> split_hashes(ByteView tile);
Bytes join_hashes(std::span<const Hash> hashes);

/// Appends an entry to a bundle: a big-endian uint16 length, then the bytes.
void append_entry(Bytes& bundle, ByteView entry);
/// The first `count` entries of a bundle, as views into it; fewer when it is damaged or shorter.
std::vector<ByteView> split_entries(ByteView bundle, std::uint64_t count);
/// Whether the bytes are exactly these entries.
bool fills(ByteView bundle, std::span<const ByteView> entries);

/// A growing tree that remembers its right edge only: for each level the hashes of the tile that is
/// not full yet. Not thread-safe.
class TileTree {
  public:
    using OnFull = std::function<void(unsigned level, std::uint64_t index, std::span<const Hash>)>;

    TileTree() = default;
    /// The tree of that size whose right edge is `open`: open[level] has tile_width % 256 hashes.
    TileTree(std::uint64_t size, std::vector<std::vector<Hash>> open);

    /// `on_full` hears of every tile that this entry completes, lowest level first.
    void append(const Hash& leaf, const OnFull& on_full);
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] Hash root() const;
    [[nodiscard]] const std::vector<std::vector<Hash>>& open() const { return open_; }

  private:
    std::uint64_t size_ = 0;
    std::vector<std::vector<Hash>> open_;
};

}  // namespace salus::audit
