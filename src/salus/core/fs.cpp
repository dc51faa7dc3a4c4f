#include "salus/core/fs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace salus {
namespace {

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool ok() const { return fd_ >= 0; }

  private:
    int fd_;
};

Error write_error() {
    if (errno == ENOSPC || errno == EDQUOT)
        return {Errc::storage_full, "The disk is full.",
                "Free space on the home directory's volume."};
    return {Errc::unavailable, "A file could not be written.",
            "Check the owner and the permissions of the home directory."};
}

bool write_all(int fd, ByteView content) {
    while (!content.empty()) {
        const ssize_t n = ::write(fd, content.data(), content.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        content = content.subspan(static_cast<std::size_t>(n));
    }
    return true;
}

}  // namespace

Result<Bytes> read_file(const std::string& path, std::size_t limit_bytes) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.ok()) {
        if (errno == ENOENT) return fail(Errc::not_found, "The file does not exist.");
        return fail(Errc::unavailable, "The file can't be opened.", "Check its permissions.");
    }
    struct stat info {};
    if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
        return fail(Errc::unavailable, "The path is not a regular file.");
    if (static_cast<std::size_t>(info.st_size) > limit_bytes)
        return fail(Errc::too_large, "The file is larger than this use of it allows.");
    Bytes content(static_cast<std::size_t>(info.st_size));
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t n = ::read(file.get(), content.data() + done, content.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(Errc::unavailable, "The file can't be read.");
        if (n == 0) break;
        done += static_cast<std::size_t>(n);
    }
    content.resize(done);
    return content;
}

Result<void> write_file_atomic(const std::string& path, ByteView content, unsigned mode) {
    const std::string temporary = path + ".tmp";
    {
        const Descriptor file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
        if (!file.ok() || !write_all(file.get(), content) || ::fsync(file.get()) != 0) {
            const Error error = write_error();
            ::unlink(temporary.c_str());
            return fail(error);
        }
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) return fail(write_error());
    const std::string folder = std::filesystem::path(path).parent_path();
    const Descriptor parent(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY));
    if (!parent.ok() || ::fsync(parent.get()) != 0) return fail(write_error());
    return {};
}

Result<void> make_dirs(const std::string& path, unsigned mode) {
    std::error_code code;
    std::filesystem::create_directories(path, code);
    if (code || ::chmod(path.c_str(), mode) != 0) return fail(write_error());
    return {};
}

}  // namespace salus
