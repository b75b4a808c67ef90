// processor_yield.h - whether to let other threads have the processor for a moment.
//
// To yield costs next to nothing if nobody waits for the processor, and a few
// microseconds if a thread that mostly sleeps does. But the Linux scheduler (EEVDF) takes
// the rest of its slice, of 0.7 ms and more, from one who yields, and gives it to whoever
// else is there: beside a program that computes all the time, a thread that yields every
// 50 us gets next to nothing. So one that took that long is not repeated for a hundred
// times as long: with one pool a hundredth of the time is lost.
//
// Has no clock: it is told the time. Threads: one owner.
#ifndef REWARDPOOL_NATIVE_SRC_ACTOR_PROCESSOR_YIELD_H_
#define REWARDPOOL_NATIVE_SRC_ACTOR_PROCESSOR_YIELD_H_

#include <chrono>

namespace rewardpool::native::internal {

class ProcessorYield {
 public:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool IsCheap(Clock::time_point now) const noexcept { return now >= cheap_from_; }
  // The caller yielded at one time, and had the processor back at the other.
  void OnYielded(Clock::time_point from, Clock::time_point until) noexcept {
    if (until - from > kLong) cheap_from_ = until + kPause * (until - from);
  }

 private:
  // Shorter than the slices that Linux gives by itself, longer than what threads of a pool
  // do before they sleep.
  static constexpr std::chrono::microseconds kLong{500};
  static constexpr int kPause = 100;

  Clock::time_point cheap_from_ = Clock::time_point::min();
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_ACTOR_PROCESSOR_YIELD_H_
