// When a sync waits for the producers that the last one answered.
#include "actor/group_commit_delay.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace rewardpool::native::internal {
namespace {

using std::chrono::microseconds;

// Batches of a producer, on a clock that the test moves.
class GroupCommitDelayTest : public ::testing::Test {
 protected:
  using Clock = GroupCommitDelay::Clock;

  // A sync is done that answers `count` draws, while `open` more are staged.
  void Answer(std::uint64_t count, std::uint64_t open, microseconds sync_time = microseconds(400)) {
    staged_ += open;
    delay_.OnAnswered({.count = count,
                       .staged_through = staged_,
                       .open = open,
                       .time = now_,
                       .sync_time = sync_time});
  }
  // After some time so many more are staged.
  void Return(std::uint64_t count, microseconds after) {
    now_ += after;
    staged_ += count;
    if (delay_.HaveReturned(staged_)) delay_.OnReturned(now_);
  }

  GroupCommitDelay delay_;
  Clock::time_point now_ = Clock::time_point(std::chrono::hours(1));
  RequestId staged_ = 0;
};

TEST_F(GroupCommitDelayTest, NothingIsPutOffBeforeAReturnWasSeen) {
  Answer(500, 500);
  EXPECT_FALSE(delay_.is_waiting());
  EXPECT_FALSE(delay_.all_have_returned());
}

TEST_F(GroupCommitDelayTest, WhoComesBackInLessThanASyncIsWaitedFor) {
  Answer(500, 500);
  Return(500, microseconds(100));
  EXPECT_TRUE(delay_.all_have_returned());
  now_ += microseconds(300);
  // All thousand are expected to take 200 us.
  Answer(500, 0);
  EXPECT_TRUE(delay_.is_waiting());
  EXPECT_FALSE(delay_.all_have_returned());
  Return(499, microseconds(90));
  EXPECT_TRUE(delay_.is_waiting());
  Return(1, microseconds(1));
  EXPECT_FALSE(delay_.is_waiting()) << "all are back";
  EXPECT_TRUE(delay_.all_have_returned());
  now_ += microseconds(400);
  Answer(1000, 0);
  EXPECT_TRUE(delay_.is_waiting()) << "and again, all together";
}

TEST_F(GroupCommitDelayTest, WhoTakesLongerThanASyncIsNotWaitedFor) {
  Answer(500, 500);
  Return(500, microseconds(210));
  now_ += microseconds(190);
  Answer(500, 0);
  EXPECT_TRUE(delay_.is_waiting()) << "500 take 210 us";
  Return(500, microseconds(210));
  Answer(500, 500);
  EXPECT_FALSE(delay_.is_waiting()) << "a thousand take 420 us, and a sync 400";
  Return(500, microseconds(210));
  Answer(500, 500, microseconds(500));
  EXPECT_TRUE(delay_.is_waiting()) << "a sync takes 500";
}

TEST_F(GroupCommitDelayTest, WhoIsNotBackWhenTheNextSyncIsDoneTakesLonger) {
  Answer(500, 500);
  Return(100, microseconds(400));
  Answer(500, 0);
  EXPECT_FALSE(delay_.is_waiting());
}

TEST_F(GroupCommitDelayTest, TheDeadlineComesAfterTheNextAnswersIfAllReturnAndIsNotFarOff) {
  Answer(1000, 0);
  Return(1000, microseconds(100));
  Answer(1000, 0);
  EXPECT_GT(delay_.deadline(), now_ + microseconds(100 + 400));
  EXPECT_LT(delay_.deadline(), now_ + microseconds(3 * 400));
}

TEST_F(GroupCommitDelayTest, WhoDoesNotComeBackIsNotWaitedForUntilAFewHave) {
  Answer(1000, 0);
  Return(1000, microseconds(100));
  Answer(1000, 0);
  ASSERT_TRUE(delay_.is_waiting());
  Return(1, microseconds(150));
  delay_.StopWaiting();
  EXPECT_FALSE(delay_.is_waiting());
  EXPECT_FALSE(delay_.all_have_returned());
  now_ += microseconds(400);
  Answer(1000, 0);
  EXPECT_FALSE(delay_.is_waiting()) << "one of a thousand came back";
  int rounds = 0;
  for (; rounds < 20 && !delay_.is_waiting(); ++rounds) {
    Return(1000, microseconds(100));
    Answer(1000, 0);
  }
  EXPECT_GE(rounds, 1);
  EXPECT_LE(rounds, 6);
}

TEST_F(GroupCommitDelayTest, AFewDrawsSayNothingAboutTheTimeOfMany) {
  Answer(1000, 0);
  Return(1000, microseconds(100));
  // Ten of them take 50 us, or 5 us each, most of which is waking up.
  Answer(10, 990);
  Return(10, microseconds(50));
  Answer(990, 10);
  EXPECT_TRUE(delay_.is_waiting());
}

TEST_F(GroupCommitDelayTest, WhatIsForgottenIsNeitherWaitedForNorMeasured) {
  Answer(1000, 0);
  Return(1000, microseconds(100));
  Answer(1000, 0);
  ASSERT_TRUE(delay_.is_waiting());
  delay_.Forget();
  EXPECT_FALSE(delay_.is_waiting());
  EXPECT_FALSE(delay_.all_have_returned());
  EXPECT_FALSE(delay_.HaveReturned(staged_ + 1000));
  now_ += std::chrono::seconds(10);
  Answer(1000, 0);
  EXPECT_TRUE(delay_.is_waiting()) << "what was learned before is still known";
}

}  // namespace
}  // namespace rewardpool::native::internal
