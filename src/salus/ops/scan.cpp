#include "salus/ops/scan.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "salus/core/encoding.h"

namespace salus::ops {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlockTable = 1U << 16;
constexpr std::size_t kReadBytes = 4U << 20;

std::uint32_t block(const std::uint8_t* at) {
    return at[0] | (std::uint32_t{at[1]} << 8);
}

std::string mapped(std::string_view text, int (*change)(int)) {
    std::string result(text);
    for (char& c : result)
        c = static_cast<char>(change(static_cast<unsigned char>(c)));
    return result;
}

Bytes utf16(std::string_view text, bool big_endian) {
    Bytes bytes;
    for (const char c : text) {
        if (big_endian) bytes.push_back(0);
        bytes.push_back(static_cast<std::uint8_t>(c));
        if (!big_endian) bytes.push_back(0);
    }
    return bytes;
}

std::string percent_encoded(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (::isalnum(static_cast<unsigned char>(c)) != 0) {
            result.push_back(c);
        } else {
            const auto byte = static_cast<std::uint8_t>(c);
            result += '%' + mapped(to_hex(ByteView(&byte, 1)), ::toupper);
        }
    }
    return result;
}

}  // namespace

void Needles::add_form(Bytes bytes, std::string_view encoding) {
    if (bytes.size() < kMinimumBytes) return;
    for (const Pattern& known : patterns_)
        if (known.bytes == bytes) return;
    longest_ = std::max(longest_, bytes.size());
    patterns_.push_back({std::move(bytes), texts_, encoding});
}

/// At each alignment, the characters that depend on the text alone: the first and the last of a run
/// share bits with whatever stands beside it.
void Needles::add_base64(std::string_view text) {
    for (std::size_t lead = 0; lead < 3; ++lead) {
        const std::string padded = std::string(lead, 'x') + std::string(text);
        const std::size_t first = (lead * 8 + 5) / 6;
        const std::size_t last = padded.size() * 8 / 6;
        for (const std::string& encoded :
             {to_base64(as_bytes(padded)), to_base64url(as_bytes(padded))})
            add_form(to_bytes(std::string_view(encoded).substr(first, last - first)), "base64");
    }
}

void Needles::add(std::string_view text) {
    if (text.size() >= kMinimumBytes) {
        add_form(to_bytes(text), "plain");
        add_form(to_bytes(mapped(text, ::tolower)), "lower case");
        add_form(to_bytes(mapped(text, ::toupper)), "upper case");
        const std::string hex = to_hex(as_bytes(text));
        add_form(to_bytes(hex), "hexadecimal");
        add_form(to_bytes(mapped(hex, ::toupper)), "hexadecimal");
        add_base64(text);
        add_form(utf16(text, false), "UTF-16LE");
        add_form(utf16(text, true), "UTF-16BE");
        add_form(to_bytes(percent_encoded(text)), "percent-encoded");
        add_form(to_bytes(std::string(text.rbegin(), text.rend())), "reversed");
    }
    ++texts_;
    prepare();
}

/// Wu and Manber, "A fast algorithm for multi-pattern searching" (1994), with blocks of two bytes:
/// how far the window may move is read off its last block.
void Needles::prepare() {
    window_ = SIZE_MAX;
    for (const Pattern& pattern : patterns_)
        window_ = std::min(window_, pattern.bytes.size());
    if (patterns_.empty()) return;
    window_ = std::min<std::size_t>(window_, 255);
    shift_.assign(kBlockTable, static_cast<std::uint8_t>(window_ - 1));
    endings_.assign(kBlockTable, {});
    for (std::uint32_t p = 0; p < patterns_.size(); ++p) {
        for (std::size_t i = 0; i + 2 <= window_; ++i) {
            std::uint8_t& shift = shift_[block(&patterns_[p].bytes[i])];
            shift = std::min(shift, static_cast<std::uint8_t>(window_ - 2 - i));
        }
        endings_[block(&patterns_[p].bytes[window_ - 2])].push_back(p);
    }
}

bool Needles::find(ByteView bytes, std::size_t from, Match& match) const {
    if (patterns_.empty()) return false;
    for (std::size_t end = from + window_; end <= bytes.size();) {
        const std::uint32_t last = block(&bytes[end - 2]);
        const std::size_t shift = shift_[last];
        if (shift != 0) {
            end += shift;
            continue;
        }
        const std::size_t start = end - window_;
        for (const std::uint32_t p : endings_[last]) {
            const Pattern& pattern = patterns_[p];
            if (pattern.bytes.size() > bytes.size() - start) continue;
            if (std::memcmp(&bytes[start], pattern.bytes.data(), pattern.bytes.size()) != 0)
                continue;
            match = {start, pattern.bytes.size(), pattern.text, pattern.encoding};
            return true;
        }
        ++end;
    }
    return false;
}

namespace {

class Scanner {
  public:
    Scanner(const Needles& needles, ScanReport& report)
        : needles_(needles), report_(report), buffer_(kReadBytes + needles.longest()) {}

    /// Blocks overlap by the longest pattern less one, so none hides on a border.
    Result<void> scan(const std::string& path) {
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0) {
            if (errno == ENOENT) return {};
            return fail(Errc::denied, "A file of the home can't be read, so nothing is proven.",
                        "Run the command as the user that started the server.");
        }
        const auto result = scan_open(path, fd);
        ::close(fd);
        ++report_.files;
        return result;
    }

  private:
    Result<void> scan_open(const std::string& path, int fd) {
        std::size_t kept = 0;
        std::uint64_t base = 0;  // the file offset of buffer_[0]
        for (;;) {
            const ssize_t n = ::read(fd, buffer_.data() + kept, buffer_.size() - kept);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return fail(Errc::unavailable, "A file of the home can't be read.");
            if (n == 0) return {};
            report_.bytes += static_cast<std::uint64_t>(n);
            const std::size_t filled = kept + static_cast<std::size_t>(n);
            match_all(path, ByteView(buffer_).first(filled), base);
            const std::size_t keep = std::min(filled, needles_.longest() - 1);
            std::memmove(buffer_.data(), buffer_.data() + filled - keep, keep);
            base += filled - keep;
            kept = keep;
        }
    }

    void match_all(const std::string& path, ByteView bytes, std::uint64_t base) {
        Needles::Match match{};
        for (std::size_t from = 0; needles_.find(bytes, from, match);) {
            from = match.offset + match.length;
            if (report_.hits.size() >= ScanReport::kMaximumHits) return;
            const std::uint64_t offset = base + match.offset;
            const bool seen = !report_.hits.empty() && report_.hits.back().file == path &&
                              report_.hits.back().offset >= offset;
            if (!seen) report_.hits.push_back({path, offset, match.text, match.encoding});
        }
    }

    const Needles& needles_;
    ScanReport& report_;
    Bytes buffer_;
};

}  // namespace

Result<ScanReport> scan_tree(const std::string& root, const Needles& needles,
                             const std::function<void(const ScanReport&)>& progress) {
    ScanReport report;
    if (needles.forms() == 0) return fail(Errc::invalid, "There is nothing to look for.");
    Scanner scanner(needles, report);
    std::vector<std::string> folders{root};
    while (!folders.empty()) {
        const std::string folder = std::move(folders.back());
        folders.pop_back();
        std::error_code code;
        const fs::directory_iterator entries(folder, code);
        // A folder that PostgreSQL removed meanwhile is gone; one that can't be opened is not
        // proven.
        if (code == std::errc::no_such_file_or_directory && folder != root) continue;
        if (code)
            return fail(Errc::denied, "A folder can't be read, so nothing is proven.",
                        "Run the command as the user that started the server.");
        for (const fs::directory_entry& entry : entries) {
            if (entry.is_symlink(code)) continue;
            if (entry.is_directory(code)) folders.push_back(entry.path().string());
            if (!entry.is_regular_file(code)) continue;
            SALUS_CHECK(scanner.scan(entry.path().string()));
            if (progress) progress(report);
        }
    }
    return report;
}

Result<void> checkpoint(const std::string& admin_dsn) {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(admin_dsn.c_str()),
                                                                  &PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK)
        return fail(Errc::unavailable, "The database can't be reached for a checkpoint.",
                    "Start it with: salus up");
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(
        PQexec(connection.get(), "CHECKPOINT"), &PQclear);
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
        return fail(Errc::unavailable, "The database made no checkpoint.");
    return {};
}

}  // namespace salus::ops
