// baton.h - who may touch the engine: the actor thread, or a caller who found
// it asleep with nothing to do.
//
//   kAwake ----Rest()----> kAsleep or kAsleepIdle ----Wake()----> kAwake
//                                 kAsleepIdle --TryBorrow()--> kLent
//                    kLent --GiveBack()--> kAsleepIdle, or kAwake if work came in
//
// Lending saves a synchronous draw two changes of thread, which on a good disk
// cost half as much as the sync itself. It changes nothing for anyone else: the
// borrower does one round and gives back.
//
// Threads: Rest() belongs to the actor thread; the rest, to any.
#ifndef REWARDPOOL_NATIVE_SRC_ACTOR_BATON_H_
#define REWARDPOOL_NATIVE_SRC_ACTOR_BATON_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

namespace rewardpool::native::internal {

class Baton {
 public:
  using Clock = std::chrono::steady_clock;

  // True if the actor sleeps with nothing to do: the caller then owns the engine
  // until GiveBack().
  [[nodiscard]] bool TryBorrow() noexcept {
    State expected = State::kAsleepIdle;
    return state_.load(std::memory_order_relaxed) == State::kAsleepIdle &&
           state_.compare_exchange_strong(expected, State::kLent, std::memory_order_seq_cst);
  }
  // `wake_actor`: the borrower left work that only the actor does.
  void GiveBack(bool wake_actor) noexcept;

  // To be called after work was published with memory_order_seq_cst. Free of
  // system calls unless the actor sleeps.
  void Wake() noexcept {
    if (state_.load(std::memory_order_seq_cst) != State::kAwake) WakeSlowly();
  }

  // Sleeps until Wake(), or until `deadline`.
  //
  // Inputs: has_work: reads with memory_order_seq_cst what wakers publish; it is
  //         asked once more after the actor has declared itself asleep. may_lend:
  //         callers may borrow the engine meanwhile.
  template <typename HasWork>
  void Rest(bool may_lend, std::optional<Clock::time_point> deadline, HasWork has_work) {
    // Once lent, the engine is the borrower's, so the question comes before.
    state_.store(State::kAsleep, std::memory_order_seq_cst);
    if (has_work()) {
      Wake();
    } else if (may_lend) {
      State expected = State::kAsleep;
      state_.compare_exchange_strong(expected, State::kAsleepIdle, std::memory_order_seq_cst);
    }
    Sleep(deadline);
  }

 private:
  enum class State : std::uint32_t { kAwake, kAsleep, kAsleepIdle, kLent, kLentAndWanted };

  void WakeSlowly() noexcept;
  void Notify() noexcept;
  void Sleep(std::optional<Clock::time_point> deadline);

  std::atomic<State> state_{State::kAwake};
  std::mutex mutex_;
  std::condition_variable woken_;
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_ACTOR_BATON_H_
