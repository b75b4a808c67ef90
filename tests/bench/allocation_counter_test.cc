#include "support/allocation_counter.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace rewardpool::bench {
namespace {

// The compiler may leave out an allocation that it sees through.
char* volatile block_of_the_test = nullptr;

TEST(AllocationCounterTest, EachNewCountsOnceWithItsSizeAndStaysInUseUntilDeleted) {
  const Allocations before = AllocationsSoFar();
  const std::uint64_t in_use_before = HeapBytesInUse();
  block_of_the_test = new char[1000];
  const Allocations after = AllocationsSoFar();
  const std::uint64_t in_use = HeapBytesInUse();
  delete[] block_of_the_test;

  EXPECT_EQ(after.count - before.count, 1U);
  EXPECT_EQ(after.bytes - before.bytes, 1000U);
  EXPECT_GE(in_use - in_use_before, 1000U);
  EXPECT_EQ(HeapBytesInUse(), in_use_before);
  EXPECT_EQ(AllocationsSoFar().bytes, after.bytes) << "deleting takes nothing off";
}

TEST(AllocationCounterTest, AlignedAllocationsOfOtherThreadsCountToo) {
  struct alignas(256) Wide {
    char bytes[256];
  };
  const Allocations before = AllocationsSoFar();
  std::unique_ptr<Wide> wide;
  std::thread([&wide] { wide = std::make_unique<Wide>(); }).join();
  EXPECT_GE(AllocationsSoFar().bytes - before.bytes, sizeof(Wide));
  EXPECT_GE(AllocationsSoFar().count - before.count, 1U);
}

}  // namespace
}  // namespace rewardpool::bench
