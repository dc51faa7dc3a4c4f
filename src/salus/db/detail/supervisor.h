#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "salus/core/log.h"
#include "salus/db/detail/child.h"
#include "salus/db/detail/data_directory.h"

namespace salus::db::detail {

/// Keeps one PostgreSQL server running: starts it, and starts it again when it ends unasked,
/// waiting longer each time it does not stay up. Its thread is the server's parent for the kernel:
/// should salus be killed, the server gets a fast shutdown. Thread-safe.
class Supervisor {
  public:
    Supervisor(const DataDirectory& directory, Command command, Logger& log);
    ~Supervisor();
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    void start();
    /// Fast shutdown; immediate when that takes too long. Returns when the server has ended.
    void stop();
    /// The server's process; 0 while there is none.
    [[nodiscard]] int pid() const;
    /// How often the server ended unasked.
    [[nodiscard]] int ends() const;

  private:
    void work();
    /// Starts the server and waits for its end. False: asked to stop before it was started.
    bool run_once();
    bool ended_within(std::unique_lock<std::mutex>& lock, std::chrono::seconds time);

    const DataDirectory& directory_;
    const Command command_;
    Logger& log_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    pid_t pid_ = 0;
    int ends_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace salus::db::detail
