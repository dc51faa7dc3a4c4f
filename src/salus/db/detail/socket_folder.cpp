#include "salus/db/detail/socket_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>

#include "salus/db/detail/child.h"
#include "salus/db/detail/data_directory.h"

namespace salus::db::detail {
namespace {

/// PostgreSQL puts a lock file with a longer name beside the socket, but only the socket is bound.
constexpr std::string_view kSocketName = "/.s.PGSQL.5432";

bool usable_name(const std::string& path) {
    if (path.size() + kSocketName.size() >= sizeof(sockaddr_un::sun_path)) return false;
    return std::all_of(path.begin(), path.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("/._-").find(c) != std::string_view::npos;
    });
}

/// FNV-1a: a name for a path, not a secret.
std::uint64_t hash(std::string_view text) {
    std::uint64_t value = 0xcbf29ce484222325ULL;
    for (const char c : text)
        value = (value ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
    return value;
}

/// Makes the folder, or takes one that is already ours; never a link or somebody else's.
Result<void> own(const std::string& path, const Account& account) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return fail(Errc::unavailable, "The folder of the database's socket can't be made.",
                    "Check the owner and the permissions of the home directory.");
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat info {};
    const bool ours = folder.ok() && ::fstat(folder.get(), &info) == 0 &&
                      (info.st_uid == ::geteuid() || info.st_uid == account.uid);
    if (!ours || ::fchmod(folder.get(), 0700) != 0 ||
        (account.is_other() && ::fchown(folder.get(), account.uid, account.gid) != 0))
        return fail(Errc::conflict, "The folder of the database's socket belongs to somebody else.",
                    "Remove it, or name another --home.");
    return {};
}

}  // namespace

Result<SocketFolder> SocketFolder::make(const std::string& wished, const std::string& data_dir,
                                        const Account& account) {
    std::error_code error;
    const std::string absolute = std::filesystem::absolute(wished, error).lexically_normal();
    const std::string first = absolute + "/postgres";
    if (!error && usable_name(first)) {
        SALUS_CHECK(ensure_folder(absolute, 0711));
        SALUS_CHECK(own(first, account));
        if (can_reach(account, first)) return SocketFolder(first);
        ::rmdir(first.c_str());
    }
    const std::string second =
        account.is_other() ? fmt::format("/run/salus-{:016x}", hash(data_dir))
                           : fmt::format("/tmp/salus-{}-{:016x}", account.uid, hash(data_dir));
    SALUS_CHECK(own(second, account));
    return SocketFolder(second);
}

void SocketFolder::clear() const {
    const std::string socket = path_ + std::string(kSocketName);
    ::unlink(socket.c_str());
    ::unlink((socket + ".lock").c_str());
}

void SocketFolder::remove() const {
    ::rmdir(path_.c_str());
}

}  // namespace salus::db::detail
