#include "salus/db/detail/supervisor.h"

#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

namespace salus::db::detail {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::milliseconds kFirstPause = 50ms;
constexpr std::chrono::milliseconds kLongestPause = 5s;
constexpr auto kStable = 30s;  ///< ran this long: the next pause is the first again

/// Waits for the child's end and leaves it a zombie, so that its pid stays its own.
void wait_without_reaping(pid_t child) {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
}

}  // namespace

Supervisor::Supervisor(const DataDirectory& directory, Command command, Logger& log)
    : directory_(directory), command_(std::move(command)), log_(log) {}

Supervisor::~Supervisor() {
    stop();
}

void Supervisor::start() {
    thread_ = std::thread([this] { work(); });
}

void Supervisor::stop() {
    {
        std::unique_lock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
        // pid_ is set only while the process is not reaped, so the signal can't reach another one.
        for (const auto& [signal, time] : {std::pair{SIGINT, 30s}, {SIGQUIT, 5s}, {SIGKILL, 5s}}) {
            if (pid_ == 0) break;
            if (signal != SIGINT) log_.warn("PostgreSQL does not stop: ending it.");
            ::kill(pid_, signal);
            if (ended_within(lock, time)) break;
        }
    }
    if (thread_.joinable()) thread_.join();
}

bool Supervisor::ended_within(std::unique_lock<std::mutex>& lock, std::chrono::seconds time) {
    return changed_.wait_for(lock, time, [this] { return pid_ == 0; });
}

int Supervisor::pid() const {
    const std::lock_guard lock(mutex_);
    return pid_;
}

int Supervisor::ends() const {
    const std::lock_guard lock(mutex_);
    return ends_;
}

bool Supervisor::run_once() {
    pid_t child = 0;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return false;
        auto started = spawn(command_);
        if (started) child = pid_ = *started;
    }
    if (child != 0) wait_without_reaping(child);
    const std::lock_guard lock(mutex_);
    if (child != 0) static_cast<void>(wait_for(child));
    pid_ = 0;
    if (!stopping_) ++ends_;
    changed_.notify_all();
    return true;
}

void Supervisor::work() {
    std::chrono::milliseconds pause = kFirstPause;
    for (;;) {
        const auto begun = std::chrono::steady_clock::now();
        if (!run_once()) return;
        std::unique_lock lock(mutex_);
        if (stopping_) return;
        if (std::chrono::steady_clock::now() - begun > kStable) pause = kFirstPause;
        if (changed_.wait_for(lock, pause, [this] { return stopping_; })) return;
        lock.unlock();
        pause = std::min(2 * pause, kLongestPause);
        log_.error("PostgreSQL ended: starting it again.");
        // Its children may not have noticed yet, and a new server refuses to start beside them.
        if (const auto ended = directory_.end_leftovers(log_); !ended) log_.error(ended.error());
    }
}

}  // namespace salus::db::detail
