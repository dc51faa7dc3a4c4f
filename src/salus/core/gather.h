#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "salus/core/limits.h"
#include "salus/core/result.h"

namespace salus {

/// The bounds of a Gather.
struct GatherOptions {
    std::size_t max_jobs = limits::kGatherJobs;    ///< in one batch
    std::size_t max_weight = limits::kGatherOps;   ///< of one batch; a heavier job runs alone
    std::size_t max_queue = limits::kGatherQueue;  ///< callers that wait
    std::size_t leaders = 1;                       ///< batches that run at the same time
};

/// Runs the jobs of concurrent callers in shared batches, on the callers' own threads, so that what
/// a batch pays once (a round trip, a commit, an fsync) is paid once for all of them.
///
/// A caller that finds a leader's place free runs its job at once: nobody waits for company.
/// Callers that come while all places are taken queue up, first in, first out; a leader that is
/// done passes its place to the oldest of them, which takes along those behind it up to the bounds.
///
///     struct Insert { Row row; Result<void> result; std::size_t weight() const { return 1; } };
///     Gather<Insert> gather({.leaders = 2}, [&](std::span<Insert*> batch) { ... sets results ...
///     }); Insert insert{...}; SALUS_CHECK(gather.run(insert));  // too_many_requests: not run,
///     nothing happened return insert.result;
///
/// `weight()` is optional: a job without it weighs 1. `run` gives each job its own outcome, in a
/// field of the job, and must not throw (std::terminate: the others of its batch would wait for
/// ever). Thread-safe. A job must not call the Gather that runs it. Destroy it when nobody is
/// inside.
template <typename Job>
class Gather {
  public:
    using Run = std::function<void(std::span<Job*>)>;

    Gather(GatherOptions options, Run run) : options_(options), run_(std::move(run)) {}
    Gather(const Gather&) = delete;
    Gather& operator=(const Gather&) = delete;

    /// Returns when the job has been run, by this thread or another; what `run` wrote into the job
    /// is visible then. Errors: too_many_requests (max_queue callers wait already).
    Result<void> run(Job& job) {
        Waiter self(job);
        bool leads = false;
        {
            const std::lock_guard lock(mutex_);
            leads = leading_ < options_.leaders;
            if (leads) {
                ++leading_;
            } else if (waiting_ >= options_.max_queue) {
                return fail(Errc::too_many_requests, "Too many requests wait at the same time.",
                            "Try again in a moment.");
            } else {
                push(self);
            }
        }
        if (leads || self.wait() == State::leads) lead(self);
        return {};
    }

    /// Callers that wait for a leader's place or for a leader to take them along.
    [[nodiscard]] std::size_t waiting() const {
        const std::lock_guard lock(mutex_);
        return waiting_;
    }

  private:
    enum class State : std::uint8_t { waits, leads, done };

    /// One caller, on its own stack. Its own mutex, so that a woken caller meets nobody but its
    /// waker.
    struct Waiter {
        explicit Waiter(Job& its_job) : job(&its_job) {}

        State wait() {
            std::unique_lock lock(mutex);
            changed.wait(lock, [this] { return state != State::waits; });
            return state;
        }
        /// Notifies under the lock: the waiter may be gone as soon as the lock is released.
        void wake(State to) {
            const std::lock_guard lock(mutex);
            state = to;
            changed.notify_one();
        }
        [[nodiscard]] std::size_t weight() const {
            if constexpr (requires(const Job& j) { j.weight(); }) return job->weight();
            return 1;
        }

        Job* job;
        Waiter* next = nullptr;
        State state = State::waits;
        std::mutex mutex;
        std::condition_variable changed;
    };

    // Invariant: somebody waits only while every leader's place is taken, so nobody is forgotten.
    void push(Waiter& waiter) {
        (last_ != nullptr ? last_->next : first_) = &waiter;
        last_ = &waiter;
        ++waiting_;
    }
    Waiter* pop() {
        Waiter* const oldest = first_;
        if (oldest == nullptr) return nullptr;
        first_ = oldest->next;
        if (first_ == nullptr) last_ = nullptr;
        --waiting_;
        return oldest;
    }

    void lead(Waiter& self) noexcept {
        std::vector<Job*> jobs{self.job};
        std::vector<Waiter*> followers;
        {
            const std::lock_guard lock(mutex_);
            std::size_t weight = self.weight();
            while (first_ != nullptr && jobs.size() < options_.max_jobs &&
                   weight + first_->weight() <= options_.max_weight) {
                weight += first_->weight();
                followers.push_back(pop());
                jobs.push_back(followers.back()->job);
            }
        }
        run_(jobs);
        Waiter* successor = nullptr;
        {
            const std::lock_guard lock(mutex_);
            successor = pop();
            if (successor == nullptr) --leading_;
        }
        // The successor first: its batch can start while the followers of this one wake up.
        if (successor != nullptr) successor->wake(State::leads);
        for (Waiter* follower : followers)
            follower->wake(State::done);
    }

    const GatherOptions options_;
    const Run run_;
    mutable std::mutex mutex_;
    Waiter* first_ = nullptr;
    Waiter* last_ = nullptr;
    std::size_t waiting_ = 0;
    std::size_t leading_ = 0;
};

}  // namespace salus
