// What every call of an open pool promises, on storage that the test controls.
#include "rewardpool/native/threaded_actor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <limits>
#include <optional>
#include <thread>

#include "native/actor_fixture.h"

namespace rewardpool::tests {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ThreadedActorTest : public ActorTest {};

const Status kDiskFull(StatusCode::kFull, "no room (test)");
const Status kDiskBroken(StatusCode::kIo, "broken (test)");

TEST_P(ThreadedActorTest, DrawsHaveConsecutiveIdsAndAreLogged) {
  native::ThreadedActor actor = Open();
  std::map<RequestId, std::vector<std::string>> answers;
  for (RequestId expected = 1; expected <= 100; ++expected) {
    const DrawResult drawn = actor.Draw();
    ASSERT_TRUE(drawn.ok());
    EXPECT_EQ(drawn.request_id, expected);
    answers[drawn.request_id] = {std::string(actor.ItemId(drawn.item))};
  }
  ASSERT_TRUE(actor.Close().ok());
  EXPECT_EQ(LoggedDraws(), answers);
}

TEST_P(ThreadedActorTest, TheSameSeedGivesTheSameDrawsInEveryCallStyle) {
  std::vector<std::string> singly;
  {
    native::ThreadedActor actor = Open();
    for (int i = 0; i < 300; ++i) singly.emplace_back(actor.ItemId(actor.Draw().item));
  }
  disk_->segments.clear();
  std::vector<std::string> in_bulk;
  {
    native::ThreadedActor actor = Open();
    auto producer = actor.NewProducer(100);
    ASSERT_EQ(producer->Submit(100), 100U);
    for (const DrawResult& answer : TakeAnswers(*producer, 100)) {
      in_bulk.emplace_back(producer->ItemId(answer.item));
    }
    std::vector<ItemRef> picks(200);
    ASSERT_EQ(producer->DrawMany(picks).drawn, 200U);
    for (const ItemRef item : picks) in_bulk.emplace_back(producer->ItemId(item));
  }
  EXPECT_EQ(singly, in_bulk);
}

TEST_P(ThreadedActorTest, ADrawIsNotAnsweredBeforeItsSync) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(4);
  const HeldSyncs held(*control_);
  std::atomic<bool> answered = false;
  ASSERT_EQ(producer->Submit(1), 1U);
  control_->AwaitHeldSync();
  // The batch is written by now: one that is answered too early has been.
  std::vector<DrawResult> results(4);
  ASSERT_EQ(producer->Poll(results), 0U);
  ASSERT_TRUE(actor.DrawAsync({}, [&](const Result<DrawOutcome>&) { answered = true; }).ok());
  control_->ReleaseOneSync();
  EXPECT_EQ(TakeAnswers(*producer, 1)[0].request_id, 1U);
  control_->AwaitHeldSync();
  EXPECT_FALSE(answered);
  EXPECT_EQ(actor.durable_through(), 1U);
  control_->ReleaseSyncs();
  ASSERT_TRUE(actor.Close().ok());
  EXPECT_TRUE(answered);
}

TEST_P(ThreadedActorTest, ASynchronousDrawWaitsForItsSync) {
  native::ThreadedActor actor = Open();
  const HeldSyncs held(*control_);
  std::atomic<bool> answered = false;
  std::thread caller([&] {
    EXPECT_TRUE(actor.Draw().ok());
    answered = true;
  });
  control_->AwaitHeldSync();
  EXPECT_FALSE(answered);
  control_->ReleaseSyncs();
  caller.join();
  EXPECT_EQ(actor.durable_through(), 1U);
}

TEST_P(ThreadedActorTest, WhatComesInDuringASyncSharesTheNext) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(1000);
  const HeldSyncs held(*control_);
  ASSERT_EQ(producer->Submit(1), 1U);
  control_->AwaitHeldSync();
  ASSERT_EQ(producer->Submit(500), 500U);
  control_->ReleaseOneSync();
  control_->AwaitHeldSync();
  control_->ReleaseSyncs();
  EXPECT_THAT(TakeAnswers(*producer, 501), SizeIs(501));
  EXPECT_EQ(actor.Stats().batches, 2U);
  EXPECT_EQ(control_->syncs(), 2U);
}

TEST_P(ThreadedActorTest, CallersWhoWaitTogetherShareASync) {
  native::ThreadedActor actor = Open();
  const HeldSyncs held(*control_);
  std::atomic<int> answered = 0;
  const auto count = [&](const Result<DrawOutcome>& answer) { answered += answer.ok() ? 1 : 0; };
  ASSERT_TRUE(actor.DrawAsync({}, count).ok());
  control_->AwaitHeldSync();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(actor.DrawAsync({}, count).ok());
  AwaitStaging(actor);
  control_->ReleaseSyncs();
  ASSERT_TRUE(actor.Flush().ok());
  EXPECT_EQ(answered, 51);
  EXPECT_EQ(control_->syncs(), 2U);
}

TEST_P(ThreadedActorTest, AnExhaustedPoolAnswersWithAnIdAndLogsIt) {
  PoolOptions options = Options();
  options.catalog = {{"only", 1, Quantity::Of(2)}};
  native::ThreadedActor actor = Open(options);
  EXPECT_TRUE(actor.Draw().ok());
  EXPECT_TRUE(actor.Draw().ok());
  const DrawResult refused = actor.Draw();
  EXPECT_EQ(refused.code, StatusCode::kExhausted);
  EXPECT_EQ(refused.request_id, 3U);
  EXPECT_EQ(actor.Stats().draws, 2U);
  EXPECT_EQ(actor.Stats().draws_refused, 1U);
  ASSERT_TRUE(actor.Close().ok());
  EXPECT_THAT(LoggedDraws()[3], IsEmpty());
}

TEST_P(ThreadedActorTest, ADrawOfSeveralIsAllOrNothing) {
  PoolOptions options = Options();
  options.catalog = {{"only", 1, Quantity::Of(3)}};
  native::ThreadedActor actor = Open(options);
  const auto too_many = actor.Draw({.count = 4, .key = "", .user = ""});
  ASSERT_TRUE(too_many.ok());
  EXPECT_THAT(too_many->item_ids, IsEmpty());
  EXPECT_EQ(actor.State()->items[0].quantity, Quantity::Of(3));
  const auto all = actor.Draw({.count = 3, .key = "", .user = ""});
  ASSERT_TRUE(all.ok());
  EXPECT_THAT(all->item_ids, SizeIs(3));
  EXPECT_EQ(actor.State()->items[0].quantity, Quantity::Of(0));
}

TEST_P(ThreadedActorTest, AKeyRepeatsItsOutcomeAlsoAfterReopening) {
  std::optional<DrawOutcome> first;
  {
    native::ThreadedActor actor = Open();
    first = *actor.Draw({.count = 5, .key = "order-7", .user = "ann"});
    EXPECT_TRUE(actor.Draw().ok());
    const auto again = actor.Draw({.count = 5, .key = "order-7", .user = "ann"});
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->request_id, first->request_id);
    EXPECT_EQ(again->item_ids, first->item_ids);
    EXPECT_EQ(actor.Stats().draws, 6U) << "the repetition counts as a draw";
    EXPECT_EQ(actor.Draw({.count = 4, .key = "order-7", .user = "ann"}).status().code(),
              StatusCode::kAlreadyExists);
  }
  native::ThreadedActor actor = Open();
  const auto again = actor.Draw({.count = 5, .key = "order-7", .user = "ann"});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->request_id, first->request_id);
  EXPECT_EQ(again->item_ids, first->item_ids);
}

TEST_P(ThreadedActorTest, ARepetitionIsNotAnsweredBeforeTheFirstIsDurable) {
  native::ThreadedActor actor = Open();
  const HeldSyncs held(*control_);
  std::vector<RequestId> answers;
  const auto note = [&](const Result<DrawOutcome>& answer) {
    answers.push_back(answer.ok() ? answer->request_id : 0);
  };
  std::atomic<bool> repeated = false;
  ASSERT_TRUE(actor.DrawAsync({.count = 1, .key = "k", .user = ""}, note).ok());
  control_->AwaitHeldSync();
  ASSERT_TRUE(actor
                  .DrawAsync({.count = 1, .key = "k", .user = ""},
                             [&](const Result<DrawOutcome>& answer) {
                               note(answer);
                               repeated = true;
                             })
                  .ok());
  AwaitStaging(actor);
  EXPECT_FALSE(repeated);
  control_->ReleaseSyncs();
  ASSERT_TRUE(actor.Close().ok());
  EXPECT_EQ(answers, (std::vector<RequestId>{1, 1}));
}

TEST_P(ThreadedActorTest, InvalidRequestsAreRefusedAndLeaveNoTrace) {
  native::ThreadedActor actor = Open();
  EXPECT_EQ(actor.Draw({.count = 0, .key = "", .user = ""}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(actor.AddItem({"gold", 5}).status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(actor.RemoveItem("lead").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(actor.NewProducer(0).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(actor.NewProducer(kWindowMax + 1).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(actor.State()->last_request_id, 0U);
}

TEST_P(ThreadedActorTest, CatalogChangesTakeEffectAndSurvive) {
  {
    native::ThreadedActor actor = Open();
    EXPECT_EQ(*actor.AddItem({"bronze", 7, Quantity::Of(4)}), 1U);
    EXPECT_EQ(*actor.UpdateItem("silver", {.weight = 3, .quantity = Quantity::Of(2)}), 2U);
    EXPECT_EQ(*actor.RemoveItem("gold"), 3U);
  }
  native::ThreadedActor actor = Open();
  const auto view = actor.State();
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->last_request_id, 3U);
  const auto items = ById(*view);
  ASSERT_THAT(items, SizeIs(2));
  EXPECT_EQ(items.at("bronze"), (ItemView{"bronze", 7, Quantity::Of(4), 0}));
  EXPECT_EQ(items.at("silver"), (ItemView{"silver", 3, Quantity::Of(2), 0}));
}

TEST_P(ThreadedActorTest, AnAnswerKeepsItsItemWhenThePositionIsGivenAway) {
  PoolOptions options = Options();
  options.catalog = {{"old", 1}};
  native::ThreadedActor actor = Open(options);
  const ItemRef old_ref = actor.Draw().item;
  ASSERT_TRUE(actor.RemoveItem("old").ok());
  ASSERT_TRUE(actor.AddItem({"new", 1}).ok());
  const ItemRef new_ref = actor.Draw().item;
  EXPECT_EQ(actor.ItemId(old_ref), "old");
  EXPECT_EQ(actor.ItemId(new_ref), "new");
  auto producer = actor.NewProducer(1);
  std::vector<ItemRef> picks(3);
  ASSERT_EQ(producer->DrawMany(picks).drawn, 3U);
  EXPECT_EQ(producer->ItemId(picks[2]), "new");
  ASSERT_TRUE(actor.Close().ok());
  EXPECT_EQ(producer->ItemId(old_ref), "old");
}

TEST_P(ThreadedActorTest, ManyAddedItemsAreAllFoundByName) {
  PoolOptions options = Options();
  options.catalog = {{"first", 0}};
  options.durability = Durability::Async();
  native::ThreadedActor actor = Open(options);
  ASSERT_TRUE(actor.RemoveItem("first").ok());
  // One item at a time has weight, at the same position, under ever new names.
  for (int i = 0; i < 3000; ++i) {
    const std::string id = "item-" + std::to_string(i);
    ASSERT_TRUE(actor.AddItem({id, 1}).ok());
    EXPECT_EQ(actor.ItemId(actor.Draw().item), id);
    ASSERT_TRUE(actor.RemoveItem(id).ok());
  }
}

// --- Callbacks ----------------------------------------------------------------

TEST_P(ThreadedActorTest, ACallbackMayDrawOnButNotWait) {
  native::ThreadedActor actor = Open();
  std::promise<Result<DrawOutcome>> second;
  std::vector<StatusCode> refusals;
  const Status posted = actor.DrawAsync({}, [&](const Result<DrawOutcome>& first) {
    EXPECT_TRUE(first.ok());
    refusals.push_back(actor.Draw().code);
    refusals.push_back(actor.Flush().code());
    refusals.push_back(actor.Close().code());
    EXPECT_TRUE(actor
                    .DrawAsync({.count = 2, .key = "", .user = ""},
                               [&](Result<DrawOutcome> answer) { second.set_value(answer); })
                    .ok());
  });
  ASSERT_TRUE(posted.ok());
  const Result<DrawOutcome> answer = second.get_future().get();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->request_id, 2U);
  EXPECT_THAT(answer->item_ids, SizeIs(2));
  EXPECT_THAT(refusals, ::testing::Each(StatusCode::kInvalidArgument));
  EXPECT_TRUE(actor.Draw().ok());
}

// --- Policies -------------------------------------------------------------------

TEST_P(ThreadedActorTest, AsyncAnswersWithoutSyncAndTellsWhatIsDurable) {
  PoolOptions options = Options();
  options.durability = Durability::Async();
  native::ThreadedActor actor = Open(options);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(actor.Draw().ok());
  EXPECT_EQ(control_->syncs(), 0U);
  EXPECT_EQ(actor.durable_through(), 0U);
  EXPECT_EQ(actor.Stats().acknowledged_through, 20U);
  ASSERT_TRUE(actor.Flush().ok());
  EXPECT_EQ(control_->syncs(), 1U);
  EXPECT_EQ(actor.durable_through(), 20U);
  ASSERT_TRUE(actor.Flush().ok());
  EXPECT_EQ(control_->syncs(), 1U) << "nothing was left to sync";
  EXPECT_TRUE(actor.Draw().ok());
  ASSERT_TRUE(actor.Close().ok());
  EXPECT_EQ(actor.durable_through(), 21U);
  EXPECT_EQ(control_->syncs(), 3U) << "the draw, then the note that it was";
}

TEST_P(ThreadedActorTest, DamageIsFoundInALogThatWasClosedInOrderUnderAWeakPolicy) {
  PoolOptions options = Options();
  options.durability = Durability::Async();
  std::size_t frame_begin = 0;
  {
    native::ThreadedActor actor = Open(options);
    std::vector<std::byte>& segment = disk_->segments.rbegin()->second;
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(actor.Draw().ok());
    frame_begin = segment.size();
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(actor.Draw().ok());
    ASSERT_TRUE(actor.Close().ok());
  }
  ASSERT_EQ(disk_->segments.size(), 2U);
  disk_->segments.rbegin()->second[frame_begin + 20] ^= std::byte{1};
  MemoryStorage log(disk_);
  MemorySnapshotStore snapshots(disk_);
  const Status status = InspectPool(log, snapshots, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kCorrupt) << status.ToString();
}

TEST_P(ThreadedActorTest, FlushAfterSyncsEveryNthRequest) {
  PoolOptions options = Options();
  options.durability = Durability::FlushAfter(10);
  native::ThreadedActor actor = Open(options);
  for (int i = 0; i < 25; ++i) EXPECT_TRUE(actor.Draw().ok());
  EXPECT_EQ(control_->syncs(), 2U);
  EXPECT_EQ(actor.durable_through(), 20U);
}

TEST_P(ThreadedActorTest, IntervalAnswersWithoutSync) {
  PoolOptions options = Options();
  options.durability = Durability::Interval(3'600'000);
  native::ThreadedActor actor = Open(options);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(actor.Draw().ok());
  EXPECT_EQ(control_->syncs(), 0U);
  EXPECT_EQ(actor.durable_through(), 0U);
}

TEST_P(ThreadedActorTest, IntervalSyncsByItselfInTheEnd) {
  PoolOptions options = Options();
  options.durability = Durability::Interval(1);
  native::ThreadedActor actor = Open(options);
  for (RequestId drawn = 1; drawn <= 3; ++drawn) {
    EXPECT_TRUE(actor.Draw().ok());
    while (actor.durable_through() < drawn) std::this_thread::yield();
  }
}

TEST_P(ThreadedActorTest, WeakPoliciesAnswerWhileASyncIsUnderWay) {
  PoolOptions options = Options();
  options.durability = Durability::FlushAfter(5);
  native::ThreadedActor actor = Open(options);
  auto producer = actor.NewProducer(100);
  const HeldSyncs held(*control_);
  ASSERT_EQ(producer->Submit(5), 5U);
  // The answers come although their sync has not been let go.
  EXPECT_THAT(TakeAnswers(*producer, 5), SizeIs(5));
  control_->AwaitHeldSync();
  EXPECT_EQ(actor.durable_through(), 0U);
  control_->ReleaseSyncs();
  ASSERT_TRUE(actor.Close().ok());
  EXPECT_EQ(actor.durable_through(), 5U);
}

TEST_P(ThreadedActorTest, AFailedSyncUnderAWeakPolicyStopsThePoolToo) {
  PoolOptions options = Options();
  options.durability = Durability::Async();
  native::ThreadedActor actor = Open(options);
  EXPECT_TRUE(actor.Draw().ok());
  control_->SetSyncStatus(kDiskBroken);
  EXPECT_EQ(actor.Flush().code(), StatusCode::kOutcomeUnknown);
  EXPECT_EQ(actor.Draw().code, StatusCode::kOutcomeUnknown);
}

// --- Limits ---------------------------------------------------------------------

TEST_P(ThreadedActorTest, AFullQueueIsAStatus) {
  PoolOptions options = Options();
  options.pending_requests_max = 4;
  native::ThreadedActor actor = Open(options);
  const HeldSyncs held(*control_);
  std::atomic<int> answered = 0;
  const auto count = [&](const Result<DrawOutcome>& answer) { answered += answer.ok() ? 1 : 0; };
  ASSERT_TRUE(actor.DrawAsync({}, count).ok());
  control_->AwaitHeldSync();
  for (int i = 1; i < 4; ++i) EXPECT_TRUE(actor.DrawAsync({}, count).ok());
  EXPECT_EQ(actor.DrawAsync({}, count).code(), StatusCode::kOverloaded);
  EXPECT_EQ(actor.Draw().code, StatusCode::kOverloaded);
  EXPECT_EQ(actor.AddItem({"x", 1}).status().code(), StatusCode::kOverloaded);
  control_->ReleaseSyncs();
  ASSERT_TRUE(actor.Flush().ok());
  EXPECT_EQ(answered, 4);
  EXPECT_TRUE(actor.Draw().ok());
  EXPECT_EQ(actor.State()->last_request_id, 5U);
}

// --- When the disk is full ----------------------------------------------------------

TEST_P(ThreadedActorTest, AFullDiskUndoesTheRequestAndThePoolGoesOn) {
  PoolOptions options = Options();
  options.catalog = {{"only", 1, Quantity::Of(10)}};
  native::ThreadedActor actor = Open(options);
  EXPECT_TRUE(actor.Draw().ok());
  control_->SetAppendStatus(kDiskFull);
  EXPECT_EQ(actor.Draw().code, StatusCode::kFull);
  EXPECT_EQ(actor.Draw({.count = 2, .key = "k", .user = ""}).status().code(), StatusCode::kFull);
  const auto view = actor.State();
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->last_request_id, 1U);
  EXPECT_EQ(view->items[0].quantity, Quantity::Of(9));
  EXPECT_TRUE(actor.Failure().ok());
  control_->SetAppendStatus(Status::Ok());
  EXPECT_EQ(actor.Draw().request_id, 2U);
  EXPECT_EQ(actor.Stats().draws, 2U);
  ASSERT_TRUE(actor.Close().ok());
  EXPECT_THAT(LoggedDraws(), SizeIs(2));
}

TEST_P(ThreadedActorTest, AFullDiskAnswersEveryWaiter) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(10);
  const HeldSyncs held(*control_);
  ASSERT_EQ(producer->Submit(1), 1U);
  control_->AwaitHeldSync();
  // These are staged, or will be, and their batch will find no room.
  control_->SetAppendStatus(kDiskFull);
  ASSERT_EQ(producer->Submit(3), 3U);
  std::vector<ItemRef> picks(7);
  ASSERT_EQ(producer->SubmitMany(picks), StatusCode::kOk);
  std::promise<Status> async;
  ASSERT_TRUE(
      actor
          .DrawAsync({},
                     [&](const Result<DrawOutcome>& answer) { async.set_value(answer.status()); })
          .ok());
  control_->ReleaseSyncs();
  const std::vector<DrawResult> answers = TakeAnswers(*producer, 4);
  EXPECT_TRUE(answers[0].ok());
  for (std::size_t i = 1; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].code, StatusCode::kFull);
    EXPECT_EQ(answers[i].request_id, 0U);
  }
  const BulkResult bulk = producer->WaitMany();
  EXPECT_EQ(bulk.code, StatusCode::kFull);
  EXPECT_EQ(bulk.drawn + bulk.refused, 0U);
  EXPECT_EQ(async.get_future().get().code(), StatusCode::kFull);
  control_->SetAppendStatus(Status::Ok());
  EXPECT_EQ(actor.Draw().request_id, 2U);
}

TEST_P(ThreadedActorTest, AFullDiskDoesNotKeepThePoolFromClosing) {
  native::ThreadedActor actor = Open();
  EXPECT_TRUE(actor.Draw().ok());
  control_->SetAppendStatus(kDiskFull);
  EXPECT_TRUE(actor.Close().ok());
  control_->SetAppendStatus(Status::Ok());
  EXPECT_EQ(Open().State()->last_request_id, 1U);
}

// --- When the log fails -----------------------------------------------------------

TEST_P(ThreadedActorTest, AFailedSyncStopsThePoolAndIsNotRetried) {
  native::ThreadedActor actor = Open();
  EXPECT_TRUE(actor.Draw().ok());
  control_->SetSyncStatus(kDiskBroken);
  EXPECT_EQ(actor.Draw().code, StatusCode::kOutcomeUnknown);
  const std::uint64_t syncs = control_->syncs();
  const std::uint64_t appends = control_->appends();
  control_->SetSyncStatus(Status::Ok());

  EXPECT_EQ(actor.Draw().code, StatusCode::kOutcomeUnknown);
  EXPECT_EQ(actor.Draw({.count = 2, .key = "", .user = ""}).status().code(),
            StatusCode::kOutcomeUnknown);
  EXPECT_EQ(actor.AddItem({"x", 1}).status().code(), StatusCode::kOutcomeUnknown);
  EXPECT_EQ(actor.State().status().code(), StatusCode::kOutcomeUnknown);
  EXPECT_EQ(actor.Snapshot().status().code(), StatusCode::kOutcomeUnknown);
  EXPECT_EQ(actor.Flush().code(), StatusCode::kOutcomeUnknown);
  auto producer = actor.NewProducer(8);
  ASSERT_TRUE(producer.ok());
  ASSERT_EQ(producer->Submit(8), 8U);
  for (const DrawResult& answer : TakeAnswers(*producer, 8)) {
    EXPECT_EQ(answer.code, StatusCode::kOutcomeUnknown);
    EXPECT_EQ(answer.request_id, 0U);
  }
  std::vector<ItemRef> picks(5);
  EXPECT_EQ(producer->DrawMany(picks).code, StatusCode::kOutcomeUnknown);
  EXPECT_THAT(actor.Failure().message(), HasSubstr("broken (test)"));
  EXPECT_EQ(actor.durable_through(), 1U);
  EXPECT_EQ(actor.Stats().draws, 1U);

  const Status closed = actor.Close();
  EXPECT_EQ(closed.code(), StatusCode::kOutcomeUnknown);
  EXPECT_THAT(closed.message(), HasSubstr("broken (test)"));
  EXPECT_EQ(control_->syncs(), syncs) << "a failed sync was retried";
  EXPECT_EQ(control_->appends(), appends);

  native::ThreadedActor reopened = Open();
  EXPECT_GE(reopened.State()->last_request_id, 1U);
}

TEST_P(ThreadedActorTest, AFailedSyncAnswersEveryWaiter) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(10);
  const HeldSyncs held(*control_);
  ASSERT_EQ(producer->Submit(4), 4U);
  control_->AwaitHeldSync();
  control_->SetSyncStatus(kDiskBroken);
  std::vector<ItemRef> picks(7);
  ASSERT_EQ(producer->SubmitMany(picks), StatusCode::kOk);
  std::promise<Status> async;
  ASSERT_TRUE(
      actor
          .DrawAsync({},
                     [&](const Result<DrawOutcome>& answer) { async.set_value(answer.status()); })
          .ok());
  Status flushed;
  Status snapshot;
  std::thread flusher([&] { flushed = actor.Flush(); });
  std::thread snapshooter([&] { snapshot = actor.Snapshot().status(); });
  control_->ReleaseSyncs();
  const std::vector<DrawResult> answers = TakeAnswers(*producer, 4);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].code, StatusCode::kOutcomeUnknown);
    EXPECT_EQ(answers[i].request_id, i + 1) << "what may be found in the log";
  }
  const BulkResult bulk = producer->WaitMany();
  EXPECT_EQ(bulk.code, StatusCode::kOutcomeUnknown);
  EXPECT_EQ(bulk.drawn, 0U);
  EXPECT_EQ(async.get_future().get().code(), StatusCode::kOutcomeUnknown);
  flusher.join();
  snapshooter.join();
  EXPECT_EQ(flushed.code(), StatusCode::kOutcomeUnknown);
  EXPECT_EQ(snapshot.code(), StatusCode::kOutcomeUnknown);
  EXPECT_THAT(disk_->snapshots, IsEmpty());
}

TEST_P(ThreadedActorTest, AFailedAppendStopsThePool) {
  native::ThreadedActor actor = Open();
  EXPECT_TRUE(actor.Draw().ok());
  control_->SetAppendStatus(kDiskBroken);
  EXPECT_EQ(actor.Draw().code, StatusCode::kOutcomeUnknown);
  control_->SetAppendStatus(Status::Ok());
  EXPECT_EQ(actor.Draw().code, StatusCode::kOutcomeUnknown);
  EXPECT_EQ(actor.Close().code(), StatusCode::kOutcomeUnknown);
}

// --- Snapshots ----------------------------------------------------------------------

TEST_P(ThreadedActorTest, TheSecondSnapshotDropsTheLogBeforeTheFirst) {
  {
    native::ThreadedActor actor = Open();
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(actor.Draw().ok());
    EXPECT_EQ(*actor.Snapshot(), 10U);
    EXPECT_EQ(actor.State()->log_starts_after, 0U);
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(actor.Draw().ok());
    EXPECT_EQ(*actor.Snapshot(), 20U);
    EXPECT_EQ(actor.State()->log_starts_after, 10U);
    EXPECT_EQ(*actor.Snapshot(), 20U) << "nothing has happened since";
    EXPECT_EQ(actor.Stats().snapshots, 2U);
    EXPECT_TRUE(actor.Draw().ok());
  }
  native::ThreadedActor actor = Open();
  EXPECT_EQ(actor.opening().base_snapshot, 20U);
  EXPECT_EQ(actor.State()->last_request_id, 21U);
  EXPECT_EQ(actor.State()->log_starts_after, 10U);
}

TEST_P(ThreadedActorTest, ASnapshotIsPublishedOnlyOnceItsMarkIsDurable) {
  for (const Durability durability : {Durability::Durable(), Durability::Async()}) {
    SCOPED_TRACE(static_cast<int>(durability.kind()));
    disk_->segments.clear();
    disk_->snapshots.clear();
    PoolOptions options = Options();
    options.durability = durability;
    native::ThreadedActor actor = Open(options);
    EXPECT_TRUE(actor.Draw().ok());
    control_->HoldSyncs();
    std::thread snapshooter([&] { EXPECT_EQ(*actor.Snapshot(), 1U); });
    control_->AwaitHeldSync();
    AwaitStaging(actor);
    EXPECT_EQ(control_->publishes(), 0U);
    control_->ReleaseSyncs();
    snapshooter.join();
    EXPECT_EQ(control_->publishes(), 1U);
  }
}

TEST_P(ThreadedActorTest, SnapshotsAreDurableUnderAWeakPolicyToo) {
  PoolOptions options = Options();
  options.durability = Durability::Async();
  native::ThreadedActor actor = Open(options);
  EXPECT_TRUE(actor.Draw().ok());
  EXPECT_EQ(*actor.Snapshot(), 1U);
  EXPECT_EQ(actor.durable_through(), 1U);
}

TEST_P(ThreadedActorTest, SnapshotsAreTakenByCount) {
  PoolOptions options = Options();
  options.snapshots.every_requests = 100;
  native::ThreadedActor actor = Open(options);
  for (std::uint64_t wanted = 1; wanted <= 3; ++wanted) {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(actor.Draw().ok());
    while (actor.Stats().snapshots < wanted) std::this_thread::yield();
  }
  EXPECT_GE(actor.State()->log_starts_after, 100U);
}

TEST_P(ThreadedActorTest, SnapshotsAreTakenByBytes) {
  PoolOptions options = Options();
  options.snapshots.every_bytes = 1000;
  native::ThreadedActor actor = Open(options);
  while (actor.Stats().snapshots < 2) {
    EXPECT_TRUE(actor.Draw().ok());
  }
  EXPECT_GE(actor.Stats().wal_bytes, 2000U);
}

TEST_P(ThreadedActorTest, WithoutAPolicyNoSnapshotIsTaken) {
  native::ThreadedActor actor = Open();
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(actor.Draw().ok());
  ASSERT_TRUE(actor.Close().ok());
  EXPECT_EQ(control_->publishes(), 0U);
}

TEST_P(ThreadedActorTest, ASnapshotThatFailsLeavesThePoolWhole) {
  native::ThreadedActor actor = Open();
  EXPECT_TRUE(actor.Draw().ok());
  control_->SetPublishStatus(kDiskFull);
  EXPECT_EQ(actor.Snapshot().status().code(), StatusCode::kFull);
  EXPECT_EQ(actor.Stats().snapshots_failed, 1U);
  EXPECT_EQ(actor.Stats().last_snapshot_failure.code(), StatusCode::kFull);
  EXPECT_TRUE(actor.Draw().ok());
  control_->SetPublishStatus(Status::Ok());
  EXPECT_EQ(*actor.Snapshot(), 2U);
  EXPECT_TRUE(actor.Stats().last_snapshot_failure.ok());
}

TEST_P(ThreadedActorTest, ASnapshotWhoseMarkFindsNoRoomIsThrownAway) {
  native::ThreadedActor actor = Open();
  EXPECT_TRUE(actor.Draw().ok());
  control_->SetAppendStatus(kDiskFull);
  EXPECT_EQ(actor.Snapshot().status().code(), StatusCode::kFull);
  EXPECT_EQ(control_->publishes(), 0U);
  control_->SetAppendStatus(Status::Ok());
  EXPECT_EQ(*actor.Snapshot(), 1U);
  EXPECT_EQ(control_->publishes(), 1U);
}

// Enough that a copy of them takes several rounds of the actor.
std::vector<Item> ManyItems() {
  std::vector<Item> items;
  for (int i = 0; i < 40'000; ++i) items.push_back({"item " + std::to_string(i), 1});
  return items;
}

// Draws all the time, with keys and without, on threads of its own.
class BusyDraws {
 public:
  explicit BusyDraws(native::ThreadedActor& actor)
      : bulk_([this, producer = *actor.NewProducer(1)]() mutable {
          std::vector<ItemRef> picks(1000);
          while (!stop_) EXPECT_EQ(producer.DrawMany(picks).code, StatusCode::kOk);
        }),
        keyed_([this, &actor] {
          for (int i = 0; !stop_; ++i) {
            EXPECT_TRUE(actor.Draw({.count = 2, .key = std::to_string(i), .user = ""}).ok());
          }
        }) {}
  ~BusyDraws() {
    stop_ = true;
    bulk_.join();
    keyed_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread bulk_;
  std::thread keyed_;
};

TEST_P(ThreadedActorTest, AStateCopiedWhileDrawsGoOnIsOfOneMoment) {
  PoolOptions options = Options();
  options.catalog = ManyItems();
  native::ThreadedActor actor = Open(options);
  std::map<RequestId, PoolView> views;
  {
    const BusyDraws draws(actor);
    for (int i = 0; i < 5; ++i) {
      std::thread other([&] { EXPECT_TRUE(actor.State().ok()); });
      const auto view = actor.State();
      other.join();
      ASSERT_TRUE(view.ok());
      views[view->last_request_id] = *view;
    }
  }
  ASSERT_TRUE(actor.Close().ok());
  ASSERT_GT(views.size(), 1U);
  std::map<std::string, std::uint64_t> drawn;
  auto view = views.begin();
  const auto check_all_before = [&](RequestId request_id) {
    for (; view != views.end() && view->first < request_id; ++view) {
      for (const ItemView& item : view->second.items) {
        ASSERT_EQ(item.drawn, drawn[item.id]) << item.id << " at request " << view->first;
      }
    }
  };
  for (const auto& [request_id, item_ids] : LoggedDraws()) {
    check_all_before(request_id);
    for (const std::string& id : item_ids) ++drawn[id];
  }
  check_all_before(std::numeric_limits<RequestId>::max());
}

TEST_P(ThreadedActorTest, ASnapshotCopiedWhileDrawsGoOnIsOfOneMoment) {
  PoolOptions options = Options();
  options.catalog = ManyItems();
  options.key_retention = 100;
  native::ThreadedActor actor = Open(options);
  {
    const BusyDraws draws(actor);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(actor.Snapshot().ok());
  }
  ASSERT_TRUE(actor.Close().ok());
  MemoryStorage log(disk_);
  MemorySnapshotStore snapshots(disk_);
  const auto report = VerifyPool(log, snapshots);
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_GT(report->snapshots_compared, 0U);
}

TEST_P(ThreadedActorTest, AStateWhoseDrawsFindNoRoomIsOfWhatIsLeft) {
  PoolOptions options = Options();
  options.catalog = ManyItems();
  native::ThreadedActor actor = Open(options);
  auto producer = actor.NewProducer(1);
  std::vector<ItemRef> picks(1000);
  ASSERT_EQ(producer->DrawMany(picks).drawn, 1000U);
  const HeldSyncs held(*control_);
  ASSERT_EQ(producer->SubmitMany(picks), StatusCode::kOk);
  control_->AwaitHeldSync();
  // Staged behind the batch whose sync is held, and to find no room after it.
  control_->SetAppendStatus(kDiskFull);
  ASSERT_EQ(producer->SubmitMany(picks), StatusCode::kOk);
  Result<PoolView> view = Status(StatusCode::kIo, "not asked yet");
  std::thread asking([&] { view = actor.State(); });
  // Most likely it is staged by then; the answer is the same if it is not.
  for (int i = 0; i < 20; ++i) AwaitStaging(actor);
  control_->ReleaseSyncs();
  asking.join();
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->last_request_id, 2000U);
  std::uint64_t drawn = 0;
  for (const ItemView& item : view->items) drawn += item.drawn;
  EXPECT_EQ(drawn, 2000U);
  EXPECT_EQ(producer->WaitMany().drawn, 1000U);
  EXPECT_EQ(producer->WaitMany().code, StatusCode::kFull);
}

// --- Closing and reopening ------------------------------------------------------------

TEST_P(ThreadedActorTest, ReopeningGivesTheSameStateAndGoesOnCounting) {
  PoolOptions options = Options();
  options.catalog = {{"a", 5, Quantity::Of(1000)}, {"b", 3}, {"c", 1, Quantity::Of(7)}};
  PoolView before;
  {
    native::ThreadedActor actor = Open(options);
    auto producer = actor.NewProducer(64);
    std::vector<ItemRef> picks(500);
    EXPECT_EQ(producer->DrawMany(picks).drawn, 500U);
    before = *actor.State();
  }
  options.catalog = {{"not looked at", 1}};
  native::ThreadedActor actor = Open(options);
  EXPECT_FALSE(actor.opening().created);
  EXPECT_EQ(actor.opening().last_request_id, 500U);
  const auto after = actor.State();
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->items, before.items);
  EXPECT_EQ(after->last_request_id, before.last_request_id);
  EXPECT_EQ(actor.Draw().request_id, 501U);
}

TEST_P(ThreadedActorTest, CloseCarriesOutWhatWasSubmitted) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(100);
  const HeldSyncs held(*control_);
  ASSERT_EQ(producer->Submit(10), 10U);
  control_->AwaitHeldSync();
  ASSERT_EQ(producer->Submit(90), 90U);
  std::vector<ItemRef> picks(50);
  ASSERT_EQ(producer->SubmitMany(picks), StatusCode::kOk);
  std::atomic<bool> answered = false;
  ASSERT_TRUE(actor.DrawAsync({}, [&](const Result<DrawOutcome>&) { answered = true; }).ok());
  std::thread closer([&] { EXPECT_TRUE(actor.Close().ok()); });
  control_->ReleaseSyncs();
  closer.join();
  EXPECT_TRUE(answered);
  for (const DrawResult& answer : TakeAnswers(*producer, 100)) EXPECT_TRUE(answer.ok());
  EXPECT_EQ(producer->WaitMany().drawn, 50U);
  EXPECT_THAT(LoggedDraws(), SizeIs(151));
}

TEST_P(ThreadedActorTest, AClosedPoolRefusesEverything) {
  native::ThreadedActor actor = Open();
  auto producer = actor.NewProducer(10);
  EXPECT_TRUE(actor.Draw().ok());
  EXPECT_TRUE(actor.Close().ok());
  EXPECT_TRUE(actor.Close().ok()) << "the second call tells what the first did";
  EXPECT_EQ(actor.Draw().code, StatusCode::kClosed);
  EXPECT_EQ(actor.Draw({.count = 1, .key = "k", .user = ""}).status().code(), StatusCode::kClosed);
  EXPECT_EQ(actor.DrawAsync({}, [](const Result<DrawOutcome>&) {}).code(), StatusCode::kClosed);
  EXPECT_EQ(actor.AddItem({"x", 1}).status().code(), StatusCode::kClosed);
  EXPECT_EQ(actor.State().status().code(), StatusCode::kClosed);
  EXPECT_EQ(actor.Snapshot().status().code(), StatusCode::kClosed);
  EXPECT_EQ(actor.Flush().code(), StatusCode::kClosed);
  EXPECT_EQ(actor.NewProducer(1).status().code(), StatusCode::kClosed);
  EXPECT_EQ(producer->Submit(3), 3U);
  for (const DrawResult& answer : TakeAnswers(*producer, 3)) {
    EXPECT_EQ(answer.code, StatusCode::kClosed);
  }
  EXPECT_EQ(producer->Submit(10), 10U) << "the window is free again";
  std::vector<ItemRef> picks(3);
  EXPECT_EQ(producer->DrawMany(picks).code, StatusCode::kClosed);
  EXPECT_EQ(actor.Stats().draws, 1U);
  EXPECT_EQ(actor.durable_through(), 1U);
}

TEST_P(ThreadedActorTest, BadOptionsAreRefusedByName) {
  const auto open = [&](const PoolOptions& options) {
    return native::ThreadedActor::Open(std::make_unique<MemoryStorage>(disk_),
                                       std::make_unique<MemorySnapshotStore>(disk_), options)
        .status();
  };
  PoolOptions options = Options();
  options.codec = "xml";
  EXPECT_THAT(open(options).message(), HasSubstr("xml"));
  options = Options();
  options.selector = "roulette";
  EXPECT_EQ(open(options).code(), StatusCode::kInvalidArgument);
  options = Options();
  options.segment_bytes_max = 10;
  EXPECT_THAT(open(options).message(), HasSubstr("segment_bytes_max"));
  options = Options();
  options.pending_requests_max = 0;
  EXPECT_THAT(open(options).message(), HasSubstr("pending_requests_max"));
  options = Options();
  options.catalog.reset();
  EXPECT_EQ(open(options).code(), StatusCode::kNotFound);
  EXPECT_THAT(disk_->segments, IsEmpty());
}

TEST_P(ThreadedActorTest, BothCodecsKeepThePool) {
  for (const std::string codec : {"binary", "jsonl"}) {
    SCOPED_TRACE(codec);
    disk_->segments.clear();
    PoolOptions options = Options();
    options.codec = codec;
    { EXPECT_TRUE(Open(options).Draw().ok()); }
    EXPECT_EQ(Open(options).State()->last_request_id, 1U);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadedActorTest,
                         ::testing::Values(Threads::kOwn, Threads::kShared), NameOf);

}  // namespace
}  // namespace rewardpool::tests
