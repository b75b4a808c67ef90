// Who may touch the engine, and that nobody's work is forgotten.
#include "actor/baton.h"

#include <gtest/gtest.h>

#include <chrono>
#include <semaphore>

namespace rewardpool::native::internal {
namespace {

// An actor whose turns the test takes by hand: a turn that was scheduled is
// announced, and the thread is given back at once.
class BatonTest : public ::testing::Test, private Task {
 protected:
  void AwaitTurn() { turns_.acquire(); }
  bool HasTurn() { return turns_.try_acquire(); }

  // Tasks run in order, so everything scheduled before has run by then.
  void AwaitThread() {
    threads_.Schedule(mark_);
    mark_.run.acquire();
  }

 private:
  struct Mark final : Task {
    void Run() noexcept override { run.release(); }
    std::binary_semaphore run{0};
  };

  void Run() noexcept override { turns_.release(); }

  // Before the threads, which they outlive.
  std::counting_semaphore<> turns_{0};
  Mark mark_;
  TaskThreads threads_{1, std::chrono::nanoseconds(0)};

 protected:
  Baton baton_{threads_, *this};
};

TEST_F(BatonTest, WakingAnActorAtRestSchedulesOneTurn) {
  baton_.Wake();
  AwaitTurn();
  EXPECT_TRUE(baton_.Rest(AtRest::kIdle));
  baton_.Wake();
  AwaitTurn();
  AwaitThread();
  EXPECT_FALSE(HasTurn());
}

TEST_F(BatonTest, WorkThatComesInATurnMakesTheTurnGoOnAndSchedulesNone) {
  baton_.Wake();
  AwaitTurn();
  baton_.Wake();
  baton_.Wake();
  EXPECT_FALSE(baton_.Rest(AtRest::kIdle)) << "somebody may have come after the last look";
  EXPECT_TRUE(baton_.Rest(AtRest::kIdle));
  AwaitThread();
  EXPECT_FALSE(HasTurn());
}

TEST_F(BatonTest, OnlyAnActorThatRestsIdleIsLent) {
  EXPECT_TRUE(baton_.TryBorrow()) << "so it begins";
  EXPECT_FALSE(baton_.TryBorrow()) << "lent already";
  baton_.GiveBack(/*wake_actor=*/false, AtRest::kIdle);
  baton_.Wake();
  AwaitTurn();
  EXPECT_FALSE(baton_.TryBorrow()) << "in a turn";
  EXPECT_TRUE(baton_.Rest(AtRest::kBusy));
  EXPECT_FALSE(baton_.TryBorrow()) << "at rest, but not idle";
  baton_.Wake();
  AwaitTurn();
  EXPECT_TRUE(baton_.Rest(AtRest::kIdle));
  EXPECT_TRUE(baton_.TryBorrow());
}

TEST_F(BatonTest, WorkThatComesWhileLentIsATurnAfterwards) {
  ASSERT_TRUE(baton_.TryBorrow());
  baton_.Wake();
  baton_.Wake();
  AwaitThread();
  EXPECT_FALSE(HasTurn()) << "the borrower is at it";
  baton_.GiveBack(/*wake_actor=*/false, AtRest::kIdle);
  AwaitTurn();
  EXPECT_FALSE(baton_.TryBorrow());
  EXPECT_TRUE(baton_.Rest(AtRest::kIdle));
}

TEST_F(BatonTest, OnlyAnActorThatRestsBusyIsLentToTheSyncer) {
  EXPECT_FALSE(baton_.TryBorrowBusy()) << "at rest, but idle";
  baton_.Wake();
  AwaitTurn();
  EXPECT_FALSE(baton_.TryBorrowBusy()) << "in a turn";
  EXPECT_TRUE(baton_.Rest(AtRest::kBusy));
  EXPECT_TRUE(baton_.TryBorrowBusy());
  EXPECT_FALSE(baton_.TryBorrowBusy()) << "lent already";
  EXPECT_FALSE(baton_.TryBorrow()) << "lent already";
  baton_.GiveBack(/*wake_actor=*/false, AtRest::kBusy);
  EXPECT_FALSE(baton_.TryBorrow()) << "given back busy";
  EXPECT_TRUE(baton_.TryBorrowBusy());
  baton_.GiveBack(/*wake_actor=*/false, AtRest::kIdle);
  EXPECT_TRUE(baton_.TryBorrow()) << "given back idle";
  AwaitThread();
  EXPECT_FALSE(HasTurn());
}

TEST_F(BatonTest, AnActorThatWaitsForProducersIsLentToThemAlone) {
  EXPECT_FALSE(baton_.TryBorrowGathering()) << "at rest, but idle";
  baton_.Wake();
  AwaitTurn();
  EXPECT_FALSE(baton_.TryBorrowGathering()) << "in a turn";
  EXPECT_TRUE(baton_.Rest(AtRest::kGathering));
  EXPECT_FALSE(baton_.TryBorrow());
  EXPECT_FALSE(baton_.TryBorrowBusy());
  EXPECT_TRUE(baton_.TryBorrowGathering());
  EXPECT_FALSE(baton_.TryBorrowGathering()) << "lent already";
  baton_.EndGathering();
  baton_.GiveBack(/*wake_actor=*/false, AtRest::kGathering);
  EXPECT_TRUE(baton_.TryBorrowGathering()) << "given back as it was";
  baton_.EndGathering();
  baton_.GiveBack(/*wake_actor=*/false, AtRest::kIdle);
  EXPECT_FALSE(baton_.TryBorrowGathering()) << "given back idle";
  AwaitThread();
  EXPECT_FALSE(HasTurn());
}

TEST_F(BatonTest, WhatProducersSubmitLeavesAnActorAtRestThatWaitsForThem) {
  baton_.WakeUnlessGathering();
  AwaitTurn();
  baton_.WakeUnlessGathering();
  EXPECT_FALSE(baton_.Rest(AtRest::kGathering)) << "it came before the rest";
  EXPECT_TRUE(baton_.Rest(AtRest::kGathering));
  baton_.WakeUnlessGathering();
  AwaitThread();
  EXPECT_FALSE(HasTurn());
  ASSERT_TRUE(baton_.TryBorrowGathering());
  baton_.WakeUnlessGathering();
  baton_.EndGathering();
  baton_.GiveBack(/*wake_actor=*/false, AtRest::kGathering);
  AwaitThread();
  EXPECT_FALSE(HasTurn()) << "the borrower looks for it";
  ASSERT_TRUE(baton_.TryBorrowGathering());
  baton_.EndGathering();
  baton_.WakeUnlessGathering();
  baton_.GiveBack(/*wake_actor=*/false, AtRest::kGathering);
  AwaitTurn();
  EXPECT_TRUE(baton_.Rest(AtRest::kIdle))
      << "the turn was for what came after the borrower's last look";
}

TEST_F(BatonTest, AProducerWhoHasTheEngineHearsOfAllOthers) {
  baton_.Wake();
  AwaitTurn();
  EXPECT_TRUE(baton_.Rest(AtRest::kGathering));
  ASSERT_TRUE(baton_.TryBorrowGathering());
  baton_.Wake();
  baton_.EndGathering();
  baton_.GiveBack(/*wake_actor=*/false, AtRest::kGathering);
  AwaitTurn();
  EXPECT_TRUE(baton_.Rest(AtRest::kIdle));
}

TEST_F(BatonTest, AProducerWhoDoesNotWaitWakesAnActorThatWaitsForIt) {
  baton_.WakeIfGathering();
  AwaitThread();
  EXPECT_FALSE(HasTurn()) << "idle";
  baton_.Wake();
  AwaitTurn();
  EXPECT_TRUE(baton_.Rest(AtRest::kGathering));
  baton_.WakeIfGathering();
  AwaitTurn();
  EXPECT_TRUE(baton_.Rest(AtRest::kBusy));
  baton_.WakeIfGathering();
  AwaitThread();
  EXPECT_FALSE(HasTurn()) << "busy";
}

TEST_F(BatonTest, ABorrowerMayAskForATurn) {
  ASSERT_TRUE(baton_.TryBorrow());
  baton_.GiveBack(/*wake_actor=*/true, AtRest::kIdle);
  AwaitTurn();
  EXPECT_TRUE(baton_.Rest(AtRest::kIdle));
}

}  // namespace
}  // namespace rewardpool::native::internal
