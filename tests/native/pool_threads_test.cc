// Many pools on the same few threads.
#include "rewardpool/pool_threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <future>
#include <iterator>
#include <latch>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "native/actor_fixture.h"
#include "native/controlled_storage.h"
#include "rewardpool/native/threaded_actor.h"
#include "rewardpool/rewardpool.h"
#include "rewardpool/testing/temporary_folder.h"

namespace rewardpool::tests {
namespace {

using testing::TemporaryFolder;

using native::ThreadedActor;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Property;

// Long enough for any machine; a test that fails waits so long.
constexpr std::chrono::seconds kPatience{10};

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

TEST(PoolThreadsTest, ASingleDrawThatWaitsForItsDiskDoesNotHoldUpTheOthersEither) {
  std::promise<void> answered;
  auto threads = *PoolThreads::Start({.actors = 1, .syncers = 2});
  HeldPool slow(threads);
  HeldPool quick(threads);
  ASSERT_TRUE(slow.actor->Draw().ok());  // begins a segment, which is a syncer's work
  const HeldSyncs held(*slow.control);
  ASSERT_TRUE(slow.actor->DrawAsync({}, [](const Result<DrawOutcome>&) {}).ok());
  slow.control->AwaitHeldSync();
  ASSERT_TRUE(
      quick.actor->DrawAsync({}, [&](const Result<DrawOutcome>&) { answered.set_value(); }).ok());
  EXPECT_EQ(answered.get_future().wait_for(kPatience), std::future_status::ready);
  slow.control->ReleaseSyncs();
  EXPECT_TRUE(quick.actor->Close().ok());
}

// A callback that holds the only actor's thread of a pool's threads.
class HeldActorThread {
 public:
  explicit HeldActorThread(Pool& pool) {
    const auto callback = [latches = latches_](const Result<DrawOutcome>&) {
      latches->held.count_down();
      latches->released.wait();
    };
    EXPECT_TRUE(pool.DrawAsync({}, callback).ok());
    latches_->held.wait();
  }
  ~HeldActorThread() { latches_->released.count_down(); }
  HeldActorThread(const HeldActorThread&) = delete;
  HeldActorThread& operator=(const HeldActorThread&) = delete;

 private:
  struct Latches {
    std::latch held{1};
    std::latch released{1};
  };
  // The callback's too, which may still look at them when this object goes.
  const std::shared_ptr<Latches> latches_ = std::make_shared<Latches>();
};

TEST(PoolThreadsTest, ASyncThatEndsIsAnsweredAndFollowedByTheNextWhileTheActorsThreadIsBusy) {
  auto threads = *PoolThreads::Start({.actors = 1, .syncers = 2});
  Pool other = *Pool::Open(MemoryOptions(threads));
  HeldPool pool(threads);
  ASSERT_TRUE(pool.actor->Draw().ok());  // begins a segment
  auto producer = *pool.actor->NewProducer(2000);
  std::vector<DrawResult> answers(1000);
  std::future<DrawResult> waiting;
  {
    const HeldSyncs held(*pool.control);
    ASSERT_EQ(producer.Submit(1000), 1000U);
    pool.control->AwaitHeldSync();
    ASSERT_EQ(producer.Submit(1000), 1000U);
    AwaitStaging(*pool.actor);
    const HeldActorThread busy(other);
    const std::uint64_t appends = pool.control->appends();
    pool.control->ReleaseOneSync();
    const auto end = std::chrono::steady_clock::now() + kPatience;
    std::size_t answered = 0;
    while (answered < answers.size() && std::chrono::steady_clock::now() < end) {
      answered += producer.Poll(std::span(answers).subspan(answered));
    }
    ASSERT_EQ(answered, answers.size());
    EXPECT_THAT(answers, Each(Property(&DrawResult::ok, true)));
    pool.control->AwaitHeldSync();
    EXPECT_EQ(pool.control->appends(), appends + 1);
    // The log is busy, so nobody else may write to it.
    waiting = std::async(std::launch::async, [&pool] { return pool.actor->Draw(); });
    EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
    EXPECT_EQ(pool.control->appends(), appends + 1);
  }
  EXPECT_TRUE(waiting.get().ok());
  EXPECT_THAT(TakeAnswers(producer, 1000), Each(Property(&DrawResult::ok, true)));
  EXPECT_TRUE(pool.actor->Close().ok());
  EXPECT_GE(pool.actor->Stats().draws, 2002U);
}

TEST(PoolThreadsTest, NoCallbackRunsInASyncersThread) {
  auto threads = *PoolThreads::Start({.actors = 1, .syncers = 2});
  Pool other = *Pool::Open(MemoryOptions(threads));
  HeldPool pool(threads);
  std::atomic<std::thread::id> last_to_sync;
  pool.control->SetSyncHook([&] { last_to_sync = std::this_thread::get_id(); });
  ASSERT_TRUE(pool.actor->Draw().ok());  // begins a segment
  auto producer = *pool.actor->NewProducer(1000);
  std::promise<bool> is_in_syncers_thread;
  {
    const HeldSyncs held(*pool.control);
    ASSERT_EQ(producer.Submit(1000), 1000U);
    pool.control->AwaitHeldSync();
    ASSERT_TRUE(pool.actor
                    ->DrawAsync({},
                                [&](const Result<DrawOutcome>&) {
                                  is_in_syncers_thread.set_value(std::this_thread::get_id() ==
                                                                 last_to_sync.load());
                                })
                    .ok());
    AwaitStaging(*pool.actor);
    // The pool's actor is at rest when that of another has its turn.
    const HeldActorThread at_rest(other);
  }
  EXPECT_FALSE(is_in_syncers_thread.get_future().get());
  EXPECT_TRUE(pool.actor->Close().ok());
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

TEST(PoolThreadsTest, APoolThatIsAlwaysBusyDoesNotKeepTheOthersFromSyncing) {
  std::atomic<bool> done = false;
  std::latch ended(1);
  std::function<void(const Result<DrawOutcome>&)> draw_again;
  auto threads = *PoolThreads::Start({.actors = 1, .syncers = 1});
  PoolOptions options = MemoryOptions(threads);
  options.durability = Durability::Interval(1);
  Pool quiet = *Pool::Open(options);
  Pool busy = *Pool::Open(MemoryOptions(threads));
  // Needs no disk the second time and later, so there is nothing to rest for.
  const DrawRequest repetition{.count = 1, .key = "again", .user = {}};
  ASSERT_TRUE(busy.Draw(repetition).ok());
  draw_again = [&](const Result<DrawOutcome>&) {
    if (done) return ended.count_down();
    EXPECT_TRUE(busy.DrawAsync(repetition, draw_again).ok());
  };
  ASSERT_TRUE(busy.DrawAsync(repetition, draw_again).ok());
  ASSERT_TRUE(quiet.Draw().ok());
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (quiet.durable_through() == 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  EXPECT_EQ(quiet.durable_through(), 1U);
  done = true;
  ended.wait();
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
