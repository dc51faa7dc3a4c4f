#include "salus/db/detail/binaries.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <vector>

#include "salus/db/detail/child.h"
#include "salus/db/detail/server_version.h"

namespace salus::db::detail {
namespace {

constexpr std::size_t kFolders = 256;  ///< of PATH and of installations, looked at

std::vector<std::string> folders() {
    std::vector<std::string> found;
    const char* path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? std::string_view() : std::string_view(path);
    while (!rest.empty() && found.size() < kFolders) {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        if (end > 0 && rest[0] == '/') found.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    std::error_code ignored;  // no such folder: no such installation
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
        if (found.size() == kFolders) break;
        found.push_back(entry.path().string() + "/bin");
    }
    return found;
}

bool runnable(const std::string& path) {
    return ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<int> parse_version(std::string_view text) {
    constexpr std::string_view kBefore = "(PostgreSQL) ";
    const std::size_t start = text.find(kBefore);
    if (start == std::string_view::npos) return std::nullopt;
    const char* from = text.data() + start + kBefore.size();
    const char* const end = text.data() + text.size();
    int major = 0;
    int minor = 0;
    const auto first = std::from_chars(from, end, major);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return std::nullopt;
    if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc()) return std::nullopt;
    if (major < 1 || major > 999 || minor < 0 || minor > 999) return std::nullopt;
    return major * 10'000 + minor;
}

Result<Binaries> find_binaries(std::optional<int> major, const Account& account) {
    Binaries best;
    bool any = false;
    for (const std::string& folder : folders()) {
        Binaries found{folder + "/postgres", folder + "/initdb", 0};
        if (!runnable(found.postgres) || !runnable(found.initdb)) continue;
        Command command;
        command.argv = {found.postgres, "--version"};
        command.account = account;
        const auto text = output_of(std::move(command));
        const auto version = text ? parse_version(*text) : std::nullopt;
        if (!version) continue;
        any = true;
        found.version = *version;
        const bool fits = !major || *version / 10'000 == *major;
        if (fits && check_server_version(*version) && *version > best.version) best = found;
    }
    if (best.version != 0) return best;
    if (!any)
        return fail(Errc::unavailable, "PostgreSQL's server programs were not found.",
                    "Install PostgreSQL 15 (Debian: apt install postgresql-15), or name a server "
                    "with --dsn.");
    if (major)
        return fail(Errc::wrong_version,
                    "The data directory needs another PostgreSQL version than is installed.",
                    "Install the version that PG_VERSION in the data directory names (15.9, 16.5, "
                    "17.1 or newer).");
    return fail(Errc::wrong_version, "The installed PostgreSQL has known holes in row security.",
                "Install PostgreSQL 15.9, 16.5, 17.1 or newer.");
}

}  // namespace salus::db::detail
