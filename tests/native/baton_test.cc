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
  EXPECT_TRUE(baton_.Rest(true));
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
  EXPECT_FALSE(baton_.Rest(true)) << "somebody may have come after the last look";
  EXPECT_TRUE(baton_.Rest(true));
  AwaitThread();
  EXPECT_FALSE(HasTurn());
}

TEST_F(BatonTest, OnlyAnActorThatRestsIdleIsLent) {
  EXPECT_TRUE(baton_.TryBorrow()) << "so it begins";
  EXPECT_FALSE(baton_.TryBorrow()) << "lent already";
  baton_.GiveBack(/*wake_actor=*/false, /*may_lend=*/true);
  baton_.Wake();
  AwaitTurn();
  EXPECT_FALSE(baton_.TryBorrow()) << "in a turn";
  EXPECT_TRUE(baton_.Rest(false));
  EXPECT_FALSE(baton_.TryBorrow()) << "at rest, but not idle";
  baton_.Wake();
  AwaitTurn();
  EXPECT_TRUE(baton_.Rest(true));
  EXPECT_TRUE(baton_.TryBorrow());
}

TEST_F(BatonTest, WorkThatComesWhileLentIsATurnAfterwards) {
  ASSERT_TRUE(baton_.TryBorrow());
  baton_.Wake();
  baton_.Wake();
  AwaitThread();
  EXPECT_FALSE(HasTurn()) << "the borrower is at it";
  baton_.GiveBack(/*wake_actor=*/false, /*may_lend=*/true);
  AwaitTurn();
  EXPECT_FALSE(baton_.TryBorrow());
  EXPECT_TRUE(baton_.Rest(true));
}

TEST_F(BatonTest, OnlyAnActorThatRestsBusyIsLentToTheSyncer) {
  EXPECT_FALSE(baton_.TryBorrowBusy()) << "at rest, but idle";
  baton_.Wake();
  AwaitTurn();
  EXPECT_FALSE(baton_.TryBorrowBusy()) << "in a turn";
  EXPECT_TRUE(baton_.Rest(false));
  EXPECT_TRUE(baton_.TryBorrowBusy());
  EXPECT_FALSE(baton_.TryBorrowBusy()) << "lent already";
  EXPECT_FALSE(baton_.TryBorrow()) << "lent already";
  baton_.GiveBack(/*wake_actor=*/false, /*may_lend=*/false);
  EXPECT_FALSE(baton_.TryBorrow()) << "given back busy";
  EXPECT_TRUE(baton_.TryBorrowBusy());
  baton_.GiveBack(/*wake_actor=*/false, /*may_lend=*/true);
  EXPECT_TRUE(baton_.TryBorrow()) << "given back idle";
  AwaitThread();
  EXPECT_FALSE(HasTurn());
}

TEST_F(BatonTest, ABorrowerMayAskForATurn) {
  ASSERT_TRUE(baton_.TryBorrow());
  baton_.GiveBack(/*wake_actor=*/true, /*may_lend=*/true);
  AwaitTurn();
  EXPECT_TRUE(baton_.Rest(true));
}

}  // namespace
}  // namespace rewardpool::native::internal
