// The running sums of the envelope's buckets, against plain addition.
#include "selectors/bucket_sums.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>

#include "rewardpool/random.h"

namespace rewardpool::internal {
namespace {

constexpr std::size_t kBuckets = BucketSums::kBuckets;
using Sizes = std::array<std::uint64_t, kBuckets>;

std::size_t BucketByAddition(const Sizes& sizes, std::uint64_t target) {
  std::size_t bucket = 0;
  for (; target >= sizes[bucket]; ++bucket) target -= sizes[bucket];
  return bucket;
}

void Set(std::size_t bucket, std::uint64_t size, BucketSums& sums, Sizes& sizes) {
  sums.Add(bucket, size - sizes[bucket]);
  sizes[bucket] = size;
}

// Both ends of each bucket, and some targets between.
void ExpectAllFound(BucketSums& sums, const Sizes& sizes, Random& random) {
  const std::uint64_t total = std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0});
  ASSERT_EQ(sums.total(), total);
  if (total == 0) return;
  sums.PrepareToFind();
  std::uint64_t begin = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; begin += sizes[bucket++]) {
    if (sizes[bucket] == 0) continue;
    ASSERT_EQ(sums.Find(begin), bucket);
    ASSERT_EQ(sums.BeginOf(bucket), begin);
    ASSERT_EQ(sums.Find(begin + sizes[bucket] - 1), bucket);
  }
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t target = UniformBelow(random, total);
    ASSERT_EQ(sums.Find(target), BucketByAddition(sizes, target));
  }
}

TEST(BucketSumsTest, EveryTargetIsFoundWhileBucketsChange) {
  for (const std::size_t used : {1u, 3u, 60u, 256u}) {
    for (const int bits : {1, 8, 30, 55}) {
      SCOPED_TRACE(std::to_string(used) + " buckets of up to " + std::to_string(bits) + " bits");
      const auto random = MakeXoshiroRandom(used + static_cast<unsigned>(bits));
      BucketSums sums;
      Sizes sizes{};
      for (int change = 0; change < 300 && !testing::Test::HasFatalFailure(); ++change) {
        // Some buckets far up, so that others lie idle below.
        const std::size_t bucket = kBuckets - 1 - UniformBelow(*random, used);
        Set(bucket, UniformBelow(*random, std::uint64_t{1} << bits), sums, sizes);
        ExpectAllFound(sums, sizes, *random);
      }
    }
  }
}

TEST(BucketSumsTest, AllAtOnceIsAsOneByOne) {
  const auto random = MakeXoshiroRandom(3);
  BucketSums sums;
  Sizes sizes{};
  for (const std::size_t bucket : {40u, 41u, 90u, 200u}) {
    Set(bucket, 1, sums, sizes);
  }
  for (int round = 0; round < 50; ++round) {
    for (const std::size_t bucket : {40u, 41u, 90u, 200u}) {
      sizes[bucket] = UniformBelow(*random, 1'000'000);
    }
    sums.AssignUsed([&](std::size_t bucket) { return sizes[bucket]; });
    ExpectAllFound(sums, sizes, *random);
  }
}

// Notes of other sums lead to buckets before the target's, or after it.
TEST(BucketSumsTest, WhatWasNotedOfOtherSumsDoesNotMislead) {
  const auto random = MakeXoshiroRandom(4);
  for (const bool to_last : {false, true}) {
    SCOPED_TRACE(to_last);
    BucketSums sums;
    Sizes sizes{};
    sizes.fill(20);
    sizes[to_last ? 0 : 255] = 40'000;
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) sums.Add(bucket, sizes[bucket]);
    sums.PrepareToFind();
    for (const std::size_t bucket : {0u, 255u}) {
      Set(bucket, 40'020 - sizes[bucket], sums, sizes);
    }
    ExpectAllFound(sums, sizes, *random);
  }
}

TEST(BucketSumsTest, SumsGrowAThousandfoldAndShrinkAgain) {
  const auto random = MakeXoshiroRandom(5);
  BucketSums sums;
  Sizes sizes{};
  for (const int shift : {0, 10, 20, 40, 62, 30, 3, 0}) {
    for (const std::size_t bucket : {7u, 8u, 30u}) {
      Set(bucket, std::uint64_t{1} << shift, sums, sizes);
    }
    ExpectAllFound(sums, sizes, *random);
  }
}

TEST(BucketSumsTest, ClearedItForgetsTheOldBuckets) {
  const auto random = MakeXoshiroRandom(6);
  BucketSums sums;
  sums.Add(200, 1'000);
  sums.PrepareToFind();
  EXPECT_EQ(sums.Find(999), 200u);
  sums.Clear();
  EXPECT_EQ(sums.total(), 0u);
  Sizes sizes{};
  Set(3, 17, sums, sizes);
  ExpectAllFound(sums, sizes, *random);
}

}  // namespace
}  // namespace rewardpool::internal
