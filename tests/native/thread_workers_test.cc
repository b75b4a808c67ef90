// Threads as workers, and the replay of a log by them.
#include "rewardpool/native/thread_workers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "rewardpool/memory_storage.h"
#include "support/replay_agreement.h"

namespace rewardpool::native {
namespace {

// Threads that think every frame worth a task.
class EagerThreads final : public Workers {
 public:
  explicit EagerThreads(unsigned threads) : threads_(threads) {}
  [[nodiscard]] std::size_t count() const noexcept override { return threads_.count(); }
  [[nodiscard]] std::size_t task_bytes_min() const noexcept override { return 1; }
  void Run(std::size_t task_count, const Task& task) override { threads_.Run(task_count, task); }

 private:
  ThreadWorkers threads_;
};

TEST(ThreadWorkers, EveryTaskIsCarriedOutOnceAndHasEndedOnReturn) {
  for (const unsigned threads : {1U, 2U, 5U}) {
    ThreadWorkers workers(threads);
    ASSERT_EQ(workers.count(), threads);
    for (std::size_t round = 0; round < 200; ++round) {
      std::vector<int> times(round % 23, 0);
      workers.Run(times.size(), [&times](std::size_t task) { ++times[task]; });
      ASSERT_EQ(std::count(times.begin(), times.end(), 1),
                static_cast<std::ptrdiff_t>(times.size()));
    }
  }
}

TEST(ThreadWorkers, WhatATaskThrowsIsThrownWhenAllHaveEnded) {
  for (const unsigned threads : {1U, 2U, 5U}) {
    ThreadWorkers workers(threads);
    for (std::size_t bad = 0; bad < 8; ++bad) {
      std::atomic<int> ended = 0;
      const auto task = [&](std::size_t number) {
        if (number == bad) throw std::bad_alloc();
        ++ended;
      };
      EXPECT_THROW(workers.Run(8, task), std::bad_alloc);
      EXPECT_EQ(ended, 7);
      workers.Run(8, [&ended](std::size_t) { ++ended; });
      EXPECT_EQ(ended, 15);
    }
  }
}

TEST(ThreadWorkers, OfTwoExceptionsOneIsThrownAndTheOtherForgotten) {
  ThreadWorkers workers(2);
  for (int round = 0; round < 100; ++round) {
    EXPECT_THROW(workers.Run(2, [](std::size_t) { throw std::bad_alloc(); }), std::bad_alloc);
    EXPECT_NO_THROW(workers.Run(2, [](std::size_t) {}));
  }
}

TEST(ThreadWorkers, LargeCatalogsReadTheSameByThreads) {
  constexpr std::size_t kItems = 20'000;
  ThreadWorkers workers(2);
  for (const std::size_t bad : {std::size_t{0}, std::size_t{9'000}, kItems}) {
    SCOPED_TRACE("item " + std::to_string(bad));
    const auto disk = std::make_shared<MemoryDisk>(testing::ForgeCatalog(kItems, bad, "item 1"));
    MemoryStorage log(disk);
    MemorySnapshotStore snapshots(disk);
    testing::ExpectReadingsAgree(log, snapshots, workers);
    if (HasFailure()) return;
  }
}

TEST(ThreadWorkers, WithoutANumberThereIsAtLeastOne) { EXPECT_GE(ThreadWorkers().count(), 1u); }

TEST(ThreadWorkers, ForgedLogsReadTheSameByThreads) {
  EagerThreads workers(3);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto disk = std::make_shared<MemoryDisk>(testing::ForgeLog(seed));
    MemoryStorage log(disk);
    MemorySnapshotStore snapshots(disk);
    testing::ExpectReadingsAgree(log, snapshots, workers);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace rewardpool::native
