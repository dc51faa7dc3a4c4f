#pragma once

#include <boost/asio/async_result.hpp>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "salus/edge/detail/poller.h"

namespace salus::edge::detail {

/// How many handlers run at once. Who comes when all slots are taken waits in order. Thread-safe.
class Slots {
  public:
    explicit Slots(std::size_t count) : free_(count) {}

    [[nodiscard]] bool try_take() {
        const std::lock_guard lock(mutex_);
        if (free_ == 0) return false;
        --free_;
        return true;
    }

    /// Completes with true when a slot was handed over, with false when `until_ms` passed first.
    template <typename Token>
    auto wait(std::int64_t until_ms, Token token) {
        return boost::asio::async_initiate<Token, void(bool)>(
            [this, until_ms](auto handler) {
                auto* waiter = new WaiterOf<decltype(handler)>(until_ms, std::move(handler));
                {
                    const std::lock_guard lock(mutex_);
                    if (free_ == 0) {
                        waiting_.push_back(waiter);
                        return;
                    }
                    --free_;
                }
                waiter->taken = true;
                Poller::defer(*waiter);
            },
            token);
    }

    /// On a thread of the poller, which then resumes who has waited longest.
    void give_back() {
        Waiter* next = nullptr;
        {
            const std::lock_guard lock(mutex_);
            if (waiting_.empty()) {
                ++free_;
                return;
            }
            next = waiting_.front();
            waiting_.pop_front();
        }
        next->taken = true;
        Poller::defer(*next);
    }

    /// Sends away who waits for longer than it wanted.
    void expire(std::int64_t at_ms) {
        std::vector<Waiter*> late;
        {
            const std::lock_guard lock(mutex_);
            while (!waiting_.empty() && waiting_.front()->until_ms <= at_ms) {
                late.push_back(waiting_.front());
                waiting_.pop_front();
            }
        }
        for (Waiter* waiter : late)
            waiter->resume();
    }

  private:
    struct Waiter : Resumable {
        explicit Waiter(std::int64_t until) : until_ms(until) {}
        const std::int64_t until_ms;
        bool taken = false;
    };
    template <typename Handler>
    struct WaiterOf final : Waiter {
        WaiterOf(std::int64_t until, Handler h) : Waiter(until), handler(std::move(h)) {}
        void resume() override {
            Handler taken_out = std::move(handler);
            const bool has_slot = taken;
            delete this;
            std::move(taken_out)(has_slot);
        }
        Handler handler;
    };

    std::mutex mutex_;
    std::size_t free_;
    std::deque<Waiter*> waiting_;  ///< at most one for each connection; each deletes itself
};

}  // namespace salus::edge::detail
