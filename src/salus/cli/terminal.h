#pragma once

#include <chrono>
#include <string>

#include "salus/cli/failure.h"

namespace salus::cli {

/// Asks on the terminal without echo. Errors: usage (no terminal: name the file option instead).
Outcome<std::string> ask_secret(const std::string& prompt);
/// Asks on the terminal, with echo.
Outcome<std::string> ask(const std::string& prompt);

/// One line on stderr that rewrites itself; nothing where stderr is no terminal. At most ten a
/// second.
class ProgressLine {
  public:
    ProgressLine();
    ~ProgressLine();
    [[nodiscard]] bool wanted() const { return terminal_; }
    void show(const std::string& text);
    void clear();

  private:
    bool terminal_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point last_{};
};

std::string with_thousands(std::uint64_t number);  ///< 92,114
std::string human_bytes(std::uint64_t bytes);      ///< 1.4 GiB
std::string bar(double fraction);                  ///< ████████░░░░

}  // namespace salus::cli
