// Many pools on the same few threads.
#include "rewardpool/pool_threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "native/controlled_storage.h"
#include "rewardpool/native/threaded_actor.h"
#include "rewardpool/rewardpool.h"
#include "support/temporary_folder.h"

namespace rewardpool::tests {
namespace {

using native::ThreadedActor;
using ::testing::HasSubstr;

PoolOptions MemoryOptions(std::shared_ptr<PoolThreads> threads) {
  PoolOptions options;
  options.storage = StorageKind::kMemory;
  options.catalog = {{"gold", 1}, {"silver", 9}};
  options.threads = std::move(threads);
  return options;
}

std::size_t ThreadsOfThisProcess() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

// A pool whose disk the test holds.
struct HeldPool {
  explicit HeldPool(std::shared_ptr<PoolThreads> threads) {
    auto opened = ThreadedActor::Open(std::make_unique<ControlledStorage>(disk, control),
                                      std::make_unique<ControlledSnapshotStore>(disk, control),
                                      MemoryOptions(std::move(threads)));
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    actor = std::make_unique<ThreadedActor>(*std::move(opened));
  }

  const std::shared_ptr<MemoryDisk> disk = std::make_shared<MemoryDisk>();
  const std::shared_ptr<StorageControl> control = std::make_shared<StorageControl>();
  std::unique_ptr<ThreadedActor> actor;
};

TEST(PoolThreadsTest, ImpossibleNumbersAreRefusedByName) {
  const Status none = PoolThreads::Start({.actors = 1, .syncers = 0}).status();
  EXPECT_EQ(none.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(none.message(), HasSubstr("syncers is 0"));
  const Status many =
      PoolThreads::Start({.actors = PoolThreads::kThreadsMax + 1, .syncers = 1}).status();
  EXPECT_EQ(many.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(many.message(), HasSubstr("actors is 1025"));
}

TEST(PoolThreadsTest, AThousandPoolsAreServedByThreeThreads) {
  constexpr std::size_t kPools = 1000;
  std::thread([] {}).join();  // a sanitizer starts its own with the first
  const std::size_t threads_before = ThreadsOfThisProcess();
  auto threads = PoolThreads::Start({.actors = 2, .syncers = 1});
  ASSERT_TRUE(threads.ok());
  std::vector<Pool> pools;
  std::vector<Producer> producers;
  std::atomic<std::size_t> called_back = 0;
  std::latch all_called_back(kPools);
  for (std::size_t i = 0; i < kPools; ++i) {
    auto pool = Pool::Open(MemoryOptions(*threads));
    ASSERT_TRUE(pool.ok()) << pool.status().ToString();
    pools.push_back(*std::move(pool));
    producers.push_back(*pools.back().NewProducer(8));
  }
  // All at once, and each pool in every way.
  for (std::size_t i = 0; i < kPools; ++i) {
    EXPECT_EQ(producers[i].Submit(8), 8U);
    EXPECT_TRUE(pools[i]
                    .DrawAsync({.count = 3, .key = {}, .user = {}},
                               [&](Result<DrawOutcome> outcome) {
                                 called_back += outcome.ok() && outcome->item_ids.size() == 3;
                                 all_called_back.count_down();
                               })
                    .ok());
  }
  for (std::size_t i = 0; i < kPools; ++i) {
    EXPECT_TRUE(pools[i].Draw().ok());
    std::vector<DrawResult> answers(8);
    std::size_t taken = 0;
    while (taken < answers.size()) {
      taken += producers[i].Wait(std::span(answers).subspan(taken));
    }
  }
  all_called_back.wait();
  EXPECT_LE(ThreadsOfThisProcess(), threads_before + 3);
  EXPECT_EQ(called_back, kPools);
  for (Pool& pool : pools) {
    EXPECT_TRUE(pool.Close().ok());
    EXPECT_EQ(pool.Stats().draws, 12U);
  }
}

TEST(PoolThreadsTest, APoolThatWaitsForItsDiskDoesNotHoldUpTheOthers) {
  auto threads = *PoolThreads::Start({.actors = 1, .syncers = 2});
  HeldPool slow(threads);
  HeldPool quick(threads);
  {
    const HeldSyncs held(*slow.control);
    // Enough for a sync that is left to a syncer.
    auto producer = *slow.actor->NewProducer(1000);
    ASSERT_EQ(producer.Submit(1000), 1000U);
    slow.control->AwaitHeldSync();
    for (int i = 0; i < 100; ++i) {
      std::latch quick_answered(1);
      ASSERT_TRUE(
          quick.actor
              ->DrawAsync({}, [&](const Result<DrawOutcome>&) { quick_answered.count_down(); })
              .ok());
      quick_answered.wait();
    }
  }
  EXPECT_TRUE(slow.actor->Close().ok());
  EXPECT_EQ(slow.actor->Stats().draws, 1000U);
}

TEST(PoolThreadsTest, ACallbackMayWaitForNoPoolOfTheSameThreads) {
  auto threads = *PoolThreads::Start({.actors = 1, .syncers = 1});
  Pool first = *Pool::Open(MemoryOptions(threads));
  Pool second = *Pool::Open(MemoryOptions(threads));
  Pool apart = *Pool::Open(MemoryOptions(nullptr));
  std::latch done(1);
  StatusCode of_second = StatusCode::kOk;
  StatusCode of_closing = StatusCode::kOk;
  StatusCode of_apart = StatusCode::kInvalidArgument;
  ASSERT_TRUE(first
                  .DrawAsync({},
                             [&](const Result<DrawOutcome>&) {
                               of_second = second.Draw().code;
                               of_closing = second.Close().code();
                               of_apart = apart.Draw().code;
                               done.count_down();
                             })
                  .ok());
  done.wait();
  EXPECT_EQ(of_second, StatusCode::kInvalidArgument);
  EXPECT_EQ(of_closing, StatusCode::kInvalidArgument);
  EXPECT_EQ(of_apart, StatusCode::kOk);
  EXPECT_TRUE(second.Draw().ok()) << "it is still open";
}

TEST(PoolThreadsTest, PoolsOfTheIntervalPolicyAreSyncedWithoutBeingAsked) {
  auto threads = *PoolThreads::Start({.actors = 1, .syncers = 1});
  std::vector<Pool> pools;
  for (int i = 0; i < 20; ++i) {
    PoolOptions options = MemoryOptions(threads);
    options.durability = Durability::Interval(1 + i % 3);
    pools.push_back(*Pool::Open(options));
  }
  for (int round = 1; round <= 3; ++round) {
    for (Pool& pool : pools) ASSERT_TRUE(pool.Draw().ok());
    for (Pool& pool : pools) {
      const RequestId drawn = pool.Stats().acknowledged_through;
      while (pool.durable_through() < drawn) std::this_thread::yield();
    }
  }
}

TEST(PoolThreadsTest, PoolsInFoldersOutliveThePointerAndComeBackOnOtherThreads) {
  constexpr int kPools = 20;
  const TemporaryFolder folder;
  const auto options_of = [&](int pool, std::shared_ptr<PoolThreads> threads) {
    PoolOptions options = MemoryOptions(std::move(threads));
    options.storage = pool % 2 == 0 ? StorageKind::kFile : StorageKind::kMmap;
    options.dir = folder.path() + "/" + std::to_string(pool);
    options.segment_bytes_max = kSegmentBytesMin;
    return options;
  };
  {
    std::vector<Pool> pools;
    auto threads = *PoolThreads::Start({.actors = 2, .syncers = 2});
    for (int i = 0; i < kPools; ++i) pools.push_back(*Pool::Open(options_of(i, threads)));
    threads.reset();
    std::vector<ItemRef> picks(100'000);  // several segments
    for (Pool& pool : pools) {
      auto producer = *pool.NewProducer(1);
      EXPECT_EQ(producer.DrawMany(picks).drawn, picks.size());
      EXPECT_EQ(*pool.Snapshot(), picks.size());
    }
  }
  auto threads = *PoolThreads::Start({.actors = 1, .syncers = 1});
  for (int i = 0; i < kPools; ++i) {
    auto pool = Pool::Open(options_of(i, threads));
    ASSERT_TRUE(pool.ok()) << pool.status().ToString();
    EXPECT_EQ(pool->Draw().request_id, 100'001U);
  }
}

}  // namespace
}  // namespace rewardpool::tests
