#include "salus/cli/terminal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace salus::cli {
namespace {

/// Reads a line from the terminal itself, whatever stdin is. The echo comes back on every way out.
Outcome<std::string> ask_terminal(const std::string& prompt, bool echo) {
    const int tty = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0)
        return failed(Errc::usage, "There is no terminal to ask on.",
                      "Give the secret in a file: see --help");
    (void)!::write(tty, prompt.data(), prompt.size());
    termios before{};
    const bool changed = !echo && ::tcgetattr(tty, &before) == 0;
    if (changed) {
        termios silent = before;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(tty, TCSAFLUSH, &silent);
    }
    std::string line;
    for (char c = 0; ::read(tty, &c, 1) == 1 && c != '\n';)
        line.push_back(c);
    if (changed) {
        ::tcsetattr(tty, TCSAFLUSH, &before);
        (void)!::write(tty, "\n", 1);
    }
    ::close(tty);
    return line;
}

}  // namespace

Outcome<std::string> ask_secret(const std::string& prompt) {
    return ask_terminal(prompt, false);
}
Outcome<std::string> ask(const std::string& prompt) {
    return ask_terminal(prompt, true);
}

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}
ProgressLine::~ProgressLine() {
    clear();
}

void ProgressLine::clear() {
    if (shown_) fmt::print(stderr, "\r\033[K");
    shown_ = false;
}

void ProgressLine::show(const std::string& text) {
    if (!terminal_) return;
    const auto time = std::chrono::steady_clock::now();
    if (time - last_ < std::chrono::milliseconds(100)) return;
    last_ = time;
    shown_ = true;
    fmt::print(stderr, "\r\033[K{}", text);
    std::fflush(stderr);
}

std::string with_thousands(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t i = digits.size(); i > 3; i -= 3)
        digits.insert(i - 3, ",");
    return digits;
}

std::string human_bytes(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit)
        value /= 1024;
    return unit == 0 ? fmt::format("{} B", bytes)
                     : fmt::format("{:.1f} {}", value, kUnits.at(unit));
}

std::string bar(double fraction) {
    constexpr int kCells = 24;
    const int full = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kCells);
    std::string text;
    for (int i = 0; i < kCells; ++i)
        text += i < full ? "█" : "░";
    return text;
}

}  // namespace salus::cli
