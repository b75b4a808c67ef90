#include "rewardpool/packed_column.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace rewardpool {
namespace {

void ExpectHolds(const PackedColumn& column, const std::vector<std::uint64_t>& values) {
  ASSERT_EQ(column.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(column[i], values[i]) << "entry " << i;
}

TEST(PackedColumnTest, AgreesWithAVectorOverAnyChanges) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    PackedColumn column;
    std::vector<std::uint64_t> model;
    int bits_max = 1;  // grows, so that each width has its time
    for (int step = 0; step < 4'000; ++step) {
      if (step % 60 == 0 && bits_max < 64) ++bits_max;
      if (random() % 10 == 0 || model.empty()) {
        const std::size_t size = random() % 50;
        column.Resize(size);
        model.resize(size);
      } else {
        const std::size_t index = random() % model.size();
        model[index] = random() >> (64 - 1 - random() % bits_max);
        column.Set(index, model[index]);
      }
      ASSERT_NO_FATAL_FAILURE(ExpectHolds(column, model)) << "step " << step;
    }
    ASSERT_EQ(bits_max, 64);
  }
}

TEST(PackedColumnTest, WhatWasCutOffIsZeroWhenTheColumnGrowsAgain) {
  for (const std::uint64_t value : {~std::uint64_t{0}, std::uint64_t{0xABCDEF}}) {
    PackedColumn column;
    column.Resize(20);
    for (std::size_t i = 0; i < 20; ++i) column.Set(i, value);
    column.Resize(7);
    column.Resize(20);
    for (std::size_t i = 0; i < 20; ++i) ASSERT_EQ(column[i], i < 7 ? value : 0) << i;
  }
}

TEST(PackedColumnTest, AnEntryTakesTheBytesThatTheLargestNeeds) {
  constexpr std::size_t kEntries = 1'000;
  for (std::size_t width = 1; width <= 8; ++width) {
    const std::uint64_t largest = ~std::uint64_t{0} >> (64 - 8 * width);
    PackedColumn column;
    column.Reserve(kEntries);
    column.Resize(kEntries);
    column.Set(3, largest);
    EXPECT_GE(column.MemoryBytes(), width * kEntries);
    EXPECT_LE(column.MemoryBytes(), width * kEntries + 8);
  }
}

TEST(PackedColumnTest, RoomThatWasReservedIsReservedInWiderEntriesToo) {
  PackedColumn column;
  column.Reserve(1'000);
  column.Resize(1);
  column.Set(0, 1 << 20);
  const std::size_t bytes = column.MemoryBytes();
  column.Resize(1'000);
  EXPECT_EQ(column.MemoryBytes(), bytes);
}

TEST(PackedColumnTest, WhatFitsNeedsNoMoreAllocation) {
  PackedColumn column;
  column.Fit(1 << 20);
  column.Resize(1'000);
  const std::size_t bytes = column.MemoryBytes();
  for (std::size_t i = 0; i < 1'000; ++i) column.Set(i, 1 << 20);
  column.Fit(7);
  EXPECT_EQ(column.MemoryBytes(), bytes);
  EXPECT_EQ(column[999], 1 << 20);
}

TEST(PackedColumnTest, ACopyIsIndependent) {
  PackedColumn column;
  column.Resize(2);
  column.Set(0, 5);
  const PackedColumn copy = column;
  column.Set(1, 70'000);
  ExpectHolds(copy, {5, 0});
  ExpectHolds(column, {5, 70'000});
}

}  // namespace
}  // namespace rewardpool
