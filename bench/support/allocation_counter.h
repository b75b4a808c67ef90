// allocation_counter.h - what the process has asked of the heap. A program that
// links `bench_support` has its operator new and delete counted, in every thread.
//
// Threads: any.
#ifndef REWARDPOOL_BENCH_SUPPORT_ALLOCATION_COUNTER_H_
#define REWARDPOOL_BENCH_SUPPORT_ALLOCATION_COUNTER_H_

#include <cstdint>

namespace rewardpool::bench {

struct Allocations {
  std::uint64_t count = 0;  // calls of operator new
  std::uint64_t bytes = 0;  // asked for by them, freed since or not
};

// Since the program began.
[[nodiscard]] Allocations AllocationsSoFar() noexcept;

// Bytes asked for and not freed, as malloc_usable_size() counts them; of aligned
// blocks, whose alignment may skip address space, without what is skipped.
[[nodiscard]] std::uint64_t HeapBytesInUse() noexcept;

}  // namespace rewardpool::bench

#endif  // REWARDPOOL_BENCH_SUPPORT_ALLOCATION_COUNTER_H_
