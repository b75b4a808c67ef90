// durability.h - when an answer is given, and what is then still to be lost.
//
//   policy          answered when      synced                      a loss of power takes
//   durable         synced             each batch                  nothing answered
//   interval(ms)    written            at least every `ms`         at most the last `ms`
//   flush_after(n)  written            once n requests are not     at most the last n requests
//                                      synced yet                  and the batch in hand
//   async           written            when a segment ends         up to a whole segment
//
// "Written" is handed to the operating system: it survives the death of the
// process, not that of the machine. Every policy also syncs at Flush(),
// Snapshot() and Close(), and every policy tells how far the log is durable:
// Pool::durable_through(). More: docs/durability.md.
#ifndef REWARDPOOL_DURABILITY_H_
#define REWARDPOOL_DURABILITY_H_

#include <cassert>
#include <cstdint>

namespace rewardpool {

class Durability {
 public:
  enum class Kind : std::uint8_t { kDurable, kInterval, kFlushAfter, kAsync };

  // The default: an answered request is never lost.
  [[nodiscard]] static constexpr Durability Durable() noexcept { return {Kind::kDurable, 0}; }
  // Requires interval_ms > 0.
  [[nodiscard]] static constexpr Durability Interval(std::uint64_t interval_ms) noexcept {
    assert(interval_ms > 0);
    return {Kind::kInterval, interval_ms};
  }
  // Requires requests > 0. One plain draw is one request.
  [[nodiscard]] static constexpr Durability FlushAfter(std::uint64_t requests) noexcept {
    assert(requests > 0);
    return {Kind::kFlushAfter, requests};
  }
  [[nodiscard]] static constexpr Durability Async() noexcept { return {Kind::kAsync, 0}; }

  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  // Requires kInterval.
  [[nodiscard]] constexpr std::uint64_t interval_ms() const noexcept {
    assert(kind_ == Kind::kInterval);
    return amount_;
  }
  // Requires kFlushAfter.
  [[nodiscard]] constexpr std::uint64_t requests() const noexcept {
    assert(kind_ == Kind::kFlushAfter);
    return amount_;
  }

  friend constexpr bool operator==(Durability, Durability) = default;

 private:
  constexpr Durability(Kind kind, std::uint64_t amount) noexcept : kind_(kind), amount_(amount) {}

  Kind kind_;
  std::uint64_t amount_;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_DURABILITY_H_
