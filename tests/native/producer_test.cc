// The windowed and the bulk way to draw.
#include "rewardpool/producer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "native/actor_fixture.h"

namespace rewardpool::tests {
namespace {

using ::testing::SizeIs;

class ProducerTest : public ActorTest {};

TEST_P(ProducerTest, AnswersComeInTheOrderOfSubmission) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(100);  // not a power of two
  RequestId expected = 1;
  for (int round = 0; round < 50; ++round) {
    ASSERT_EQ(producer->Submit(77), 77U);
    for (const DrawResult& answer : TakeAnswers(*producer, 77)) {
      ASSERT_TRUE(answer.ok());
      EXPECT_EQ(answer.request_id, expected++);
    }
  }
}

TEST_P(ProducerTest, AFullWindowTakesNoMore) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(10);
  const HeldSyncs held(*control_);
  EXPECT_EQ(producer->Submit(7), 7U);
  EXPECT_EQ(producer->Submit(7), 3U);
  EXPECT_EQ(producer->Submit(7), 0U);
  EXPECT_EQ(producer->in_flight(), 10U);
  control_->ReleaseSyncs();
  EXPECT_THAT(TakeAnswers(*producer, 10), SizeIs(10));
  EXPECT_EQ(producer->in_flight(), 0U);
  EXPECT_EQ(producer->Submit(20), 10U);
}

TEST_P(ProducerTest, WaitWithNothingInFlightReturnsAtOnce) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(10);
  std::vector<DrawResult> results(5);
  EXPECT_EQ(producer->Wait(results), 0U);
  ASSERT_EQ(producer->Submit(1), 1U);
  EXPECT_EQ(producer->Wait({}), 0U);
  EXPECT_EQ(producer->Wait(results), 1U);
}

TEST_P(ProducerTest, ProducersAreHeldBackWhereCallersAreRefused) {
  PoolOptions options = Options();
  options.pending_requests_max = 16;
  native::ThreadedActor actor = Open(options);
  auto producer = actor.NewProducer(1000);
  ASSERT_EQ(producer->Submit(1000), 1000U);
  std::vector<ItemRef> picks(1000);
  ASSERT_EQ(producer->SubmitMany(picks), StatusCode::kOk);
  for (const DrawResult& answer : TakeAnswers(*producer, 1000)) EXPECT_TRUE(answer.ok());
  EXPECT_EQ(producer->WaitMany().drawn, 1000U);
}

TEST_P(ProducerTest, TheIdsOfABulkAreConsecutiveWhateverElseGoesOn) {
  PoolOptions options = Options();
  options.pending_requests_max = 300;  // each bulk is staged in parts
  native::ThreadedActor actor = Open(options);
  // Slow enough for the actor to leave them to the syncer and go on staging.
  control_->SetSyncHook([] { std::this_thread::sleep_for(std::chrono::microseconds(50)); });
  std::vector<std::vector<DrawResult>> singles(2);
  std::vector<std::pair<BulkResult, std::vector<std::string>>> bulks;
  std::vector<std::thread> threads;
  for (std::vector<DrawResult>& answers : singles) {
    threads.emplace_back([&] {
      auto producer = actor.NewProducer(64);
      for (int round = 0; round < 20; ++round) {
        ASSERT_EQ(producer->Submit(64), 64U);
        for (const DrawResult& answer : TakeAnswers(*producer, 64)) answers.push_back(answer);
      }
    });
  }
  threads.emplace_back([&] {
    auto producer = actor.NewProducer(1);
    for (int round = 0; round < 20; ++round) {
      std::vector<ItemRef> picks(1000);
      const BulkResult result = producer->DrawMany(picks);
      std::vector<std::string> ids;
      for (const ItemRef item : picks) ids.emplace_back(producer->ItemId(item));
      bulks.emplace_back(result, std::move(ids));
    }
  });
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(actor.Close().ok());
  const auto logged = LoggedDraws();
  ASSERT_THAT(logged, SizeIs(2 * 20 * 64 + 20 * 1000));
  for (const auto& [result, ids] : bulks) {
    ASSERT_EQ(result.drawn, 1000U);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      EXPECT_EQ(logged.at(result.first_request_id + i)[0], ids[i]);
    }
  }
}

TEST_P(ProducerTest, ABulkThatFindsThePoolExhaustedSaysWhere) {
  PoolOptions options = Options();
  options.catalog = {{"only", 1, Quantity::Of(30)}};
  native::ThreadedActor actor = Open(options);
  auto producer = actor.NewProducer(8);
  std::vector<ItemRef> picks(100);
  const BulkResult first = producer->DrawMany(picks);
  EXPECT_EQ(first.code, StatusCode::kOk);
  EXPECT_EQ(first.first_request_id, 1U);
  EXPECT_EQ(first.drawn, 30U);
  EXPECT_EQ(first.refused, 70U);
  const BulkResult second = producer->DrawMany(picks);
  EXPECT_EQ(second.drawn, 0U);
  EXPECT_EQ(second.refused, 100U);
  ASSERT_EQ(producer->Submit(2), 2U);
  for (const DrawResult& answer : TakeAnswers(*producer, 2)) {
    EXPECT_EQ(answer.code, StatusCode::kExhausted);
    EXPECT_GT(answer.request_id, 200U);
  }
}

TEST_P(ProducerTest, BulksOfImpossibleSizeAreRefused) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(1);
  EXPECT_EQ(producer->DrawMany({}).code, StatusCode::kInvalidArgument);
  std::vector<ItemRef> picks(kBulkDrawsMax + 1);
  EXPECT_EQ(producer->DrawMany(picks).code, StatusCode::kInvalidArgument);
  EXPECT_EQ(producer->bulks_in_flight(), 0U);
  picks.resize(kBulkDrawsMax);
  EXPECT_EQ(producer->DrawMany(picks).drawn, kBulkDrawsMax);
}

TEST_P(ProducerTest, TooManyBulksInFlightAreAStatus) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(1);
  const HeldSyncs held(*control_);
  std::vector<std::vector<ItemRef>> picks(kBulksInFlightMax + 1, std::vector<ItemRef>(2));
  for (std::size_t i = 0; i < kBulksInFlightMax; ++i) {
    ASSERT_EQ(producer->SubmitMany(picks[i]), StatusCode::kOk);
  }
  EXPECT_EQ(producer->SubmitMany(picks.back()), StatusCode::kOverloaded);
  control_->ReleaseSyncs();
  RequestId expected = 1;
  while (producer->bulks_in_flight() != 0) {
    EXPECT_EQ(producer->WaitMany().first_request_id, expected);
    expected += 2;
  }
  EXPECT_EQ(expected, 2 * kBulksInFlightMax + 1);
}

TEST_P(ProducerTest, ABulkCutShortByAFullDiskKeepsWhatWasAcknowledged) {
  PoolOptions options = Options();
  options.pending_requests_max = 10;
  native::ThreadedActor actor = Open(options);
  auto producer = actor.NewProducer(1);
  const HeldSyncs held(*control_);
  std::vector<ItemRef> picks(25);
  ASSERT_EQ(producer->SubmitMany(picks), StatusCode::kOk);
  control_->AwaitHeldSync();  // of the first ten; there is no room for more
  control_->SetAppendStatus({StatusCode::kFull, "no room (test)"});
  control_->ReleaseSyncs();
  const BulkResult result = producer->WaitMany();
  EXPECT_EQ(result.code, StatusCode::kFull);
  EXPECT_EQ(result.first_request_id, 1U);
  EXPECT_EQ(result.drawn, 10U);
  EXPECT_EQ(result.refused, 0U);
  control_->SetAppendStatus(Status::Ok());
  EXPECT_EQ(actor.Draw().request_id, 11U);
}

TEST_P(ProducerTest, SingleDrawsOfAProducerThatLeftAreCarriedOut) {
  native::ThreadedActor actor = Open();
  {
    auto producer = actor.NewProducer(100);
    ASSERT_EQ(producer->Submit(100), 100U);
  }
  ASSERT_TRUE(actor.Close().ok());
  EXPECT_THAT(LoggedDraws(), SizeIs(100));
}

TEST_P(ProducerTest, AProducerThatLeavesTakesItsBulkMemoryAlong) {
  PoolOptions options = Options();
  options.pending_requests_max = 16;
  native::ThreadedActor actor = Open(options);
  const HeldSyncs held(*control_);
  {
    std::vector<ItemRef> in_part(1000);
    std::vector<ItemRef> not_at_all(1000);
    auto producer = actor.NewProducer(100);
    ASSERT_EQ(producer->SubmitMany(in_part), StatusCode::kOk);
    ASSERT_EQ(producer->SubmitMany(not_at_all), StatusCode::kOk);
    control_->AwaitHeldSync();
    // Leaves although the sync is still held: it waits for the actor alone.
  }
  control_->ReleaseSyncs();
  EXPECT_EQ(actor.Draw().request_id, 17U);
  ASSERT_TRUE(actor.Close().ok());
  EXPECT_THAT(LoggedDraws(), SizeIs(17));
}

TEST_P(ProducerTest, AProducerThatHasLeftInABulkDoesNotDisturbACallerWhoDrawsAtRest) {
  PoolOptions options = Options();
  options.pending_requests_max = 16;
  native::ThreadedActor actor = Open(options);
  const HeldSyncs held(*control_);
  {
    std::vector<ItemRef> in_part(1000);
    auto producer = actor.NewProducer(100);
    ASSERT_EQ(producer->SubmitMany(in_part), StatusCode::kOk);
    control_->AwaitHeldSync();
  }
  control_->ReleaseSyncs();
  ASSERT_TRUE(actor.Flush().ok());
  // Right without it, but then the actor is hardly ever at rest.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(actor.Draw().request_id, 17U);
  EXPECT_EQ(actor.Draw().request_id, 18U);
}

TEST_P(ProducerTest, AProducerMayOutliveItsPool) {
  std::optional<native::ThreadedActor> actor = Open();
  auto producer = actor->NewProducer(10);
  ASSERT_EQ(producer->Submit(4), 4U);
  actor.reset();
  const std::vector<DrawResult> answers = TakeAnswers(*producer, 4);
  for (const DrawResult& answer : answers) EXPECT_TRUE(answer.ok());
  EXPECT_THAT(producer->ItemId(answers[0].item), ::testing::AnyOf("gold", "silver"));
  ASSERT_EQ(producer->Submit(1), 1U);
  EXPECT_EQ(TakeAnswers(*producer, 1)[0].code, StatusCode::kClosed);
}

TEST_P(ProducerTest, AProducerCanBeMoved) {
  native::ThreadedActor actor = Open();
  auto first = actor.NewProducer(10);
  auto second = actor.NewProducer(20);
  ASSERT_EQ(first->Submit(3), 3U);
  *second = *std::move(first);
  EXPECT_EQ(second->window(), 10U);
  EXPECT_THAT(TakeAnswers(*second, 3), SizeIs(3));
}

// A producer whose draws all share one sync: it comes back sooner than a sync takes.
class GatheredProducerTest : public ProducerTest {
 protected:
  static constexpr std::size_t kWindow = 100;

  // Two halves take turns at first. Ends when one sync has served both.
  void ShareSyncs(Producer& producer) {
    control_->SetSyncHook([] { std::this_thread::sleep_for(std::chrono::milliseconds(4)); });
    {
      const HeldSyncs held(*control_);
      ASSERT_EQ(producer.Submit(kWindow / 2), kWindow / 2);
      control_->AwaitHeldSync();
      ASSERT_EQ(producer.Submit(kWindow / 2), kWindow / 2);
    }
    std::vector<DrawResult> answers(kWindow);
    std::size_t answered = 0;
    for (int round = 0; round < 200; ++round) {
      answered = producer.Wait(answers);
      if (answered == kWindow) break;
      ASSERT_EQ(producer.Submit(answered), answered);
    }
    ASSERT_EQ(answered, kWindow) << "two halves still take turns";
    ASSERT_EQ(producer.in_flight(), 0U);
  }
};

TEST_P(GatheredProducerTest, DrawsThatAreAskedForAgainSoonerThanASyncShareOne) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(kWindow);
  ShareSyncs(*producer);
  control_->ForgetCalls();
  for (int round = 0; round < 10; ++round) {
    ASSERT_EQ(producer->Submit(kWindow), kWindow);
    for (const DrawResult& answer : TakeAnswers(*producer, kWindow)) EXPECT_TRUE(answer.ok());
  }
  // All in one sync each, but for a round in which the machine did something else.
  EXPECT_LE(control_->syncs(), 15U);
  const PoolStats stats = actor.Stats();
  EXPECT_EQ(stats.acknowledged_through, stats.durable_through);
}

TEST_P(GatheredProducerTest, WhoeverDoesNotComeBackHoldsUpNobody) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(kWindow);
  ShareSyncs(*producer);
  {
    // Who might still come: an alarm ends the waiting.
    auto other = actor.NewProducer(1);
    ASSERT_EQ(producer->Submit(1), 1U);
    EXPECT_TRUE(TakeAnswers(*producer, 1)[0].ok());
  }
  ShareSyncs(*producer);
  // Nobody else is there.
  ASSERT_EQ(producer->Submit(1), 1U);
  EXPECT_TRUE(TakeAnswers(*producer, 1)[0].ok());
}

TEST_P(GatheredProducerTest, WhoOnlyPollsIsServedToo) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(kWindow);
  ShareSyncs(*producer);
  ASSERT_EQ(producer->Submit(kWindow), kWindow);
  std::vector<DrawResult> answers(kWindow);
  std::size_t answered = 0;
  while (answered < kWindow) answered += producer->Poll(std::span(answers).subspan(answered));
  for (const DrawResult& answer : answers) EXPECT_TRUE(answer.ok());
}

TEST_P(GatheredProducerTest, DrawsThatNobodyAsksAfterBecomeDurableToo) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(kWindow);
  ShareSyncs(*producer);
  const RequestId before = actor.durable_through();
  ASSERT_EQ(producer->Submit(3), 3U);
  while (actor.durable_through() < before + 3) std::this_thread::yield();
}

TEST_P(GatheredProducerTest, OtherCallersAreNotHeldUp) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(kWindow);
  ShareSyncs(*producer);
  ASSERT_EQ(producer->Submit(1), 1U);
  EXPECT_TRUE(actor.Draw().ok());
  EXPECT_TRUE(actor.Flush().ok());
  EXPECT_TRUE(actor.State().ok());
  EXPECT_TRUE(actor.Snapshot().ok());
  EXPECT_TRUE(TakeAnswers(*producer, 1)[0].ok());
  EXPECT_TRUE(actor.Close().ok());
}

TEST_P(GatheredProducerTest, ASnapshotThatIsDueIsTakenThoughProducersDoTheWork) {
  PoolOptions options = Options();
  options.snapshots.every_requests = 10 * kWindow;
  native::ThreadedActor actor = Open(options);
  auto producer = actor.NewProducer(kWindow);
  ShareSyncs(*producer);
  const std::uint64_t before = actor.Stats().snapshots;
  for (int round = 0; round < 10; ++round) {
    ASSERT_EQ(producer->Submit(kWindow), kWindow);
    (void)TakeAnswers(*producer, kWindow);
  }
  while (actor.Stats().snapshots == before) std::this_thread::yield();
}

TEST_P(GatheredProducerTest, ProducersOfAllKindsAreServedOnceEach) {
  PoolOptions options = Options();
  options.pending_requests_max = 3 * kWindow;
  native::ThreadedActor actor = Open(options);
  control_->SetSyncHook([] { std::this_thread::sleep_for(std::chrono::microseconds(20)); });
  std::atomic<std::size_t> drawn{0};
  std::vector<std::thread> threads;
  for (std::size_t member = 0; member < 3; ++member) {
    threads.emplace_back([&, member] {
      auto producer = actor.NewProducer(kWindow);
      std::vector<DrawResult> answers(kWindow);
      std::vector<ItemRef> picks(5 * kWindow);  // staged in parts
      for (std::size_t round = 0; round < 200; ++round) {
        if (round % 5 == member) {
          ASSERT_EQ(producer->DrawMany(picks).drawn, picks.size());
          drawn += picks.size();
          continue;
        }
        // Now all of its window, now one or two.
        const std::size_t count = round % 7 == member ? 1 + member : kWindow;
        ASSERT_EQ(producer->Submit(count), count);
        for (std::size_t answered = 0; answered < count;) {
          answered += round % 3 == 0 ? producer->Poll(answers) : producer->Wait(answers);
        }
        drawn += count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(actor.Close().ok());
  EXPECT_EQ(LoggedDraws().size(), drawn);
}

INSTANTIATE_TEST_SUITE_P(Threads, ProducerTest, ::testing::Values(Threads::kOwn, Threads::kShared),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Threads, GatheredProducerTest,
                         ::testing::Values(Threads::kOwn, Threads::kShared), NameOf);

}  // namespace
}  // namespace rewardpool::tests
