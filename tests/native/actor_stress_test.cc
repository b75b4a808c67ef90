// Everything at once: callers, producers that come and go, catalog changes,
// snapshots and slow syncs, and a close or a failure in the middle. Afterwards
// every answer is held against the log. Meant to be run under ThreadSanitizer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "native/actor_fixture.h"

namespace rewardpool::tests {
namespace {

constexpr std::uint64_t kSeed = 4711;

// What callers were told, gathered from all threads.
class Ledger {
 public:
  void NoteDrawn(RequestId request_id, std::vector<std::string> item_ids) {
    const std::lock_guard lock(mutex_);
    const bool is_new = drawn_.emplace(request_id, std::move(item_ids)).second;
    EXPECT_TRUE(is_new) << "request id " << request_id << " was given twice";
  }
  void NoteUnknown(RequestId request_id) {
    const std::lock_guard lock(mutex_);
    if (request_id != 0) unknown_.insert(request_id);
  }
  void Clear() {
    drawn_.clear();
    unknown_.clear();
  }
  const std::map<RequestId, std::vector<std::string>>& drawn() const { return drawn_; }
  const std::set<RequestId>& unknown() const { return unknown_; }

 private:
  std::mutex mutex_;
  std::map<RequestId, std::vector<std::string>> drawn_;  // none: exhausted
  std::set<RequestId> unknown_;
};

class ActorStressTest : public ActorTest {
 protected:
  PoolOptions StressOptions() const {
    PoolOptions options;
    options.catalog = {{"a", 50, Quantity::Of(100'000'000)},
                       {"b", 30, Quantity::Of(100'000'000)},
                       {"rare", 1, Quantity::Of(500)}};
    options.pending_requests_max = 256;
    options.segment_bytes_max = kSegmentBytesMin;
    options.insecure_seed = kSeed;
    options.threads = pool_threads_;
    return options;
  }

  // A loop in a thread of its own, with a seed of its own. Ends when the body
  // returns false or Stop() was called.
  template <typename Body>
  void Run(Body body) {
    const std::uint64_t seed = kSeed + threads_.size();
    threads_.emplace_back([this, seed, body]() mutable {
      std::mt19937_64 random(seed);
      while (!stop_ && body(random)) {
      }
    });
  }
  void StopAll() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  void Note(const native::ThreadedActor& actor, const DrawResult& answer) {
    switch (answer.code) {
      case StatusCode::kOk:
        ledger_.NoteDrawn(answer.request_id, {std::string(actor.ItemId(answer.item))});
        break;
      case StatusCode::kExhausted:
        ledger_.NoteDrawn(answer.request_id, {});
        break;
      case StatusCode::kOutcomeUnknown:
        ledger_.NoteUnknown(answer.request_id);
        break;
      default:
        EXPECT_THAT(answer.code, ::testing::AnyOf(StatusCode::kOverloaded, StatusCode::kClosed,
                                                  StatusCode::kFull));
    }
  }
  void Note(const Result<DrawOutcome>& answer) {
    if (answer.ok()) ledger_.NoteDrawn(answer->request_id, answer->item_ids);
  }

  void RunEverything(native::ThreadedActor& actor) {
    const auto go_on = [](StatusCode code) {
      return code != StatusCode::kClosed && code != StatusCode::kOutcomeUnknown;
    };
    for (int caller = 0; caller < 2; ++caller) {
      Run([&](std::mt19937_64&) {
        const DrawResult answer = actor.Draw();
        Note(actor, answer);
        draws_ += answer.ok() ? 1 : 0;
        return go_on(answer.code);
      });
    }
    Run([&](std::mt19937_64& random) {
      const auto answer = actor.Draw(
          {.count = static_cast<std::uint32_t>(1 + random() % 20), .key = "", .user = ""});
      Note(answer);
      return answer.ok() || go_on(answer.status().code());
    });
    Run([&](std::mt19937_64&) {
      const Status posted = actor.DrawAsync({}, [this](const Result<DrawOutcome>& answer) {
        Note(answer);
        ++callbacks_;
      });
      posted_ += posted.ok() ? 1 : 0;
      std::this_thread::yield();
      return posted.ok() || go_on(posted.code());
    });
    // Producers that stay a while, keep their window full, and leave with
    // requests in flight.
    for (int producer = 0; producer < 2; ++producer) {
      Run([&](std::mt19937_64& random) {
        auto producer = actor.NewProducer(1 + random() % 700);
        if (!producer.ok()) return false;
        std::vector<DrawResult> answers(100);
        for (std::uint64_t round = random() % 30; round > 0 && !stop_; --round) {
          (void)producer->Submit(producer->window());
          const std::size_t taken = producer->Wait(answers);
          for (std::size_t i = 0; i < taken; ++i) Note(actor, answers[i]);
        }
        return true;
      });
    }
    Run([&](std::mt19937_64& random) {
      std::vector<std::vector<ItemRef>> picks(8);  // outlive the producer
      auto producer = actor.NewProducer(1);
      if (!producer.ok()) return false;
      for (std::vector<ItemRef>& batch : picks) {
        batch.resize(1 + random() % 1000);
        if (producer->SubmitMany(batch) != StatusCode::kOk) return false;
      }
      // Leaves with half of them in flight.
      for (std::size_t batch = 0; batch < picks.size() / 2; ++batch) {
        const BulkResult result = producer->WaitMany();
        for (std::size_t i = 0; i < result.drawn; ++i) {
          ledger_.NoteDrawn(result.first_request_id + i,
                            {std::string(producer->ItemId(picks[batch][i]))});
        }
        for (std::size_t i = 0; i < result.refused; ++i) {
          ledger_.NoteDrawn(result.first_request_id + result.drawn + i, {});
        }
      }
      return true;
    });
    // Items that come and go, at one position.
    Run([&, number = 0](std::mt19937_64&) mutable {
      const std::string id = "passing-" + std::to_string(number++);
      if (const auto added = actor.AddItem({id, 5}); !added.ok()) {
        return go_on(added.status().code());
      }
      const auto updated = actor.UpdateItem("rare", {.weight = {}, .quantity = Quantity::Of(500)});
      const auto removed = actor.RemoveItem(id);
      return (updated.ok() || go_on(updated.status().code())) &&
             (removed.ok() || go_on(removed.status().code()));
    });
    Run([&](std::mt19937_64& random) {
      Status status;
      switch (random() % 3) {
        case 0:
          status = actor.Snapshot().status();
          break;
        case 1:
          status = actor.Flush();
          break;
        default: {
          const auto view = actor.State();
          status = view.status();
          if (view.ok()) {
            EXPECT_LE(view->durable_through, actor.durable_through());
          }
        }
      }
      (void)actor.Stats();
      return status.ok() || go_on(status.code());
    });
  }

  // Every answer is in the log as it was given; the log's counts are the state's.
  void CheckAgainstLog(bool failed) {
    const std::map<RequestId, std::vector<std::string>> logged = LoggedDraws();
    const RequestId first_logged = Open(StressOptions()).State()->log_starts_after + 1;
    std::uint64_t compared = 0;
    for (const auto& [request_id, item_ids] : ledger_.drawn()) {
      if (request_id < first_logged) continue;
      const auto found = logged.find(request_id);
      ASSERT_NE(found, logged.end()) << "acknowledged request " << request_id << " is not logged";
      ASSERT_EQ(found->second, item_ids) << "request " << request_id;
      ++compared;
    }
    EXPECT_GT(compared, 0U);
    for (const RequestId request_id : ledger_.unknown()) {
      EXPECT_TRUE(failed);
      EXPECT_EQ(ledger_.drawn().count(request_id), 0U);
    }
  }

  void CheckCountsConserved() {
    native::ThreadedActor actor = Open(StressOptions());
    const PoolView view = *actor.State();
    std::uint64_t answered = 0;
    for (const auto& [request_id, item_ids] : ledger_.drawn()) answered += item_ids.size();
    std::uint64_t drawn = view.drawn_of_removed;
    for (const ItemView& item : view.items) drawn += item.drawn;
    EXPECT_GE(drawn, answered);
    for (const std::string id : {"a", "b"}) {
      const ItemView item = ById(view).at(id);
      EXPECT_EQ(item.drawn + item.quantity.count(), 100'000'000U);
    }
    EXPECT_GE(view.last_request_id, ledger_.drawn().empty() ? 0 : ledger_.drawn().rbegin()->first);
  }

  Ledger ledger_;
  std::atomic<bool> stop_ = false;
  std::atomic<std::uint64_t> draws_ = 0;
  std::atomic<std::uint64_t> posted_ = 0;
  std::atomic<std::uint64_t> callbacks_ = 0;
  std::vector<std::thread> threads_;
};

// Some syncs let other threads run for a while, as a disk would.
void SlowSync() {
  static std::atomic<unsigned> turn = 0;
  for (unsigned i = turn++ % 50; i > 0; --i) std::this_thread::yield();
}

TEST_P(ActorStressTest, ClosedWhileBusyEveryAnswerIsInTheLog) {
  RecordProperty("seed", std::to_string(kSeed));
  control_->SetSyncHook(SlowSync);
  PoolOptions options = StressOptions();
  options.snapshots.every_requests = 20'000;
  native::ThreadedActor actor = Open(options);
  RunEverything(actor);
  while (draws_ < 300) std::this_thread::yield();
  EXPECT_TRUE(actor.Close().ok());
  StopAll();
  EXPECT_EQ(callbacks_, posted_) << "a callback was not called";
  CheckAgainstLog(false);
  CheckCountsConserved();
}

TEST_P(ActorStressTest, StoppedByAFailedSyncNoAnswerIsMissingFromTheLog) {
  RecordProperty("seed", std::to_string(kSeed));
  control_->SetSyncHook(SlowSync);
  native::ThreadedActor actor = Open(StressOptions());
  RunEverything(actor);
  while (draws_ < 200) std::this_thread::yield();
  control_->SetSyncStatus({StatusCode::kIo, "broken (test)"});
  // Callers stop by themselves; producers are told by StopAll().
  while (actor.Failure().ok()) std::this_thread::yield();
  StopAll();
  EXPECT_EQ(actor.Close().code(), StatusCode::kOutcomeUnknown);
  EXPECT_EQ(callbacks_, posted_) << "a callback was not called";
  control_->SetSyncStatus(Status::Ok());
  CheckAgainstLog(true);
  CheckCountsConserved();
}

TEST_P(ActorStressTest, ADiskThatIsFullNowAndThenLosesNothing) {
  RecordProperty("seed", std::to_string(kSeed));
  control_->SetSyncHook(SlowSync);
  native::ThreadedActor actor = Open(StressOptions());
  RunEverything(actor);
  Run([&, full = false](std::mt19937_64& random) mutable {
    full = !full;
    control_->SetAppendStatus(full ? Status(StatusCode::kFull, "no room (test)") : Status::Ok());
    for (std::uint64_t i = random() % 100; i > 0; --i) std::this_thread::yield();
    return true;
  });
  while (draws_ < 300) std::this_thread::yield();
  StopAll();
  control_->SetAppendStatus(Status::Ok());
  EXPECT_TRUE(actor.Close().ok());
  EXPECT_EQ(callbacks_, posted_) << "a callback was not called";
  CheckAgainstLog(false);
  CheckCountsConserved();
}

TEST_P(ActorStressTest, WeakPoliciesUnderLoad) {
  RecordProperty("seed", std::to_string(kSeed));
  for (const Durability durability :
       {Durability::Async(), Durability::Interval(1), Durability::FlushAfter(1000)}) {
    SCOPED_TRACE(static_cast<int>(durability.kind()));
    disk_->segments.clear();
    disk_->snapshots.clear();
    ledger_.Clear();
    stop_ = false;
    draws_ = 0;
    PoolOptions options = StressOptions();
    options.durability = durability;
    native::ThreadedActor actor = Open(options);
    RunEverything(actor);
    while (draws_ < 300) std::this_thread::yield();
    EXPECT_TRUE(actor.Close().ok());
    StopAll();
    EXPECT_EQ(callbacks_, posted_);
    CheckAgainstLog(false);
    CheckCountsConserved();
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, ActorStressTest,
                         ::testing::Values(Threads::kOwn, Threads::kShared), NameOf);

}  // namespace
}  // namespace rewardpool::tests
