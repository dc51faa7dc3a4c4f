#include "salus/keys/detail/shared_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "salus/core/fs.h"
#include "salus/core/limits.h"

namespace salus::keys::detail {
namespace {

constexpr std::chrono::milliseconds kLockPause(2);

std::int64_t nanoseconds(const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void overwrite(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0 || info.st_nlink != 0) return;
    static constexpr std::array<std::uint8_t, 4096> kZeros{};
    for (off_t at = 0; at < info.st_size;) {
        const auto left = static_cast<std::size_t>(info.st_size - at);
        const ssize_t n = ::pwrite(fd, kZeros.data(), std::min(left, kZeros.size()), at);
        if (n <= 0) return;
        at += n;
    }
    // Without this the zeros would never leave the cache: the file goes with its last descriptor.
    [[maybe_unused]] const int outcome = ::fdatasync(fd);
}

}  // namespace

Result<FileStamp> stamp_of(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
        if (errno == ENOENT)
            return fail(Errc::not_found, "The keystore file does not exist.",
                        "Restore the keystore from its backup.");
        return fail(Errc::unavailable, "The keystore file can't be reached.",
                    "Check the owner and the permissions of the home directory.");
    }
    return FileStamp{info.st_dev, info.st_ino, nanoseconds(info.st_mtim), nanoseconds(info.st_ctim),
                     info.st_size};
}

Result<FileLock> FileLock::take(const std::string& path, Mode mode) {
    const std::string lock_path = path + ".lock";
    const int fd = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && (errno == ENOSPC || errno == EDQUOT))
        return fail(Errc::storage_full, "The disk is full.",
                    "Free space on the home directory's volume.");
    if (fd < 0)
        return fail(Errc::unavailable, "The keystore's lock file can't be opened.",
                    "Check the owner and the permissions of the home directory.");
    FileLock lock(fd);
    const int operation = (mode == Mode::shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(limits::kKeystoreLockMs);
    while (::flock(fd, operation) != 0) {
        const bool held = errno == EWOULDBLOCK || errno == EINTR;
        if (!held || std::chrono::steady_clock::now() >= deadline)
            return fail(Errc::unavailable, "Another process keeps the keystore locked.",
                        "End the other salus process, or wait for it.");
        std::this_thread::sleep_for(kLockPause);
    }
    return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock::~FileLock() {
    if (fd_ >= 0) ::close(fd_);  // closing gives the lock back
}

Result<void> replace_file(const std::string& path, ByteView content) {
    const int old = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    auto written = write_file_atomic(path, content);
    if (old >= 0) {
        if (written) overwrite(old);
        ::close(old);
    }
    return written;
}

}  // namespace salus::keys::detail
