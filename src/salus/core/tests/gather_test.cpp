#include "salus/core/gather.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

namespace salus {
namespace {

struct Job {
    int number = 0;
    std::size_t size = 1;
    int answer = 0;
    [[nodiscard]] std::size_t weight() const { return size; }
};
struct PlainJob {
    int runs = 0;
};

/// Lets the first batch hang until `queued` others wait behind it, so that batches are predictable.
class Rehearsal {
  public:
    Rehearsal(GatherOptions options, std::size_t queued)
        : gather_(options, [this, queued](std::span<Job*> jobs) {
              if (batches_.empty()) {
                  entered_.set_value();
                  while (gather_.waiting() < queued)
                      std::this_thread::yield();
              }
              std::vector<int> batch;
              for (Job* job : jobs) {
                  batch.push_back(job->number);
                  job->answer = job->number * 2;
              }
              batches_.push_back(batch);
          }) {}

    /// Job 0 leads; the others are queued one after the other, so their order is known.
    std::vector<std::vector<int>> play(std::vector<Job>& jobs) {
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            threads.emplace_back([this, &job = jobs[i]] { EXPECT_TRUE(gather_.run(job)); });
            if (i == 0) entered_.get_future().wait();
            // The last job may release the first batch, so there is nothing to wait for behind it.
            while (i > 0 && i + 1 < jobs.size() && gather_.waiting() < i)
                std::this_thread::yield();
        }
        for (std::thread& thread : threads)
            thread.join();
        return batches_;
    }
    Gather<Job>& gather() { return gather_; }

  private:
    std::promise<void> entered_;
    std::vector<std::vector<int>> batches_;
    Gather<Job> gather_;
};

std::vector<Job> numbered(int count) {
    std::vector<Job> jobs(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
        jobs[static_cast<std::size_t>(i)].number = i;
    return jobs;
}

TEST(Gather, RunsALoneJobAtOnce) {
    Gather<PlainJob> gather({}, [](std::span<PlainJob*> jobs) {
        for (PlainJob* job : jobs)
            ++job->runs;
    });
    PlainJob job;
    ASSERT_TRUE(gather.run(job));
    EXPECT_EQ(job.runs, 1);
    EXPECT_EQ(gather.waiting(), 0U);
}

TEST(Gather, TakesWaitingJobsAlongInTheirOrder) {
    auto jobs = numbered(6);
    Rehearsal rehearsal({}, 5);
    const auto batches = rehearsal.play(jobs);
    EXPECT_EQ(batches, (std::vector<std::vector<int>>{{0}, {1, 2, 3, 4, 5}}));
    for (const Job& job : jobs)
        EXPECT_EQ(job.answer, job.number * 2);
}

TEST(Gather, KeepsTheBoundsOfABatch) {
    auto jobs = numbered(6);
    Rehearsal by_count({.max_jobs = 2}, 5);
    EXPECT_EQ(by_count.play(jobs), (std::vector<std::vector<int>>{{0}, {1, 2}, {3, 4}, {5}}));

    jobs = numbered(6);
    jobs[1].size = 4;
    jobs[3].size = 100;  // over the bound by itself: runs, alone
    Rehearsal by_weight({.max_weight = 5}, 5);
    EXPECT_EQ(by_weight.play(jobs), (std::vector<std::vector<int>>{{0}, {1, 2}, {3}, {4, 5}}));
}

TEST(Gather, RefusesWhenTheQueueIsFull) {
    std::promise<void> entered;
    std::promise<void> release;
    Gather<PlainJob> gather({.max_queue = 0}, [&](std::span<PlainJob*>) {
        entered.set_value();
        release.get_future().wait();
    });
    PlainJob first;
    std::thread leader([&] { EXPECT_TRUE(gather.run(first)); });
    entered.get_future().wait();
    PlainJob second;
    const auto refused = gather.run(second);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::too_many_requests);
    release.set_value();
    leader.join();
}

class GatherUnderLoad : public ::testing::TestWithParam<std::size_t> {};

TEST_P(GatherUnderLoad, RunsEveryJobOnceWithAtMostThatManyLeaders) {
    constexpr int kThreads = 16;
    constexpr int kRounds = 2'000;
    std::atomic<std::size_t> inside = 0;
    std::atomic<std::size_t> most = 0;
    std::atomic<int> total = 0;
    Gather<PlainJob> gather({.max_jobs = 8, .leaders = GetParam()}, [&](std::span<PlainJob*> jobs) {
        const std::size_t now = ++inside;
        for (std::size_t seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        EXPECT_LE(jobs.size(), 8U);
        for (PlainJob* job : jobs)
            ++job->runs;
        total += static_cast<int>(jobs.size());
        --inside;
    });
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
        threads.emplace_back([&] {
            for (int round = 0; round < kRounds; ++round) {
                PlainJob job;
                ASSERT_TRUE(gather.run(job));
                ASSERT_EQ(job.runs, 1);
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(total, kThreads * kRounds);
    EXPECT_LE(most, GetParam());
    EXPECT_EQ(gather.waiting(), 0U);
}
INSTANTIATE_TEST_SUITE_P(Leaders, GatherUnderLoad, ::testing::Values(1, 2, 4));

}  // namespace
}  // namespace salus
