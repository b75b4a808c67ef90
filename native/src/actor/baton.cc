#include "actor/baton.h"

namespace rewardpool::native::internal {

void Baton::GiveBack(bool wake_actor, bool may_lend) noexcept {
  if (!wake_actor) {
    State expected = State::kLent;
    if (state_.compare_exchange_strong(expected, may_lend ? State::kAsleepIdle : State::kAsleep,
                                       std::memory_order_seq_cst)) {
      return;
    }
  }
  state_.store(State::kAwake, std::memory_order_seq_cst);
  threads_.Schedule(actor_);
}

void Baton::WakeSlowly(State state) noexcept {
  while (state != State::kAwakeAndWanted && state != State::kLentAndWanted) {
    const State next = state == State::kAwake  ? State::kAwakeAndWanted
                       : state == State::kLent ? State::kLentAndWanted
                                               : State::kAwake;
    if (state_.compare_exchange_weak(state, next, std::memory_order_seq_cst)) {
      if (next == State::kAwake) threads_.Schedule(actor_);
      return;
    }
  }
}

bool Baton::Rest(bool may_lend) noexcept {
  State expected = State::kAwake;
  if (state_.compare_exchange_strong(expected, may_lend ? State::kAsleepIdle : State::kAsleep,
                                     std::memory_order_seq_cst)) {
    return true;
  }
  state_.store(State::kAwake, std::memory_order_seq_cst);
  return false;
}

}  // namespace rewardpool::native::internal
