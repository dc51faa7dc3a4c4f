#include "salus/cli/import_source.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "salus/core/limits.h"

namespace salus::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kLineBytes = limits::kResourceBytes;

enum class Shape { json, lines, archive, other };

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
    return std::any_of(endings.begin(), endings.end(),
                       [name](std::string_view ending) { return name.ends_with(ending); });
}

Shape shape_of(std::string name) {
    for (char& c : name)
        c = static_cast<char>(::tolower(static_cast<unsigned char>(c)));
    if (ends_with_any(name, {".tgz", ".txz", ".tbz2", ".tar", ".zip"})) return Shape::archive;
    for (const std::string_view packed : {".gz", ".bz2", ".xz", ".zst"})
        if (name.ends_with(packed)) {
            name.resize(name.size() - packed.size());
            break;
        }
    if (name.ends_with(".tar")) return Shape::archive;
    if (ends_with_any(name, {".ndjson", ".jsonl"})) return Shape::lines;
    return name.ends_with(".json") ? Shape::json : Shape::other;
}

/// One open file, unpacked. Filters are named one by one: "all" would run other programs for rare
/// ones.
class Unpacker {
  public:
    Unpacker(const std::string& path, Shape shape)
        : archive_(archive_read_new(), &archive_read_free) {
        archive_read_support_filter_gzip(archive_.get());
        archive_read_support_filter_bzip2(archive_.get());
        archive_read_support_filter_xz(archive_.get());
        archive_read_support_filter_zstd(archive_.get());
        if (shape == Shape::archive) {
            archive_read_support_format_tar(archive_.get());
            archive_read_support_format_zip(archive_.get());
        } else {
            archive_read_support_format_raw(archive_.get());
            archive_read_support_format_empty(archive_.get());
        }
        ok_ = archive_read_open_filename(archive_.get(), path.c_str(), kReadBytes) == ARCHIVE_OK;
    }
    [[nodiscard]] bool ok() const { return ok_; }
    /// The next regular file; empty at the end, or when the archive is broken (ok() is false then).
    std::string next() {
        archive_entry* entry = nullptr;
        for (;;) {
            const int code = archive_read_next_header(archive_.get(), &entry);
            ok_ = code == ARCHIVE_OK || code == ARCHIVE_EOF || code == ARCHIVE_WARN;
            if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return {};
            const char* name = archive_entry_pathname_utf8(entry);
            const bool regular = archive_entry_filetype(entry) == AE_IFREG;
            if (regular) return name && *name ? name : "?";
        }
    }
    /// Bytes of the current file; 0 at its end; negative: broken.
    la_ssize_t read(char* data, std::size_t size) {
        return archive_read_data(archive_.get(), data, size);
    }
    [[nodiscard]] std::uint64_t consumed() const {
        return static_cast<std::uint64_t>(
            std::max<la_int64_t>(0, archive_filter_bytes(archive_.get(), -1)));
    }

  private:
    std::unique_ptr<archive, decltype(&archive_read_free)> archive_;
    bool ok_ = false;
};

/// Cuts what it reads from one file into documents.
class Cutter {
  public:
    Cutter(Unpacker& unpacker, const DocumentReader::Accept& accept,
           const DocumentReader::Refuse& refuse, ReadProgress& progress)
        : unpacker_(unpacker),
          accept_(accept),
          refuse_(refuse),
          progress_(progress),
          base_(progress.bytes_read) {}

    /// False: the taker wants no more.
    bool take_json(const std::string& name) {
        Document document{Document::Kind::json, name, {}, 0};
        for (;;) {
            const std::size_t old = document.text.size();
            document.text.resize(old + kReadBytes);
            const la_ssize_t n = unpacker_.read(document.text.data() + old, kReadBytes);
            if (n < 0) return broken(name);
            document.text.resize(old + static_cast<std::size_t>(n));
            if (n == 0) return hand_over(std::move(document));
            if (document.text.size() > limits::kBodyBytes) {
                refuse_(name, "The file is larger than 64 MiB: split the Bundle, or send NDJSON.");
                return true;
            }
        }
    }

    bool take_lines(const std::string& name) {
        std::string pending;
        std::string buffer(kReadBytes, '\0');
        Document document = lines_from(name, 1);
        std::size_t line = 1;
        for (;;) {
            const la_ssize_t n = unpacker_.read(buffer.data(), buffer.size());
            if (n < 0) return broken(name);
            if (n == 0 && !pending.empty() && pending.back() != '\n') pending += '\n';
            pending.append(buffer, 0, static_cast<std::size_t>(n));
            std::size_t start = 0;
            for (std::size_t end = 0; (end = pending.find('\n', start)) != std::string::npos;) {
                document.text.append(pending, start, end + 1 - start);
                start = end + 1;
                ++line;
                if (line - document.first_line < DocumentReader::kLinesPerDocument &&
                    document.text.size() < DocumentReader::kLinesBytes)
                    continue;
                if (!hand_over(std::move(document))) return false;
                document = lines_from(name, line);
            }
            pending.erase(0, start);
            if (pending.size() > kLineBytes) {
                refuse_(name, "A line is larger than 8 MiB.");
                return true;
            }
            if (n == 0) return document.text.empty() || hand_over(std::move(document));
        }
    }

  private:
    static Document lines_from(const std::string& name, std::size_t line) {
        return {Document::Kind::lines, fmt::format("{}#{}", name, line), {}, line};
    }
    bool hand_over(Document&& document) {
        progress_.bytes_read = base_ + unpacker_.consumed();
        return accept_(std::move(document), progress_);
    }
    bool broken(const std::string& name) {
        refuse_(name, "The file is damaged or packed in a way that is not known.");
        return true;
    }

    Unpacker& unpacker_;
    const DocumentReader::Accept& accept_;
    const DocumentReader::Refuse& refuse_;
    ReadProgress& progress_;
    std::uint64_t base_;
};

bool read_archive(const std::string& path, Unpacker& unpacker, Cutter& cutter,
                  const DocumentReader::Refuse& refuse) {
    for (;;) {
        const std::string name = unpacker.next();
        if (name.empty()) {
            if (!unpacker.ok()) refuse(path, "The archive is damaged.");
            return true;
        }
        const Shape shape = shape_of(name);
        if (shape == Shape::json && !cutter.take_json(name)) return false;
        if (shape == Shape::lines && !cutter.take_lines(name)) return false;
    }
}

}  // namespace

bool Document::is_seed() const {
    const std::size_t slash = name.rfind('/');
    return std::string_view(name)
        .substr(slash == std::string::npos ? 0 : slash + 1)
        .starts_with("0-");
}

Outcome<DocumentReader> DocumentReader::open(const std::vector<std::string>& paths) {
    DocumentReader reader;
    std::error_code code;
    for (const std::string& path : paths) {
        if (!fs::exists(path, code))
            return failed(Errc::not_found,
                          fmt::format("{}: There is no such file or folder.", path));
        if (!fs::is_directory(path, code)) {
            reader.files_.push_back(path);
            continue;
        }
        std::vector<std::string> below;
        for (const auto& entry : fs::recursive_directory_iterator(path, code))
            if (entry.is_regular_file(code) && shape_of(entry.path()) != Shape::other)
                below.push_back(entry.path());
        std::sort(below.begin(), below.end());
        reader.files_.insert(reader.files_.end(), below.begin(), below.end());
    }
    for (const std::string& file : reader.files_) {
        const auto size = fs::file_size(file, code);
        if (!code) reader.progress_.bytes_total += size;
    }
    return reader;
}

void DocumentReader::read(const Accept& accept, const Refuse& refuse) {
    progress_.bytes_read = 0;
    for (const std::string& file : files_) {
        const Shape shape = shape_of(file);
        if (shape == Shape::other) {
            refuse(file, "Neither .json nor .ndjson nor an archive of those.");
            continue;
        }
        Unpacker unpacker(file, shape);
        if (!unpacker.ok()) {
            refuse(file, "The file can't be opened, or is packed in a way that is not known.");
            continue;
        }
        Cutter cutter(unpacker, accept, refuse, progress_);
        std::error_code code;
        const std::uint64_t end = progress_.bytes_read + fs::file_size(file, code);
        if (shape == Shape::archive) {
            if (!read_archive(file, unpacker, cutter, refuse)) return;
        } else if (!unpacker.next().empty()) {
            if (!(shape == Shape::json ? cutter.take_json(file) : cutter.take_lines(file))) return;
        } else if (!unpacker.ok()) {
            refuse(file, "The file is damaged or packed in a way that is not known.");
        }
        progress_.bytes_read = end;
    }
}

}  // namespace salus::cli
