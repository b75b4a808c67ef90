#include "actor/baton.h"

namespace rewardpool::native::internal {

Baton::State Baton::StateOf(AtRest with) noexcept {
  switch (with) {
    case AtRest::kBusy:
      break;
    case AtRest::kIdle:
      return State::kAsleepIdle;
    case AtRest::kGathering:
      return State::kAsleepGathering;
  }
  return State::kAsleepBusy;
}

void Baton::GiveBack(bool wake_actor, AtRest with) noexcept {
  if (!wake_actor) {
    State expected = State::kLent;
    if (state_.compare_exchange_strong(expected, StateOf(with), std::memory_order_seq_cst)) return;
  }
  state_.store(State::kAwake, std::memory_order_seq_cst);
  threads_.Schedule(actor_);
}

void Baton::WakeSlowly(State state) noexcept {
  while (state != State::kAwakeAndWanted && state != State::kLentAndWanted) {
    const State next = state == State::kAwake ? State::kAwakeAndWanted
                       : state == State::kLent || state == State::kLentToProducer
                           ? State::kLentAndWanted
                           : State::kAwake;
    if (state_.compare_exchange_weak(state, next, std::memory_order_seq_cst)) {
      if (next == State::kAwake) threads_.Schedule(actor_);
      return;
    }
  }
}

bool Baton::Rest(AtRest with) noexcept {
  State expected = State::kAwake;
  if (state_.compare_exchange_strong(expected, StateOf(with), std::memory_order_seq_cst)) {
    return true;
  }
  state_.store(State::kAwake, std::memory_order_seq_cst);
  return false;
}

}  // namespace rewardpool::native::internal
