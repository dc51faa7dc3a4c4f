#include "salus/ops/home.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>

#include "salus/core/encoding.h"
#include "salus/core/fs.h"
#include "salus/crypto/mac.h"

namespace salus::ops {
namespace {

constexpr std::string_view kVersion = "salus home 1\n";
constexpr std::size_t kSocketPathBytes = 107;  // sun_path without its NUL, unix(7)

std::string environment(const char* name) {
    const char* value = ::getenv(name);
    return value ? value : "";
}

bool is_empty_folder(const std::string& path) {
    std::error_code code;
    return std::filesystem::is_empty(path, code) && !code;
}

/// Somebody else's folder, or one that others can list or change, is no place for keys.
Result<void> check_owner(const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0)
        return fail(Errc::not_found, "There is no salus home here.",
                    "Start one with: salus up, or name another with --home.");
    if (!S_ISDIR(info.st_mode))
        return fail(Errc::conflict, "The home's path is not a folder.", "Choose another --home.");
    if (info.st_uid != ::geteuid())
        return fail(Errc::denied, "The home belongs to another user.",
                    "Run the command as the user that started the server.");
    if ((info.st_mode & 0066) != 0)
        return fail(Errc::denied, "Other users can read or change the home.",
                    "Take their permissions away: chmod go-rw HOME");
    return {};
}

Result<void> check_version(const std::string& root) {
    const auto version = read_file(root + "/version", 256);
    if (!version) {
        if (version.error().code() != Errc::not_found) return fail(version.error());
        return fail(Errc::conflict, "The folder is not empty and is no salus home.",
                    "Choose an empty or absent folder with --home.");
    }
    if (as_text(*version) != kVersion)
        return fail(Errc::wrong_version, "The home was made by another version of salus.",
                    "Use the salus that made it, or choose another --home.");
    return {};
}

Result<void> make_folders(const Home& home) {
    for (const std::string& folder :
         {home.keys(), home.run(), home.log(), home.tls(), home.audit()}) {
        struct stat info {};
        // A folder that exists keeps its mode: the database opens HOME/run to its own user.
        if (::lstat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) continue;
        SALUS_CHECK(make_dirs(folder));
    }
    return {};
}

/// An open file description's lock (fcntl(2)): unlike flock it can be asked after without being
/// taken, so that looking for a server never gets in the way of one that starts.
struct flock whole_file() {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

std::optional<pid_t> read_pid(const std::string& path) {
    const auto text = read_file(path, 64);
    if (!text) return std::nullopt;
    const std::string_view digits = as_text(*text);
    pid_t pid = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
    if (code != std::errc() || pid <= 1) return std::nullopt;
    return pid;
}

std::string short_socket_folder(const std::string& root) {
    const crypto::Digest digest = crypto::sha256(as_bytes(root));
    return fmt::format("/tmp/salus-{}-{}", ::geteuid(), to_hex(ByteView(digest).first(8)));
}

}  // namespace

Result<Home> Home::open_or_create(const std::string& path) {
    std::error_code code;
    Home home(std::filesystem::absolute(path, code).lexically_normal().string());
    while (home.root_.size() > 1 && home.root_.back() == '/')
        home.root_.pop_back();
    if (!std::filesystem::exists(home.root_, code)) SALUS_CHECK(make_dirs(home.root_));
    SALUS_CHECK(check_owner(home.root_));
    if (is_empty_folder(home.root_)) {
        if (::chmod(home.root_.c_str(), 0700) != 0)
            return fail(Errc::unavailable, "The home's permissions can't be set.");
        SALUS_CHECK(write_file_atomic(home.root_ + "/version", as_bytes(kVersion)));
    }
    SALUS_CHECK(check_version(home.root_));
    SALUS_CHECK(make_folders(home));
    return home;
}

Result<Home> Home::open(const std::string& path) {
    std::error_code code;
    Home home(std::filesystem::absolute(path, code).lexically_normal().string());
    while (home.root_.size() > 1 && home.root_.back() == '/')
        home.root_.pop_back();
    SALUS_CHECK(check_owner(home.root_));
    SALUS_CHECK(check_version(home.root_));
    return home;
}

std::string Home::operator_socket() const {
    std::string path = run() + "/operator.sock";
    if (path.size() <= kSocketPathBytes) return path;
    return short_socket_folder(root_) + "/operator.sock";
}

Result<void> Home::prepare_operator_socket() const {
    if (operator_socket().starts_with(root_)) return {};
    const std::string folder = short_socket_folder(root_);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return fail(Errc::unavailable, "The operator socket's folder can't be made.");
    // /tmp is everybody's: a folder that somebody else has put there is refused.
    struct stat info {};
    if (::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) ||
        info.st_uid != ::geteuid() || (info.st_mode & 0077) != 0)
        return fail(Errc::denied, "The operator socket's folder belongs to somebody else.",
                    "Choose a --home with a shorter path.");
    return {};
}

void Home::remove_operator_socket() const {
    if (operator_socket().starts_with(root_)) return;
    ::unlink(operator_socket().c_str());
    ::rmdir(short_socket_folder(root_).c_str());
}

std::string state_folder() {
    const std::string state = environment("XDG_STATE_HOME");
    return (state.empty() ? environment("HOME") + "/.local/state" : state) + "/salus";
}

std::string default_home() {
    return ::geteuid() == 0 ? "/var/lib/salus" : state_folder();
}

Result<HomeLock> HomeLock::take(const Home& home) {
    HomeLock lock(
        ::open(home.lock_file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (lock.fd_ < 0) return fail(Errc::unavailable, "The home's lock file can't be opened.");
    struct flock whole = whole_file();
    if (::fcntl(lock.fd_, F_OFD_SETLK, &whole) != 0)
        return fail(Errc::conflict, "A server runs on this home already.",
                    "Look at it with: salus status, stop it with: salus down");
    const std::string text = fmt::format("{}\n", ::getpid());
    if (::ftruncate(lock.fd_, 0) != 0 ||
        ::pwrite(lock.fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
        return fail(Errc::storage_full, "The home's lock file can't be written.");
    return lock;
}

HomeLock::HomeLock(HomeLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
HomeLock::~HomeLock() {
    if (fd_ >= 0) ::close(fd_);
}

std::optional<pid_t> running_server(const Home& home) {
    const int fd = ::open(home.lock_file().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    struct flock whole = whole_file();
    const bool asked = ::fcntl(fd, F_OFD_GETLK, &whole) == 0;
    ::close(fd);
    if (!asked || whole.l_type == F_UNLCK) return std::nullopt;
    return read_pid(home.lock_file());
}

Result<void> stop_server(const Home& home, int timeout_ms) {
    const auto pid = running_server(home);
    if (!pid) return fail(Errc::not_found, "No server runs on this home.", "Start one: salus up");
    // A pid file descriptor names this very process, even if its number is given to another.
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0));
    if (process < 0) return {};
    if (::syscall(SYS_pidfd_send_signal, process, SIGTERM, nullptr, 0) != 0 && errno != ESRCH) {
        ::close(process);
        return fail(Errc::denied, "The server can't be signalled.",
                    "Run the command as the user that started the server.");
    }
    pollfd wait{process, POLLIN, 0};
    const int ended = ::poll(&wait, 1, timeout_ms);
    ::close(process);
    if (ended <= 0)
        return fail(Errc::timeout, "The server has not ended yet.",
                    "It may still be finishing requests: try again, or look at HOME/log.");
    return {};
}

}  // namespace salus::ops
