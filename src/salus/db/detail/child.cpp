#include "salus/db/detail/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace salus::db::detail {
namespace {

constexpr int kDirectoryFd = 3;
constexpr int kExecFailed = 127;

/// Everything the child needs, made before the fork: after it, in a process that had threads, only
/// async-signal-safe calls are allowed.
struct Prepared {
    std::vector<char*> argv;
    std::array<char*, 5> environment;
    const Command* command;
    pid_t parent;
};

void reset_signals() {
    for (int number = 1; number < NSIG; ++number)
        ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// 0 is /dev/null, 1 and 2 the output, 3 the directory; all else is closed.
bool arrange_descriptors(const Command& command) {
    const int null = ::open("/dev/null", O_RDWR);
    const int output = command.output_fd >= 0 ? command.output_fd : null;
    // Copies above the range first, so that no source is overwritten before it is used.
    const int high_null = ::fcntl(null, F_DUPFD, 16);
    const int high_output = ::fcntl(output, F_DUPFD, 16);
    int high_directory = -1;
    if (command.directory_fd >= 0) {
        high_directory = ::fcntl(command.directory_fd, F_DUPFD, 16);
        if (high_directory < 0) return false;
    }
    if (high_null < 0 || high_output < 0) return false;
    if (::dup2(high_null, 0) < 0 || ::dup2(high_output, 1) < 0 || ::dup2(high_output, 2) < 0)
        return false;
    if (high_directory >= 0 && ::dup2(high_directory, kDirectoryFd) < 0) return false;
    const unsigned first = high_directory >= 0 ? kDirectoryFd + 1 : kDirectoryFd;
    return ::syscall(SYS_close_range, first, ~0U, 0U) == 0;
}

[[noreturn]] void become_child(const Prepared& prepared) {
    const Command& command = *prepared.command;
    ::setsid();
    reset_signals();
    ::umask(077);
    const bool ready = arrange_descriptors(command) && ::chdir("/") == 0 &&
                       (!command.account.is_other() || command.account.become());
    if (!ready) ::_exit(kExecFailed);
    // After the change of user, which clears it. The parent may have died before it was set.
    if (command.death_signal != 0) {
        ::prctl(PR_SET_PDEATHSIG, command.death_signal);
        if (::getppid() != prepared.parent) ::_exit(kExecFailed);
    }
    ::execve(prepared.argv[0], prepared.argv.data(), prepared.environment.data());
    ::_exit(kExecFailed);
}

Error start_error() {
    return {Errc::unavailable, "A PostgreSQL program could not be started.",
            "Check the limits on processes and memory."};
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}
Descriptor::~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

Result<pid_t> spawn(const Command& command) {
    // Nothing of the caller's environment: no PG* variable and no locale changes what runs.
    static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
    static char locale[] = "LC_ALL=C";
    static char zone[] = "TZ=UTC";
    static char home[] = "HOME=/";
    Prepared prepared{{}, {path, locale, zone, home, nullptr}, &command, ::getpid()};
    for (const std::string& argument : command.argv)
        prepared.argv.push_back(const_cast<char*>(argument.c_str()));
    prepared.argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child < 0) return fail(start_error());
    if (child == 0) become_child(prepared);
    return child;
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return kExecFailed;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<void> run(const Command& command) {
    SALUS_TRY(const pid_t child, spawn(command));
    if (wait_for(child) != 0)
        return fail(Errc::unavailable, "A PostgreSQL program failed.",
                    "The PostgreSQL log in the home directory says why.");
    return {};
}

Result<std::string> output_of(Command command) {
    std::array<int, 2> ends;
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(start_error());
    const Descriptor from(ends[0]);
    Descriptor to(ends[1]);
    command.output_fd = to.get();
    SALUS_TRY(const pid_t child, spawn(command));
    to = Descriptor();
    std::string text(4096, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t n = ::read(from.get(), text.data() + size, text.size() - size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        size += static_cast<std::size_t>(n);
    }
    if (wait_for(child) != 0) return fail(start_error());
    text.resize(size);
    return text;
}

}  // namespace salus::db::detail
