// time_of.h - how long a piece of work takes.
#ifndef REWARDPOOL_BENCH_SUPPORT_TIME_OF_H_
#define REWARDPOOL_BENCH_SUPPORT_TIME_OF_H_

#include <chrono>

namespace rewardpool::bench {

template <typename Work>
std::chrono::nanoseconds TimeOf(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::steady_clock::now() - begin;
}

}  // namespace rewardpool::bench

#endif  // REWARDPOOL_BENCH_SUPPORT_TIME_OF_H_
