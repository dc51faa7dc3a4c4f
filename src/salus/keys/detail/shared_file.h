#pragma once

#include <string>

#include "salus/core/bytes.h"
#include "salus/core/result.h"

namespace salus::keys::detail {

/// Which file a path names, and in which state. A rename over the path always changes it.
struct FileStamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    std::int64_t size = 0;
    friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// Errors: not_found, unavailable.
Result<FileStamp> stamp_of(const std::string& path);

/// An advisory lock between processes (and objects of one process) on `path`.lock, held until
/// destruction. The lock has a file of its own because every write replaces the keystore file.
class FileLock {
  public:
    enum class Mode { shared, exclusive };
    /// Waits at most limits::kKeystoreLockMs. Errors: unavailable, storage_full.
    static Result<FileLock> take(const std::string& path, Mode mode);
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&&) = delete;
    ~FileLock();

  private:
    explicit FileLock(int fd) : fd_(fd) {}
    int fd_;
};

/// write_file_atomic, and then the replaced file's bytes are overwritten with zeros: the keys that
/// a rotation or destruction removed should not be found in free blocks. Best effort (copy-on-write
/// file systems and flash keep old blocks), and not done where another hard link still names the
/// old file. The caller holds the exclusive lock. Errors: storage_full, unavailable.
Result<void> replace_file(const std::string& path, ByteView content);

}  // namespace salus::keys::detail
