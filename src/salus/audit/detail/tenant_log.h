#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "salus/audit/detail/note.h"
#include "salus/audit/detail/tile_files.h"

namespace salus::audit {

/// The one writer of a log's folder. Order of durability: bundles and tiles, then the checkpoint;
/// what a checkpoint covers is never written again. After a failed `append` only a new `open` may
/// follow. Not thread-safe; the caller sees to it that there is one writer.
class TenantLog {
  public:
    /// Opens or begins a log. Errors: integrity (checkpoint, right edge or last bundle do not
    /// agree, or another key signed), storage_full, unavailable.
    static Result<TenantLog> open(std::string folder, std::string origin,
                                  std::shared_ptr<const crypto::SigningKey> signer);

    [[nodiscard]] const TreeHead& head() const { return head_; }
    [[nodiscard]] const std::string& folder() const { return folder_; }
    /// Every entry at most 65,535 bytes. When it returns, they are durable under a signed
    /// checkpoint. Errors: integrity (the checkpoint on disk is not the last one written),
    /// storage_full, unavailable.
    Result<void> append(std::span<const Bytes> entries);

  private:
    TenantLog(std::string folder, std::string origin,
              std::shared_ptr<const crypto::SigningKey> signer);
    Result<void> load();
    Result<void> load_bundle();
    Result<void> write_key() const;
    Result<void> check_unchanged() const;
    Result<void> write_tiles(std::span<const Bytes> entries, DurableFiles& files);
    Result<void> write_open_tiles(std::uint64_t old_size, DurableFiles& files) const;
    void sweep(std::uint64_t old_size) const;
    void sweep_leftovers() const;

    std::string folder_;
    std::string origin_;
    std::shared_ptr<const crypto::SigningKey> signer_;
    TileTree tree_;
    TreeHead head_{0, empty_root()};
    std::string checkpoint_;  ///< the text on disk; empty before the first
    Bytes bundle_;            ///< the entry bundle that is not full yet
};

}  // namespace salus::audit
