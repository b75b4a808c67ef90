// producer_rings.h - what a producer and the actor share: one ring of single
// draws, one of bulk draws. Each field is written by one side only.
//
// A ring is three counters over a row of slots. The producer counts what it
// submitted and what it took; the actor writes answers into the slots and then
// counts them as completed:
//
//   taken <= completed <= sealed <= staged <= submitted <= taken + size
//
// A single draw carries no input, so submitting one is counting one.
#ifndef REWARDPOOL_NATIVE_SRC_ACTOR_PRODUCER_RINGS_H_
#define REWARDPOOL_NATIVE_SRC_ACTOR_PRODUCER_RINGS_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "rewardpool/producer.h"
#include "threads/parking.h"

namespace rewardpool::native::internal {

inline constexpr std::size_t kCacheLineBytes = 64;

struct BulkSlot {
  std::span<ItemRef> picks;  // by the producer
  BulkResult result;         // by the actor
};

struct ProducerRings {
  explicit ProducerRings(std::size_t window_size)
      : window(window_size),
        slot_mask(std::bit_ceil(window_size) - 1),
        slots(std::make_unique<DrawResult[]>(slot_mask + 1)) {}

  [[nodiscard]] DrawResult& SlotOf(std::uint64_t draw) noexcept { return slots[draw & slot_mask]; }
  [[nodiscard]] BulkSlot& BulkOf(std::uint64_t bulk) noexcept {
    return bulks[bulk % kBulksInFlightMax];
  }

  const std::size_t window;
  const std::uint64_t slot_mask;
  const std::unique_ptr<DrawResult[]> slots;
  std::array<BulkSlot, kBulksInFlightMax> bulks;

  // Written by the producer.
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> submitted{0};
  std::atomic<std::uint64_t> bulks_submitted{0};
  std::atomic<bool> left{false};  // the producer is gone
  std::uint64_t taken = 0;
  std::uint64_t bulks_taken = 0;
  std::uint64_t polled_in_vain_for = 0;  // what was `submitted` then

  // Written by the actor.
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> completed{0};
  std::atomic<std::uint64_t> bulks_completed{0};
  std::atomic<bool> released{false};  // answer to `left`: bulk memory is let go
  std::atomic<bool> closed{false};    // the actor will complete nothing more

  // Where the producer sleeps.
  Parking parking;

  // The actor's own.
  alignas(kCacheLineBytes) std::uint64_t staged = 0;
  std::uint64_t sealed = 0;
  bool is_answered = false;                         // and still to be woken
  std::uint64_t submitted_max = ~std::uint64_t{0};  // submitted later: not served
  std::uint64_t bulks_staged = 0;                   // to their end
  std::uint64_t bulks_sealed = 0;
  std::uint64_t bulks_submitted_max = ~std::uint64_t{0};
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_ACTOR_PRODUCER_RINGS_H_
