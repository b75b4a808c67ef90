#include "actor/processor_yield.h"

#include <gtest/gtest.h>

namespace rewardpool::native::internal {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class ProcessorYieldTest : public ::testing::Test {
 protected:
  // Yields now.
  void Take(std::chrono::nanoseconds duration) {
    const ProcessorYield::Clock::time_point from = now_;
    now_ += duration;
    yield_.OnYielded(from, now_);
  }

  ProcessorYield yield_;
  ProcessorYield::Clock::time_point now_{std::chrono::hours(1)};
};

TEST_F(ProcessorYieldTest, TheFirstIsCheap) {
  EXPECT_TRUE(yield_.IsCheap(now_));
  EXPECT_TRUE(yield_.IsCheap({}));
}

TEST_F(ProcessorYieldTest, AShortOneMayBeRepeatedAtOnce) {
  for (int i = 0; i < 3; ++i) {
    Take(microseconds(300));
    EXPECT_TRUE(yield_.IsCheap(now_));
  }
}

TEST_F(ProcessorYieldTest, OneThatTookASliceIsNotRepeatedForAHundredTimesAsLong) {
  Take(microseconds(1400));
  EXPECT_FALSE(yield_.IsCheap(now_));
  now_ += milliseconds(139);
  EXPECT_FALSE(yield_.IsCheap(now_));
  now_ += milliseconds(1);
  EXPECT_TRUE(yield_.IsCheap(now_));
}

TEST_F(ProcessorYieldTest, AShortOneAfterwardsIsCheapAgain) {
  Take(milliseconds(1));
  now_ += milliseconds(100);
  Take(microseconds(10));
  EXPECT_TRUE(yield_.IsCheap(now_));
}

}  // namespace
}  // namespace rewardpool::native::internal
