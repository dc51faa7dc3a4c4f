#pragma once

#include <atomic>
#include <boost/asio/async_result.hpp>
#include <cstddef>
#include <new>
#include <utility>

#include "salus/edge/detail/sockets.h"
#include "salus/edge/detail/tls_stream.h"

namespace salus::edge::detail {

/// A suspended coroutine, as the handler that resumes it.
class Resumable {
  public:
    virtual ~Resumable() = default;
    Resumable() = default;
    Resumable(const Resumable&) = delete;
    Resumable& operator=(const Resumable&) = delete;
    /// Resumes on this thread. Gives up its place first: the coroutine may end, and that with it.
    virtual void resume() = 0;
};

/// A descriptor that one coroutine at a time waits for. The handler is kept in place: a wait
/// allocates nothing.
class Waitable {
  public:
    explicit Waitable(int fd) : fd_(fd) {}

  private:
    friend class Poller;
    template <typename Handler>
    struct Waiting final : Resumable {
        explicit Waiting(Handler h) : handler(std::move(h)) {}
        void resume() override {
            Handler taken = std::move(handler);
            this->~Waiting();
            std::move(taken)();
        }
        Handler handler;
    };
    const int fd_;
    bool registered_ = false;
    /// Says in the language's own terms what epoll does: the waker sees all that the waiter wrote.
    std::atomic<bool> armed_{false};
    alignas(std::max_align_t) std::byte place_[48];
};

/// Readiness for threads that block. Every worker waits on one epoll instance itself, each
/// descriptor is armed for one event (EPOLLONESHOT), and the thread that the kernel wakes runs the
/// coroutine, its handler and all: nothing is handed from thread to thread. (Asio's own reactor
/// wakes another thread for every event: 3.3 futex calls and 1.7 context switches a request,
/// measured.) Thread-safe.
class Poller {
  public:
    Poller();
    [[nodiscard]] bool ok() const { return epoll_.ok() && stop_.ok(); }

    /// Completes when `need` (want_read or want_write) is likely to succeed, or the peer is gone.
    template <typename Token>
    auto wait(Waitable& waitable, Io need, Token token) {
        return boost::asio::async_initiate<Token, void()>(
            [this, &waitable, need](auto handler) {
                using Waiting = Waitable::Waiting<decltype(handler)>;
                static_assert(sizeof(Waiting) <= sizeof waitable.place_);
                new (waitable.place_) Waiting(std::move(handler));
                // From here on another thread may run the coroutine: nothing of it is touched
                // again.
                arm(waitable, need);
            },
            token);
    }

    /// Serves events on this thread until `stop`.
    void run();
    void stop();
    /// Resumed by this thread after the event that it works on; at once on a thread that is not in
    /// `run`.
    static void defer(Resumable& resumable);

  private:
    void arm(Waitable& waitable, Io need);
    Fd epoll_;
    Fd stop_;
};

}  // namespace salus::edge::detail
