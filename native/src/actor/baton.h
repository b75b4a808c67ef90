// baton.h - who may touch the engine: the actor, while it runs in one of its
// threads; a caller who found it at rest with nothing to do; a producer who found
// it waiting for producers; or the syncer, who found it at rest when a job was done.
//
//   kAwake --Wake()--> kAwakeAndWanted --Rest()--> kAwake, for another round
//   kAwake --Rest()--> one of the states of AtRest --Wake()--> kAwake, scheduled
//   AtRest::kBusy --TryBorrowBusy()--> kLent
//   AtRest::kIdle --TryBorrow()--> kLent
//   AtRest::kGathering --TryBorrowGathering()--> kLentToProducer --EndGathering()--> kLent
//   kLent --GiveBack()--> one of AtRest, or kAwake if work came in
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

// What an actor is at rest with.
enum class AtRest : std::uint8_t {
  kBusy,       // a job of the syncer, or something else that will wake it
  kIdle,       // nothing: callers may borrow the engine
  kGathering,  // a sync is put off until producers have drawn again: they may borrow
               // it, and an alarm is set for when they do not
};

class Baton {
 public:
  // The actor is at rest, idle. Waking it schedules `actor` on `threads`; both
  // must outlive the baton.
  Baton(TaskThreads& threads, Task& actor) noexcept : threads_(threads), actor_(actor) {}

  // True if the actor is at rest with nothing to do: the caller then owns the
  // engine until GiveBack().
  [[nodiscard]] bool TryBorrow() noexcept { return TryBorrowFrom(State::kAsleepIdle); }
  // For the syncer, when the job is done that the actor is at rest with. True if the
  // actor is at rest: the syncer then owns the engine until GiveBack().
  [[nodiscard]] bool TryBorrowBusy() noexcept { return TryBorrowFrom(State::kAsleepBusy); }
  // For a producer that has submitted and is about to wait. True if the actor is at
  // rest and waits for producers: the caller then owns the engine until GiveBack(). It
  // looks for the draws of others itself until EndGathering(), and once after it.
  [[nodiscard]] bool TryBorrowGathering() noexcept {
    return TryBorrowFrom(State::kAsleepGathering, State::kLentToProducer);
  }
  void EndGathering() noexcept {
    State expected = State::kLentToProducer;
    (void)state_.compare_exchange_strong(expected, State::kLent, std::memory_order_seq_cst);
  }
  // `wake_actor`: the borrower left work that only the actor does.
  void GiveBack(bool wake_actor, AtRest with) noexcept;

  // To be called after work was published with memory_order_seq_cst: the actor
  // will look for it, in a round that begins after this. Free of writes while the
  // actor is known to be coming.
  void Wake() noexcept {
    const State state = state_.load(std::memory_order_seq_cst);
    if (state != State::kAwakeAndWanted && state != State::kLentAndWanted) WakeSlowly(state);
  }

  // The same for draws of a producer that will wait, or else call WakeIfGathering():
  // leaves an actor that waits for producers at rest.
  void WakeUnlessGathering() noexcept {
    const State state = state_.load(std::memory_order_seq_cst);
    if (state != State::kAsleepGathering && state != State::kLentToProducer) Wake();
  }
  void WakeIfGathering() noexcept {
    if (state_.load(std::memory_order_seq_cst) == State::kAsleepGathering) Wake();
  }

  // Ends the actor's turn, unless somebody has called Wake() since the last call.
  // Returns: whether the turn has ended. The actor may then be running in another
  //          thread already, or be gone.
  [[nodiscard]] bool Rest(AtRest with) noexcept;

 private:
  enum class State : std::uint32_t {
    kAwake,
    kAwakeAndWanted,
    kAsleepBusy,
    kAsleepIdle,
    kAsleepGathering,
    kLent,
    kLentToProducer,
    kLentAndWanted,
  };

  [[nodiscard]] static State StateOf(AtRest with) noexcept;
  [[nodiscard]] bool TryBorrowFrom(State expected, State lent = State::kLent) noexcept {
    // Looks before it tries: a try takes the line from whoever uses it.
    return state_.load(std::memory_order_relaxed) == expected &&
           state_.compare_exchange_strong(expected, lent, std::memory_order_seq_cst);
  }
  void WakeSlowly(State state) noexcept;

  TaskThreads& threads_;
  Task& actor_;
  std::atomic<State> state_{State::kAsleepIdle};
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_ACTOR_BATON_H_
