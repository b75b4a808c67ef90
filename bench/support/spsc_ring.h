// spsc_ring.h - the classic ring between one thread that puts and one that takes:
// what handing a value from thread to thread costs at least.
//
// Each side keeps the other's counter as it last saw it, and looks again only
// when by that the ring is full or empty.
#ifndef REWARDPOOL_BENCH_SUPPORT_SPSC_RING_H_
#define REWARDPOOL_BENCH_SUPPORT_SPSC_RING_H_

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rewardpool::bench {

template <typename Value>
class SpscRing {
 public:
  // Room for `size` values.
  explicit SpscRing(std::size_t size) : size_(size), values_(std::bit_ceil(size)) {}

  // False if it is full.
  [[nodiscard]] bool Put(const Value& value) noexcept {
    const std::uint64_t put = put_.load(std::memory_order_relaxed);
    if (put - taken_seen_ == size_) {
      taken_seen_ = taken_.load(std::memory_order_acquire);
      if (put - taken_seen_ == size_) return false;
    }
    values_[put & (values_.size() - 1)] = value;
    put_.store(put + 1, std::memory_order_release);
    return true;
  }

  // False if it is empty.
  [[nodiscard]] bool Take(Value& value) noexcept {
    const std::uint64_t taken = taken_.load(std::memory_order_relaxed);
    if (taken == put_seen_) {
      put_seen_ = put_.load(std::memory_order_acquire);
      if (taken == put_seen_) return false;
    }
    value = values_[taken & (values_.size() - 1)];
    taken_.store(taken + 1, std::memory_order_release);
    return true;
  }

 private:
  static constexpr std::size_t kCacheLineBytes = 64;

  const std::uint64_t size_;
  std::vector<Value> values_;
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> put_{0};
  std::uint64_t taken_seen_ = 0;
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> taken_{0};
  std::uint64_t put_seen_ = 0;
};

}  // namespace rewardpool::bench

#endif  // REWARDPOOL_BENCH_SUPPORT_SPSC_RING_H_
