#pragma once

#include <set>
#include <string>
#include <vector>

#include "salus/audit/detail/tiles.h"
#include "salus/core/bytes.h"
#include "salus/core/result.h"

/// Tiles and bundles as files below a log's folder.
namespace salus::audit {

/// The bytes of a tile, or of a wider form of it where that has taken its place since the
/// checkpoint: its beginning is what was asked for. Errors: not_found, unavailable.
Result<Bytes> read_tile(const std::string& folder, const TileName& name);

/// The hashes of a tile, exactly `name.width`. Errors: not_found, unavailable, integrity (too
/// short).
Result<std::vector<Hash>> read_hashes(const std::string& folder, const TileName& name);

/// Complete subtrees of a tree of `size` entries, from its tiles: what proofs are made of.
SubtreeHash stored_subtrees(std::string folder, std::uint64_t size);

/// The right edge of a tree of `size` entries. Errors: integrity (a tile is missing or too short).
Result<TileTree> read_right_edge(const std::string& folder, std::uint64_t size);

/// The widths of which a partial form of the tile exists.
std::set<std::uint64_t> partial_widths(const std::string& folder, const TileName& name);

/// Removes every partial form but those of a width in `keep`, and the folder when none is left.
/// Best effort: what stays is superseded, not wrong.
void remove_partials(const std::string& folder, const TileName& name,
                     const std::set<std::uint64_t>& keep);

/// Makes the names in a folder durable. Errors: storage_full, unavailable.
Result<void> sync_folder(const std::string& path);

/// Writes many files and makes them durable together. Nothing may rely on a file before `flush`.
/// Not thread-safe.
class DurableFiles {
  public:
    explicit DurableFiles(std::string folder) : folder_(std::move(folder)) {}
    DurableFiles(const DurableFiles&) = delete;
    DurableFiles& operator=(const DurableFiles&) = delete;
    ~DurableFiles();

    /// Errors: storage_full, unavailable.
    Result<void> write(const std::string& path, ByteView content);
    /// fsyncs what was written, then the folders that got new names. Errors: as write.
    Result<void> flush();

  private:
    Result<void> make_folder(const std::string& path);

    std::string folder_;
    std::vector<int> written_;
    std::set<std::string> changed_folders_;
    std::set<std::string> known_folders_;
};

}  // namespace salus::audit
