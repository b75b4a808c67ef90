// crew.h - threads that begin together, again and again, and are timed until the
// last one is done.
//
// Threads: Run() by the owner, who is the crew's member 0.
#ifndef REWARDPOOL_BENCH_SUPPORT_CREW_H_
#define REWARDPOOL_BENCH_SUPPORT_CREW_H_

#include <barrier>
#include <chrono>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

namespace rewardpool::bench {

class Crew {
 public:
  explicit Crew(std::size_t size)
      : begin_(static_cast<std::ptrdiff_t>(size)), end_(static_cast<std::ptrdiff_t>(size)) {
    for (std::size_t member = 1; member < size; ++member) {
      threads_.emplace_back([this, member] {
        for (;;) {
          begin_.arrive_and_wait();
          if (!work_) return;
          work_(member);
          end_.arrive_and_wait();
        }
      });
    }
  }
  ~Crew() {
    work_ = nullptr;
    begin_.arrive_and_wait();
    for (std::thread& thread : threads_) thread.join();
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Every member does work(its number). Returns the time until all have.
  std::chrono::nanoseconds Run(std::function<void(std::size_t)> work) {
    work_ = std::move(work);
    const auto begin = std::chrono::steady_clock::now();
    begin_.arrive_and_wait();
    work_(0);
    end_.arrive_and_wait();
    return std::chrono::steady_clock::now() - begin;
  }

 private:
  std::barrier<> begin_;
  std::barrier<> end_;
  std::function<void(std::size_t)> work_;  // of this run; empty: go home
  std::vector<std::thread> threads_;
};

}  // namespace rewardpool::bench

#endif  // REWARDPOOL_BENCH_SUPPORT_CREW_H_
