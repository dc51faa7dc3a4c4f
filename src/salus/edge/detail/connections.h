#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "salus/edge/detail/sockets.h"
#include "salus/edge/server.h"

namespace salus::edge::detail {

/// Milliseconds of the coarse monotonic clock: a read costs a few nanoseconds.
std::int64_t now_ms();

/// One open connection, as the table below sees it. Written by its coroutine.
class ConnectionEntry {
  public:
    ConnectionEntry(int fd, const AddressKey& address) : fd_(fd), address_(address) {}
    static constexpr std::int64_t kNever = INT64_MAX;
    /// From this moment on the connection is cut.
    void set_deadline(std::int64_t at_ms) { deadline_ms_.store(at_ms, std::memory_order_relaxed); }
    /// Between two requests: a drain may end it.
    void set_idle(bool idle) { idle_.store(idle); }

  private:
    friend class Connections;
    const int fd_;
    const AddressKey address_;
    std::atomic<std::int64_t> deadline_ms_{kNever};
    std::atomic<bool> idle_{false};
};

/// All open connections: their caps, their deadlines, their end. One sweep looks after every
/// deadline, so no connection owns a timer. Thread-safe. A connection is ended by shutting its
/// socket down, which wakes its coroutine; only the coroutine closes the descriptor, after
/// `remove`.
class Connections {
  public:
    explicit Connections(const ServerLimits& limits) : limits_(limits) {}

    enum class Admission : std::uint8_t { admitted, too_many, too_many_of_address };
    /// `counted`: the peer has an address that the cap per address applies to.
    Admission add(ConnectionEntry& entry, bool counted);
    void remove(ConnectionEntry& entry);
    /// Cuts what is past its deadline; returns how many.
    std::size_t sweep(std::int64_t at_ms);

    /// Ends idle connections now and the others after their request.
    void start_drain();
    [[nodiscard]] bool draining() const { return draining_.load(); }
    /// False when some were left after `timeout`.
    bool wait_until_empty(std::chrono::milliseconds timeout);
    void wait_until_empty();
    void cut_all();

  private:
    struct AddressHash {
        std::size_t operator()(const AddressKey& key) const noexcept;
    };
    const ServerLimits& limits_;
    std::atomic<bool> draining_{false};
    std::mutex mutex_;
    std::condition_variable emptied_;
    std::unordered_map<ConnectionEntry*, bool> open_;  ///< and whether its address is counted
    std::unordered_map<AddressKey, std::size_t, AddressHash> by_address_;
};

}  // namespace salus::edge::detail
