#include "threads/strand.h"

#include <utility>

namespace rewardpool::native::internal {

Strand::~Strand() {
  Drain();
  std::unique_lock lock(mutex_);
  if (!is_scheduled_) return;
  lock.unlock();
  const bool taken_back = threads_.Unschedule(*this);
  lock.lock();
  if (!taken_back) changed_.wait(lock, [this] { return !is_scheduled_; });
}

void Strand::Post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(task));
    if (std::exchange(is_scheduled_, true)) return;
  }
  threads_.Schedule(*this);
}

void Strand::Drain() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !is_running_; });
    if (waiting_.empty()) return;
    RunFirst(lock);
  }
}

void Strand::Run() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    // Somebody who drains may be at it.
    changed_.wait(lock, [this] { return !is_running_; });
    if (waiting_.empty()) break;
    RunFirst(lock);
  }
  is_scheduled_ = false;
  changed_.notify_all();
}

void Strand::RunFirst(std::unique_lock<std::mutex>& lock) {
  std::function<void()> task = std::move(waiting_.front());
  waiting_.pop_front();
  is_running_ = true;
  lock.unlock();
  task();
  task = nullptr;  // what it holds may take long to let go of
  lock.lock();
  is_running_ = false;
  changed_.notify_all();
}

}  // namespace rewardpool::native::internal
