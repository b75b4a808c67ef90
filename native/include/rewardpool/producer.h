// producer.h - the two fast ways to draw, for a thread that wants many.
//
//   windowed  Submit(n), then Poll() or Wait(): up to `window` single draws in
//             flight, each with its own answer. One call carries any number.
//   bulk      DrawMany(span): the actor writes the items straight into the
//             caller's memory, with consecutive request ids.
//
// A producer talks to the pool's actor through rings of its own: no locks, no
// allocation, and no system call unless one side is asleep. Both ways give the
// same promises as Pool::Draw(): an answer is there only once the draw counts
// as acknowledged (durability.h).
//
// In a durable pool a sync waits for the producers that the last one answered, if
// they have been seen to come back in less time than a sync takes; then all that is
// in flight shares one. A thread that waits for such a sync may be the one that draws,
// appends and syncs. So take all answers that are there and submit as many draws again
// before you do something else.
//
// Threads: a producer has one owner; different producers are independent.
#ifndef REWARDPOOL_PRODUCER_H_
#define REWARDPOOL_PRODUCER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "rewardpool/item.h"
#include "rewardpool/status.h"

namespace rewardpool {

namespace native {
class ThreadedActor;
}  // namespace native
namespace native::internal {
class ActorCore;
struct ProducerRings;
}  // namespace native::internal

// Names an item for as long as the pool is open: unlike a position it is never
// given to another item. Pool::ItemId() and Producer::ItemId() turn it into the
// id's text. Means nothing to another opening of the pool.
using ItemRef = std::uint32_t;

// The answer to a plain draw.
struct [[nodiscard]] DrawResult {
  // 0 unless code is kOk, kExhausted or kOutcomeUnknown. A draw refused before
  // it got as far as the log has id 0 in any case.
  RequestId request_id = 0;
  ItemRef item = 0;  // if ok()
  // kOk              an item was drawn
  // kExhausted       no item has both weight and stock; logged like a draw
  // kOverloaded      too many requests wait already; nothing happened
  // kFull            the log has no room; nothing happened
  // kClosed          the pool is closed; nothing happened
  // kOutcomeUnknown  the log failed: reopening tells whether the draw counts
  StatusCode code = StatusCode::kOk;

  [[nodiscard]] bool ok() const noexcept { return code == StatusCode::kOk; }
};

// The answer to a bulk draw of n: the first `drawn` entries of the caller's
// span got an item, the next `refused` found the pool exhausted, and the rest
// did not happen because of `code`. Ids run from first_request_id over the
// drawn and the refused. Entries after `drawn` are unspecified.
struct [[nodiscard]] BulkResult {
  RequestId first_request_id = 0;  // 0 if nothing was drawn or refused
  std::size_t drawn = 0;
  std::size_t refused = 0;
  // kOk if drawn + refused == n. Otherwise kFull, kClosed or kOutcomeUnknown
  // (of the rest, or part of it, reopening tells whether it happened); or
  // kInvalidArgument (n is 0 or above kBulkDrawsMax), kOverloaded
  // (kBulksInFlightMax already are in flight), and then nothing happened.
  StatusCode code = StatusCode::kOk;
};

inline constexpr std::size_t kWindowMax = std::size_t{1} << 20;
inline constexpr std::size_t kBulkDrawsMax = std::size_t{1} << 20;
inline constexpr std::size_t kBulksInFlightMax = 64;

class Producer {
 public:
  Producer(Producer&&) noexcept;
  Producer& operator=(Producer&&) noexcept;
  // Submitted single draws are carried out and logged all the same, but their
  // answers go nowhere. Bulk draws in flight are cut short: what is staged
  // stands, the rest is not drawn; waits until the actor has let go of their
  // memory.
  ~Producer();

  // --- Windowed -----------------------------------------------------------

  // Submits up to `count` single draws; never waits.
  // Returns: how many. Fewer than `count` means that the window is full: poll,
  //          then submit again. After the pool is closed draws are still taken,
  //          and answered kClosed.
  // Cost:    a few ns a call, whatever the count.
  [[nodiscard]] std::size_t Submit(std::size_t count) noexcept;

  // Takes answers that are there, in the order of submission; never waits.
  // Returns: how many were written to `results`.
  // Cost:    15 to 25 us for 16,384 that another core has written.
  [[nodiscard]] std::size_t Poll(std::span<DrawResult> results) noexcept;

  // Like Poll(), but waits for the first one.
  // Returns: 0 only if nothing is in flight or `results` is empty.
  [[nodiscard]] std::size_t Wait(std::span<DrawResult> results) noexcept;

  // Draws submitted whose answers have not been taken.
  [[nodiscard]] std::size_t in_flight() const noexcept;
  [[nodiscard]] std::size_t window() const noexcept;

  // --- Bulk -----------------------------------------------------------------

  // Draws picks.size() times, one request each, and waits for the answer.
  // Inputs:  1 to kBulkDrawsMax picks.
  // Cost:    a few ns a draw; no allocation. One call covers its sync, so to
  //          keep the disk and the actor busy at once use SubmitMany().
  [[nodiscard]] BulkResult DrawMany(std::span<ItemRef> picks) noexcept;

  // The same in two steps, with up to kBulksInFlightMax in flight. `picks` must
  // stay and not be touched until WaitMany() has returned its result.
  // Returns: kOk, or why not: kInvalidArgument, kOverloaded, kClosed.
  [[nodiscard]] StatusCode SubmitMany(std::span<ItemRef> picks) noexcept;
  // Waits for the oldest bulk draw in flight. Requires that there is one.
  [[nodiscard]] BulkResult WaitMany() noexcept;
  [[nodiscard]] std::size_t bulks_in_flight() const noexcept;

  // The text of an item's id; lives as long as this producer or the pool.
  // Requires a ref from a result of this pool. Cost: O(1).
  [[nodiscard]] std::string_view ItemId(ItemRef item) const noexcept;

 private:
  friend class native::ThreadedActor;
  Producer(std::shared_ptr<native::internal::ActorCore> core,
           std::shared_ptr<native::internal::ProducerRings> rings) noexcept;

  void Leave() noexcept;

  std::shared_ptr<native::internal::ActorCore> core_;
  std::shared_ptr<native::internal::ProducerRings> rings_;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_PRODUCER_H_
