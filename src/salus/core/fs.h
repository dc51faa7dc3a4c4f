#pragma once

#include <string>
#include <string_view>

#include "salus/core/bytes.h"
#include "salus/core/result.h"

namespace salus {

/// Reads a whole file of at most `limit_bytes`. Errors: not_found, too_large, unavailable.
Result<Bytes> read_file(const std::string& path, std::size_t limit_bytes = 64 * 1024 * 1024);

/// Writes a temporary file, fsyncs it, renames it over `path` and fsyncs the folder: after a crash
/// the old or the new content is there, never a part. Errors: storage_full, unavailable.
Result<void> write_file_atomic(const std::string& path, ByteView content, unsigned mode = 0600);

/// mkdir -p with a mode for the last folder.
Result<void> make_dirs(const std::string& path, unsigned mode = 0700);

}  // namespace salus
