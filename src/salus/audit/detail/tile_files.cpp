#include "salus/audit/detail/tile_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>

#include "salus/core/fs.h"

namespace salus::audit {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kMaxLevels = 64 / kTileHeight;

Error write_error() {
    if (errno == ENOSPC || errno == EDQUOT)
        return {Errc::storage_full, "The disk is full: the audit log can't be continued.",
                "Free space on the home directory's volume."};
    return {Errc::unavailable, "A file of the audit log could not be written.",
            "Check the owner and the permissions of the home directory."};
}

bool write_all(int file, ByteView content) {
    while (!content.empty()) {
        const ssize_t n = ::write(file, content.data(), content.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        content = content.subspan(static_cast<std::size_t>(n));
    }
    return true;
}

}  // namespace

Result<Bytes> read_tile(const std::string& folder, const TileName& name) {
    const auto exact = read_file(folder + "/" + name.path());
    if (exact || exact.error().code() != Errc::not_found || name.width == kTileWidth) return exact;
    TileName wider = name;
    wider.width = kTileWidth;
    const auto full = read_file(folder + "/" + wider.path());
    if (full || full.error().code() != Errc::not_found) return full;
    const std::set<std::uint64_t> widths = partial_widths(folder, name);
    const auto found = widths.upper_bound(name.width);
    if (found == widths.end()) return exact;
    wider.width = *found;
    return read_file(folder + "/" + wider.path());
}

Result<std::vector<Hash>> read_hashes(const std::string& folder, const TileName& name) {
    SALUS_TRY(const Bytes tile, read_tile(folder, name));
    std::vector<Hash> hashes = split_hashes(tile);
    if (hashes.size() < name.width)
        return fail(Errc::integrity, "A tile of the audit log is too short.");
    hashes.resize(name.width);
    return hashes;
}

SubtreeHash stored_subtrees(std::string folder, std::uint64_t size) {
    return [folder = std::move(folder), size](unsigned level, std::uint64_t index) -> Result<Hash> {
        // A subtree of height 8k + r is the root over 2^r neighbouring hashes of one tile at level
        // k.
        const unsigned tile_level = level / kTileHeight;
        const unsigned inner = level % kTileHeight;
        const std::uint64_t first = index << inner;
        const std::uint64_t tile = first / kTileWidth;
        const std::uint64_t width = tile_width(size, tile_level, tile);
        const std::uint64_t begin = first % kTileWidth;
        const std::uint64_t count = std::uint64_t{1} << inner;
        if (width < begin + count)
            return fail(Errc::invalid, "The tree has no such complete subtree.");
        SALUS_TRY(const std::vector<Hash> hashes,
                  read_hashes(folder, {TileName::Kind::hashes, tile_level, tile, width}));
        return root_of(std::span(hashes).subspan(begin, count));
    };
}

Result<TileTree> read_right_edge(const std::string& folder, std::uint64_t size) {
    std::vector<std::vector<Hash>> open;
    for (unsigned level = 0; level < kMaxLevels && hashes_at(size, level) > 0; ++level) {
        open.emplace_back();
        const std::uint64_t index = hashes_at(size, level) / kTileWidth;
        const std::uint64_t width = tile_width(size, level, index);
        if (width == 0) continue;
        auto hashes = read_hashes(folder, {TileName::Kind::hashes, level, index, width});
        if (!hashes && hashes.error().code() == Errc::not_found)
            return fail(Errc::integrity, "A tile of the audit log is missing.");
        if (!hashes) return fail(hashes.error());
        open.back() = std::move(*hashes);
    }
    return TileTree(size, std::move(open));
}

std::set<std::uint64_t> partial_widths(const std::string& folder, const TileName& name) {
    std::set<std::uint64_t> widths;
    std::error_code code;
    for (fs::directory_iterator it(folder + "/" + name.partial_folder(), code), end; it != end;
         it.increment(code)) {
        const std::string file = it->path().filename();
        std::uint64_t width = 0;
        const auto [rest, error] = std::from_chars(file.data(), file.data() + file.size(), width);
        const bool number = error == std::errc() && rest == file.data() + file.size();
        if (number && width > 0 && width < kTileWidth) widths.insert(width);
    }
    return widths;
}

void remove_partials(const std::string& folder, const TileName& name,
                     const std::set<std::uint64_t>& keep) {
    TileName partial = name;
    for (const std::uint64_t width : partial_widths(folder, name)) {
        partial.width = width;
        if (!keep.contains(width)) ::unlink((folder + "/" + partial.path()).c_str());
    }
    if (keep.empty()) ::rmdir((folder + "/" + name.partial_folder()).c_str());
}

Result<void> sync_folder(const std::string& path) {
    const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return fail(write_error());
    const bool done = ::fsync(folder) == 0;
    const Error error = write_error();
    ::close(folder);
    if (!done) return fail(error);
    return {};
}

DurableFiles::~DurableFiles() {
    for (const int file : written_)
        ::close(file);
}

Result<void> DurableFiles::make_folder(const std::string& path) {
    if (known_folders_.contains(path)) return {};
    const std::string parent = fs::path(path).parent_path();
    if (path.size() > folder_.size()) SALUS_CHECK(make_folder(parent));
    if (::mkdir(path.c_str(), 0700) == 0)
        changed_folders_.insert(parent);
    else if (errno != EEXIST)
        return fail(write_error());
    known_folders_.insert(path);
    return {};
}

Result<void> DurableFiles::write(const std::string& path, ByteView content) {
    const std::string full = folder_ + "/" + path;
    const std::string parent = fs::path(full).parent_path();
    SALUS_CHECK(make_folder(parent));
    // Not over the old name: a crash leaves files that no checkpoint covers, and they are written
    // again.
    const int file =
        ::open(full.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return fail(write_error());
    written_.push_back(file);
    changed_folders_.insert(parent);
    if (!write_all(file, content)) return fail(write_error());
    return {};
}

Result<void> DurableFiles::flush() {
    for (const int file : written_)
        if (::fsync(file) != 0) return fail(write_error());
    for (const std::string& path : changed_folders_)
        SALUS_CHECK(sync_folder(path));
    for (const int file : written_)
        ::close(file);
    written_.clear();
    changed_folders_.clear();
    return {};
}

}  // namespace salus::audit
