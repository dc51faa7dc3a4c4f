#include "salus/db/detail/leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "salus/db/detail/child.h"

namespace salus::db::detail {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPolite{15'000};  ///< for the checkpoint of a fast shutdown
constexpr milliseconds kFirm{3'000};
constexpr milliseconds kLook{10};

bool runs_postgres(const std::string& process) {
    std::array<char, 512> target;
    const ssize_t size = ::readlink((process + "/exe").c_str(), target.data(), target.size());
    if (size <= 0) return false;
    std::string_view exe(target.data(), static_cast<std::size_t>(size));
    constexpr std::string_view kReplaced = " (deleted)";  // by an upgrade of the package
    if (exe.ends_with(kReplaced)) exe.remove_suffix(kReplaced.size());
    return exe.ends_with("/postgres");
}

std::vector<pid_t> processes_in(int directory_fd) {
    std::vector<pid_t> found;
    struct stat here {};
    DIR* const list = ::opendir("/proc");
    if (list == nullptr || ::fstat(directory_fd, &here) != 0) {
        if (list != nullptr) ::closedir(list);
        return found;
    }
    while (const dirent* entry = ::readdir(list)) {
        const char* const end = entry->d_name + std::strlen(entry->d_name);
        pid_t pid = 0;
        const auto [last, error] = std::from_chars(entry->d_name, end, pid);
        if (error != std::errc() || last != end) continue;
        const std::string process = std::string("/proc/") + entry->d_name;
        struct stat there {};
        if (::stat((process + "/cwd").c_str(), &there) != 0) continue;
        if (there.st_dev == here.st_dev && there.st_ino == here.st_ino && runs_postgres(process))
            found.push_back(pid);
    }
    ::closedir(list);
    return found;
}

/// The first line of postmaster.pid; 0 when there is none.
pid_t server_pid(int directory_fd) {
    const Descriptor file(
        ::openat(directory_fd, "postmaster.pid", O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    std::array<char, 32> text;
    const ssize_t size = file.ok() ? ::read(file.get(), text.data(), text.size()) : 0;
    pid_t pid = 0;
    if (size > 0) std::from_chars(text.data(), text.data() + size, pid);
    return pid;
}

/// Not our children, so there is nothing to wait on but their disappearance.
bool gone_within(int directory_fd, milliseconds time) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (!processes_in(directory_fd).empty()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(kLook);
    }
    return true;
}

Result<void> end_processes(int directory_fd, Logger& log) {
    const std::vector<pid_t> found = processes_in(directory_fd);
    if (found.empty()) return {};
    log.warn("Processes of an earlier PostgreSQL are still there: ending them.",
             {{"processes", found.size()}});
    const pid_t server = server_pid(directory_fd);
    for (const pid_t pid : found) {
        if (pid != server) continue;
        ::kill(pid, SIGINT);
        ::kill(pid, SIGCONT);  // should somebody have stopped it
        if (gone_within(directory_fd, kPolite)) return {};
    }
    for (const int signal : {SIGQUIT, SIGKILL}) {
        for (const pid_t pid : processes_in(directory_fd))
            ::kill(pid, signal);
        if (gone_within(directory_fd, kFirm)) return {};
    }
    return fail(Errc::unavailable, "A PostgreSQL process of an earlier run does not end.",
                "End it by hand: its working directory is the data directory.");
}

}  // namespace

Result<void> end_leftovers(int directory_fd, Logger& log) {
    SALUS_CHECK(end_processes(directory_fd, log));
    // Nothing runs here and the home's lock is ours. The pid in the file may still answer: a killed
    // server that nobody has reaped yet, or another program that got its number; PostgreSQL would
    // take either for itself and refuse to start.
    if (::unlinkat(directory_fd, "postmaster.pid", 0) != 0 && errno != ENOENT)
        return fail(Errc::unavailable, "The pid file of an earlier PostgreSQL can't be removed.",
                    "Check the owner of the data directory.");
    return {};
}

}  // namespace salus::db::detail
