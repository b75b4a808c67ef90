#include "actor/baton.h"

namespace rewardpool::native::internal {

void Baton::GiveBack(bool wake_actor) noexcept {
  if (!wake_actor) {
    State expected = State::kLent;
    if (state_.compare_exchange_strong(expected, State::kAsleepIdle, std::memory_order_seq_cst)) {
      return;
    }
  }
  state_.store(State::kAwake, std::memory_order_seq_cst);
  Notify();
}

void Baton::WakeSlowly() noexcept {
  State state = state_.load(std::memory_order_seq_cst);
  while (state != State::kAwake && state != State::kLentAndWanted) {
    const State next = state == State::kLent ? State::kLentAndWanted : State::kAwake;
    if (state_.compare_exchange_weak(state, next, std::memory_order_seq_cst)) {
      if (next == State::kAwake) Notify();
      return;
    }
  }
}

void Baton::Notify() noexcept {
  // Taken and released, so that the notification cannot fall between the
  // sleeper's look at state_ and its sleep.
  { const std::lock_guard lock(mutex_); }
  woken_.notify_one();
}

void Baton::Sleep(std::optional<Clock::time_point> deadline) {
  std::unique_lock lock(mutex_);
  const auto awake = [this] { return state_.load(std::memory_order_seq_cst) == State::kAwake; };
  if (deadline && !woken_.wait_until(lock, *deadline, awake)) {
    lock.unlock();
    Wake();
    lock.lock();
  }
  woken_.wait(lock, awake);
}

}  // namespace rewardpool::native::internal
