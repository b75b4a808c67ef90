// parking.h - how one thread waits for another: spin a little, then sleep.
//
// The waiter's flag is what makes waking free when nobody sleeps: Wake() is one
// load then. Both sides use sequentially consistent accesses, so that either
// the waiter sees what was published, or the publisher sees the waiter asleep.
#ifndef REWARDPOOL_NATIVE_SRC_THREADS_PARKING_H_
#define REWARDPOOL_NATIVE_SRC_THREADS_PARKING_H_

#include <atomic>
#include <chrono>
#include <cstdint>

namespace rewardpool::native::internal {

// Tells the processor that this is a spin loop.
inline void RelaxProcessor() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Spins until ready() or until `budget` is over.
// Returns: whether it was ready.
template <typename Ready>
bool SpinUntil(std::chrono::nanoseconds budget, Ready ready) {
  constexpr int kLooksPerClockReading = 16;
  if (budget.count() <= 0) return ready();
  const auto end = std::chrono::steady_clock::now() + budget;
  do {
    for (int look = 0; look < kLooksPerClockReading; ++look) {
      if (ready()) return true;
      RelaxProcessor();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

// A place where one thread sleeps. Threads: one waits, any number wake.
class Parking {
 public:
  // Waits until ready(), which reads with memory_order_seq_cst what the waking
  // side stores with memory_order_seq_cst before its Wake().
  template <typename Ready>
  void WaitUntil(std::chrono::nanoseconds spin, Ready ready) {
    if (SpinUntil(spin, ready)) return;
    for (;;) {
      asleep_.store(kAsleep, std::memory_order_seq_cst);
      if (ready()) break;
      asleep_.wait(kAsleep, std::memory_order_seq_cst);
      if (ready()) break;
    }
    asleep_.store(kAwake, std::memory_order_relaxed);
  }

  void Wake() noexcept {
    if (asleep_.load(std::memory_order_seq_cst) == kAsleep &&
        asleep_.exchange(kAwake, std::memory_order_seq_cst) == kAsleep) {
      asleep_.notify_one();
    }
  }

 private:
  static constexpr std::uint32_t kAwake = 0;
  static constexpr std::uint32_t kAsleep = 1;
  std::atomic<std::uint32_t> asleep_{kAwake};
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_THREADS_PARKING_H_
