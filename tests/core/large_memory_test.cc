#include "rewardpool/large_memory.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

namespace rewardpool {
namespace {

TEST(LargeMemoryTest, AVectorKeepsWhatItHoldsAcrossSizes) {
  LargeVector<std::uint64_t> numbers;
  for (std::uint64_t i = 0; i < (std::uint64_t{1} << 20); ++i) numbers.push_back(i);
  const LargeVector<std::uint64_t> copy = numbers;
  LargeVector<std::uint64_t> moved = std::move(numbers);
  EXPECT_EQ(moved, copy);
  moved.resize(3);
  moved.shrink_to_fit();
  EXPECT_EQ(moved, (LargeVector<std::uint64_t>{0, 1, 2}));
  moved.swap(numbers);
  EXPECT_EQ(numbers.size(), 3u);
  for (std::uint64_t i = 0; i < copy.size(); ++i) ASSERT_EQ(copy[i], i);
}

#ifndef __EMSCRIPTEN__

struct Told {
  void* block;
  std::size_t bytes;

  friend bool operator==(const Told&, const Told&) = default;
};
std::vector<Told> told;

// Collects what is told until it dies.
class Listener {
 public:
  Listener() {
    told.clear();
    SetLargeBlockAdvice([](void* block, std::size_t bytes) noexcept {
      told.push_back({block, bytes});
    });
  }
  ~Listener() { SetLargeBlockAdvice(nullptr); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
};

template <typename T>
void ExpectLargeFrom(std::size_t count) {
  LargeBlockAllocator<T> allocator;
  const Listener listener;
  T* const small = allocator.allocate(count - 1);
  EXPECT_TRUE(told.empty());
  T* const large = allocator.allocate(count);
  EXPECT_EQ(told, (std::vector<Told>{{large, count * sizeof(T)}}));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(large) % kLargeBlockAlignment, 0u);
  // All of it is there: a sanitizer sees a byte too few.
  std::memset(static_cast<void*>(small), 1, (count - 1) * sizeof(T));
  std::memset(static_cast<void*>(large), 1, count * sizeof(T));
  allocator.deallocate(small, count - 1);
  allocator.deallocate(large, count);
}

TEST(LargeMemoryTest, BlocksOfFourMebibytesAndMoreAreAlignedAndTold) {
  struct ThreeBytes {
    std::byte bytes[3];
  };
  ExpectLargeFrom<std::byte>(kLargeBlockBytesMin);
  ExpectLargeFrom<std::uint64_t>(kLargeBlockBytesMin / 8);
  ExpectLargeFrom<ThreeBytes>(kLargeBlockBytesMin / 3 + 1);
}

TEST(LargeMemoryTest, AVectorTellsOfItsLargeBlockOnce) {
  const Listener listener;
  LargeVector<std::uint32_t> numbers(3'000'000);
  EXPECT_EQ(told, (std::vector<Told>{{numbers.data(), 12'000'000}}));
  numbers.assign(numbers.size(), 1);
  EXPECT_EQ(told.size(), 1u);
}

TEST(LargeMemoryTest, NobodyNeedBeTold) {
  { const Listener listener; }
  LargeVector<std::uint64_t> numbers(1'000'000);
  std::iota(numbers.begin(), numbers.end(), 0);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(numbers.data()) % kLargeBlockAlignment, 0u);
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(numbers.back(), 999'999u);
}

#endif

}  // namespace
}  // namespace rewardpool
