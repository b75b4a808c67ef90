// baton.h - who may touch the engine: the actor, while it runs in one of its
// threads; a caller who found it at rest with nothing to do; or the syncer, who
// found it at rest when a job was done.
//
//   kAwake --Wake()--> kAwakeAndWanted --Rest()--> kAwake, for another round
//   kAwake --Rest()--> kAsleep or kAsleepIdle --Wake()--> kAwake, scheduled
//                                 kAsleepIdle --TryBorrow()--> kLent
//                             kAsleep --TryBorrowBusy()--> kLent
//   kLent --GiveBack()--> kAsleep or kAsleepIdle, or kAwake if work came in
//
// Lending saves changes of thread: a synchronous draw two, which on a good disk
// cost half as much as the sync itself, and two between one sync and the next. It
// changes nothing for anyone else: the borrower does one round and gives back.
//
// Threads: Rest() belongs to the actor; the rest, to any.
#ifndef REWARDPOOL_NATIVE_SRC_ACTOR_BATON_H_
#define REWARDPOOL_NATIVE_SRC_ACTOR_BATON_H_

#include <atomic>
#include <cstdint>

#include "threads/task_threads.h"

namespace rewardpool::native::internal {

class Baton {
 public:
  // The actor is at rest, idle. Waking it schedules `actor` on `threads`; both
  // must outlive the baton.
  Baton(TaskThreads& threads, Task& actor) noexcept : threads_(threads), actor_(actor) {}

  // True if the actor is at rest with nothing to do: the caller then owns the
  // engine until GiveBack().
  [[nodiscard]] bool TryBorrow() noexcept {
    State expected = State::kAsleepIdle;
    return state_.load(std::memory_order_relaxed) == State::kAsleepIdle &&
           state_.compare_exchange_strong(expected, State::kLent, std::memory_order_seq_cst);
  }
  // For the syncer, when the job is done that the actor is at rest with. True if the
  // actor is at rest: the syncer then owns the engine until GiveBack().
  [[nodiscard]] bool TryBorrowBusy() noexcept {
    State expected = State::kAsleep;
    return state_.compare_exchange_strong(expected, State::kLent, std::memory_order_seq_cst);
  }
  // `wake_actor`: the borrower left work that only the actor does. `may_lend`: see
  // Rest().
  void GiveBack(bool wake_actor, bool may_lend) noexcept;

  // To be called after work was published with memory_order_seq_cst: the actor
  // will look for it, in a round that begins after this. Free of writes while the
  // actor is known to be coming.
  void Wake() noexcept {
    const State state = state_.load(std::memory_order_seq_cst);
    if (state != State::kAwakeAndWanted && state != State::kLentAndWanted) WakeSlowly(state);
  }

  // Ends the actor's turn, unless somebody has called Wake() since the last call.
  // `may_lend`: callers may borrow the engine meanwhile.
  // Returns: whether the turn has ended. The actor may then be running in another
  //          thread already, or be gone.
  [[nodiscard]] bool Rest(bool may_lend) noexcept;

 private:
  enum class State : std::uint32_t {
    kAwake,
    kAwakeAndWanted,
    kAsleep,
    kAsleepIdle,
    kLent,
    kLentAndWanted,
  };

  void WakeSlowly(State state) noexcept;

  TaskThreads& threads_;
  Task& actor_;
  std::atomic<State> state_{State::kAsleepIdle};
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_ACTOR_BATON_H_
