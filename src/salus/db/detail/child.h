#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "salus/core/result.h"
#include "salus/db/detail/account.h"

namespace salus::db::detail {

/// An open file descriptor; closed at the end.
class Descriptor {
  public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor();
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool ok() const { return fd_ >= 0; }

  private:
    int fd_;
};

/// How a child sees a directory that it was given open: also when the folders above the directory
/// do not let its user through, because /proc/self/fd leads to the directory itself.
inline constexpr char kGivenDirectory[] = "/proc/self/fd/3";

struct Command {
    std::vector<std::string> argv;  ///< argv[0] is the program's absolute path
    Account account;
    int output_fd = -1;     ///< standard output and error
    int directory_fd = -1;  ///< kGivenDirectory in the child; -1: none
    int death_signal = 0;   ///< sent to the child when the calling thread ends
};

/// Starts a child in a session of its own (the terminal's Ctrl-C does not reach it), with a fixed
/// environment, no other descriptors, and default signals. Errors: unavailable.
Result<pid_t> spawn(const Command& command);

/// Waits for the child's end: its exit code, or 128 + the signal.
int wait_for(pid_t child);

/// Runs to the end. Errors: unavailable (could not start, or exit code other than 0).
Result<void> run(const Command& command);

/// What a command prints, at most 4 KiB.
Result<std::string> output_of(Command command);

}  // namespace salus::db::detail
