#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "salus/cli/failure.h"

namespace salus::cli {

/// A piece of input that becomes one request.
struct Document {
    enum class Kind : std::uint8_t {
        json,   ///< one JSON text: a Bundle or a resource
        lines,  ///< some lines of an NDJSON file
    } kind = Kind::json;
    std::string name;  ///< of the file (inside the archive), with "#first line" for lines
    std::string text;
    std::size_t first_line = 0;
    /// Its name begins with "0-": what later files refer to, so it is finished before they start.
    [[nodiscard]] bool is_seed() const;
};

/// Where the reader is, for a progress bar.
struct ReadProgress {
    std::uint64_t bytes_read = 0;  ///< of the files as they lie on disk
    std::uint64_t bytes_total = 0;
};

/// Reads files, folders (every file below, by name), .ndjson, .json, each plain or
/// .gz/.bz2/.xz/.zst, and the same inside .tar.* and .zip archives. Holds one document at a time in
/// memory, an NDJSON file in pieces of kLinesPerDocument.
class DocumentReader {
  public:
    static constexpr std::size_t kLinesPerDocument = 500;
    static constexpr std::size_t kLinesBytes = 8U << 20;

    /// Takes a document; false ends the reading.
    using Accept = std::function<bool(Document&&, const ReadProgress&)>;
    /// A file that can't be taken: its name and why.
    using Refuse = std::function<void(const std::string& name, const std::string& why)>;

    /// Errors: not_found (a path). Other trouble with a file goes to `refuse`, and reading goes on.
    static Outcome<DocumentReader> open(const std::vector<std::string>& paths);
    void read(const Accept& accept, const Refuse& refuse);

  private:
    std::vector<std::string> files_;
    ReadProgress progress_;
};

}  // namespace salus::cli
