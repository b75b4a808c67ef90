#include "position_counter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "bit_packing.h"

namespace rewardpool::internal {
namespace {

std::vector<std::byte> Packed(std::span<const ItemIndex> positions, unsigned bits) {
  const std::size_t size = PackedBytes(positions.size(), bits);
  std::vector<char8_t> out(size + kPackSlackBytes);
  PackPositions(positions, bits, out.data());
  const auto bytes = std::as_bytes(std::span(out)).first(size);
  return {bytes.begin(), bytes.end()};
}

// Positions and what they should be counted as, run after run.
class CountedRuns {
 public:
  CountedRuns(unsigned bits, std::uint64_t draws)
      : bits_(bits),
        counter_(PositionCounter::Layout(bits, draws)),
        due_(std::size_t{1} << bits),
        random_(bits) {}

  void Count(std::size_t count) {
    std::vector<ItemIndex> positions(count);
    for (ItemIndex& position : positions) {
      // Often the same as one of the last, as in a pool with a few frequent items.
      const std::uint64_t word = random_();
      const std::size_t range = word % 4 == 0 ? std::min<std::size_t>(3, due_.size()) : due_.size();
      position = static_cast<ItemIndex>((word >> 32) % range);
      ++due_[position];
    }
    // In a block of its own, so that a sanitizer sees a read beyond its end.
    const std::vector<std::byte> packed = Packed(positions, bits_);
    EXPECT_TRUE(counter_.Count({.count = count, .bits = bits_, .positions = packed}));
  }

  // From all runs since the last time.
  void Expect() {
    std::vector<std::uint32_t> counts(due_.size());
    counter_.MoveTo(counts);
    EXPECT_TRUE(counts == due_);  // too many to print
    due_.assign(due_.size(), 0);
  }

 private:
  unsigned bits_;
  PositionCounter counter_;
  std::vector<std::uint32_t> due_;
  std::mt19937_64 random_;
};

TEST(PositionCounterTest, EachPositionIsCountedAsOftenAsItOccurs) {
  for (unsigned bits = 0; bits <= 20; ++bits) {
    for (const std::uint64_t draws : {std::uint64_t{100}, std::uint64_t{1} << 30}) {
      SCOPED_TRACE("bits " + std::to_string(bits) + ", draws " + std::to_string(draws));
      CountedRuns runs(bits, draws);
      for (std::size_t count = 1; count <= 50; ++count) runs.Count(count);
      runs.Expect();
      runs.Count(4'096);
      runs.Expect();
      if (HasFailure()) return;
    }
  }
}

TEST(PositionCounterTest, EachOfThirtyThreeMillionPositionsCanBeCounted) {
  CountedRuns runs(25, std::uint64_t{1} << 26);
  for (std::size_t count = 1; count <= 50; ++count) runs.Count(count);
  runs.Count(4'096);
  runs.Expect();
}

TEST(PositionCounterTest, ABitBehindTheLastPositionIsSeen) {
  for (unsigned bits = 1; bits <= 20; ++bits) {
    SCOPED_TRACE("bits " + std::to_string(bits));
    PositionCounter counter(PositionCounter::Layout(bits, std::uint64_t{1} << 30));
    for (std::size_t count = 1; count <= 33; ++count) {
      const std::size_t free_bits = 8 * PackedBytes(count, bits) - bits * count;
      if (free_bits == 0) continue;
      std::vector<std::byte> packed = Packed(std::vector<ItemIndex>(count, 1), bits);
      packed.back() |= std::byte{0x80};
      EXPECT_FALSE(counter.Count({.count = count, .bits = bits, .positions = packed}));
    }
  }
}

}  // namespace
}  // namespace rewardpool::internal
