// bucket_sums.h - running sums over a row of 256 buckets, and the search in them:
// four comparisons for almost all draws; a pass of additions a change.
//
// The range of the sums is cut into parts of one length, and of each it is noted in
// which bucket its beginning fell when the notes were made. A search begins there and
// compares its target with the next ends. The sums are always exact, the notes need
// not be: a search sees whether it found the right bucket, and looks through all of
// the row if not. When that has happened some times, the notes are made again. So a
// change of a few items among a million costs the searches nothing. (Notes as in the
// indexed search of Chen and Asau, see prefix_guide.h.)
#ifndef REWARDPOOL_SELECTORS_BUCKET_SUMS_H_
#define REWARDPOOL_SELECTORS_BUCKET_SUMS_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "small_code.h"

namespace rewardpool::internal {

class BucketSums {
 public:
  static constexpr std::size_t kBuckets = 256;

  BucketSums() noexcept { Clear(); }

  // To sums of 0.
  RP_SMALL_CODE void Clear() noexcept {
    first_used_ = kBuckets;
    end_used_ = 0;
    begins_.fill(kUnreachable);
    begins_[0] = 0;
    misses_ = kMissesMax;
  }

  // The sum of all buckets.
  [[nodiscard]] std::uint64_t total() const noexcept { return begins_[end_used_]; }
  // The sum of all buckets before this one.
  [[nodiscard]] std::uint64_t BeginOf(std::size_t bucket) const noexcept { return begins_[bucket]; }

  // Adds to a bucket, modulo 2^64, so `change` may be negative, and the sum of all may pass
  // 2^64 between two searches.
  void Add(std::size_t bucket, std::uint64_t change) noexcept {
    Use(bucket);
    const std::size_t end = end_used_;  // for all that a compiler knows, a sum is written over it
    for (std::size_t b = bucket + 1; b <= end; ++b) begins_[b] += change;
  }
  // Sets all from the first bucket to the last that were added to since Clear(), to
  // size_of(bucket).
  template <typename SizeOf>
  RP_SMALL_CODE void AssignUsed(const SizeOf& size_of) noexcept {
    std::uint64_t sum = 0;
    for (std::size_t b = first_used_; b < end_used_; ++b) {
      begins_[b] = sum;
      sum += size_of(b);
    }
    begins_[end_used_] = sum;
  }

  // To be called between the last change and the next search.
  // Requires a total above 0.
  void PrepareToFind() noexcept {
    if (misses_ >= kMissesMax || (total() - 1) >> shift_ >= kParts) MakeNotes();
  }

  // The bucket in which `target` falls: BeginOf(bucket) <= target < BeginOf(bucket + 1).
  // Requires target < total().
  [[nodiscard]] std::size_t Find(std::uint64_t target) noexcept {
    std::size_t bucket = noted_[static_cast<std::size_t>(target >> shift_)];
    // Some steps at once are quicker than to guess how many are needed.
    const std::uint64_t* const ends = begins_.data() + 1 + bucket;
    for (std::size_t step = 0; step < kSteps; ++step) {
      bucket += std::size_t{ends[step] <= target};
    }
    const std::uint64_t begin = begins_[bucket];
    if (target - begin >= begins_[bucket + 1] - begin) [[unlikely]] {
      return Search(target);
    }
    return bucket;
  }

 private:
  static constexpr std::size_t kSteps = 4;
  static constexpr std::size_t kParts = 512;
  // To make the notes takes as long as some searches without them.
  static constexpr std::size_t kMissesMax = 8;
  // Above every target.
  static constexpr std::uint64_t kUnreachable = ~std::uint64_t{0};
  // Notes are written so many at a time.
  static constexpr std::size_t kNotesAtOnce = 16;

  void Use(std::size_t bucket) noexcept {
    first_used_ = std::min(first_used_, bucket);
    while (end_used_ <= bucket) {
      begins_[end_used_ + 1] = begins_[end_used_];
      ++end_used_;
    }
  }

  [[gnu::noinline]] RP_SMALL_CODE std::size_t Search(std::uint64_t target) noexcept {
    ++misses_;
    std::size_t bucket = 0;
    for (std::size_t stride = kBuckets / 4; stride > 0; stride /= 4) {
      const std::uint64_t* const row = begins_.data() + bucket;
      bucket +=
          stride * (std::size_t{row[stride] <= target} + std::size_t{row[2 * stride] <= target} +
                    std::size_t{row[3 * stride] <= target});
    }
    return bucket;
  }

  [[gnu::noinline]] RP_SMALL_CODE void MakeNotes() noexcept {
    assert(total() > 0);
    misses_ = 0;
    constexpr int kPartsBits = std::bit_width(kParts) - 1;
    shift_ = std::max(0, static_cast<int>(std::bit_width(total() - 1)) - kPartsBits);
    const std::uint64_t rounding = (std::uint64_t{1} << shift_) - 1;
    const auto first_part_from = [&](std::uint64_t sum) {
      return static_cast<std::size_t>((sum >> shift_) + ((sum & rounding) != 0 ? 1 : 0));
    };
    std::size_t part = 0;
    for (std::size_t b = first_used_; b < end_used_; ++b) {
      const std::size_t end = first_part_from(begins_[b + 1]);
      // Those beyond the end are of the next buckets, which write over them.
      for (; part < end; part += kNotesAtOnce) {
        std::memset(noted_.data() + part, static_cast<int>(b), kNotesAtOnce);
      }
      part = end;
    }
  }

  // begins_[b]: the sum of all buckets before b. end_used_ is the end of the last bucket
  // that was ever added to; what follows cannot be reached.
  alignas(16) std::array<std::uint64_t, kBuckets + 1 + kSteps> begins_;
  std::size_t first_used_;
  std::size_t end_used_;
  // noted_[i]: the bucket that held i << shift_ when the notes were made.
  std::array<std::uint8_t, kParts + kNotesAtOnce> noted_ = {};
  int shift_ = 0;
  std::size_t misses_;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_BUCKET_SUMS_H_
