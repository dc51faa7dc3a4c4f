#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "salus/core/bytes.h"
#include "salus/core/result.h"

namespace salus::ops {

/// Looks for texts in bytes, in every form in which a store would leave them readable: as they are,
/// in lower and upper case, hexadecimal, base64 and base64url at each of the three alignments,
/// UTF-16 in both byte orders, percent-encoded and reversed. One pass, whatever the number of
/// texts.
class Needles {
  public:
    static constexpr std::size_t kMinimumBytes = 8;  ///< shorter texts turn up by chance

    /// Texts below kMinimumBytes are left out: their absence would prove nothing.
    void add(std::string_view text);
    [[nodiscard]] std::size_t forms() const { return patterns_.size(); }
    [[nodiscard]] std::size_t longest() const { return longest_; }

    struct Match {
        std::size_t offset;
        std::size_t length;
        std::size_t text;           ///< index of the text, in the order of add()
        std::string_view encoding;  ///< constant: "plain", "hex", "base64", ...
    };
    /// The first match at or after `from`, if there is one.
    [[nodiscard]] bool find(ByteView bytes, std::size_t from, Match& match) const;

  private:
    struct Pattern {
        Bytes bytes;
        std::size_t text;
        std::string_view encoding;
    };
    void add_form(Bytes bytes, std::string_view encoding);
    void add_base64(std::string_view text);

    std::vector<Pattern> patterns_;
    std::vector<std::uint8_t> shift_;  ///< Wu-Manber: by the hash of two bytes
    std::vector<std::vector<std::uint32_t>>
        endings_;             ///< patterns by the block that ends the window
    std::size_t window_ = 0;  ///< the shortest pattern
    std::size_t longest_ = 0;
    std::size_t texts_ = 0;
    void prepare();
};

struct ScanHit {
    std::string file;
    std::uint64_t offset;
    std::size_t text;
    std::string_view encoding;
};
struct ScanReport {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::vector<ScanHit> hits;  ///< at most kMaximumHits
    static constexpr std::size_t kMaximumHits = 20;
};

/// Reads every regular file under `root`. A file that goes away while it is read (a recycled WAL
/// segment) is skipped; one that can't be read is an error: "clean" must mean that every byte was
/// seen. Errors: unavailable, denied.
Result<ScanReport> scan_tree(const std::string& root, const Needles& needles,
                             const std::function<void(const ScanReport&)>& progress = {});

/// Makes a private PostgreSQL write its pages out, so that the data files hold what was stored.
/// Errors: unavailable.
Result<void> checkpoint(const std::string& admin_dsn);

}  // namespace salus::ops
