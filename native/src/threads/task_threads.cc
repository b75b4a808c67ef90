#include "threads/task_threads.h"

#include <algorithm>
#include <cassert>
#include <system_error>
#include <utility>

#include "threads/parking.h"

namespace rewardpool::native::internal {
namespace {

// Whose thread this is.
thread_local const TaskThreads* threads_of_this_thread = nullptr;

}  // namespace

TaskThreads::TaskThreads(std::size_t threads_max, std::chrono::nanoseconds spin)
    : threads_max_(threads_max), spin_(spin) {
  assert(threads_max >= 1);
  threads_.reserve(threads_max);
}

TaskThreads::~TaskThreads() {
  {
    const std::lock_guard lock(mutex_);
    assert(alarms_.empty());
    stopping_.store(true, std::memory_order_relaxed);
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool TaskThreads::InThread() const noexcept { return threads_of_this_thread == this; }

Status TaskThreads::StartOne() {
  const std::lock_guard lock(mutex_);
  if (!threads_.empty() || TryStart()) return Status::Ok();
  return {StatusCode::kIo, "the system has no thread to give"};
}

bool TaskThreads::TryStart() {
  try {
    threads_.emplace_back([this] { Work(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

void TaskThreads::StartOneIfUseful() noexcept {
  const std::size_t watching = alarms_.empty() ? 0 : 1;
  const std::size_t wanted = busy_ + waiting_.load(std::memory_order_relaxed) + watching;
  if (threads_.size() < std::min(wanted, threads_max_)) (void)TryStart();
}

void TaskThreads::Schedule(Task& task) noexcept {
  std::unique_lock lock(mutex_);
  task.next_ = nullptr;
  (first_ == nullptr ? first_ : last_->next_) = &task;
  last_ = &task;
  waiting_.store(waiting_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  StartOneIfUseful();
  if (threads_.empty()) [[unlikely]] {
    RunFirst(lock);
    return;
  }
  const bool someone_sleeps = sleeping_ != 0;
  lock.unlock();
  if (someone_sleeps) changed_.notify_one();
}

bool TaskThreads::Unschedule(Task& task) noexcept {
  const std::lock_guard lock(mutex_);
  Task* before = nullptr;
  for (Task* waiting = first_; waiting != nullptr; before = waiting, waiting = waiting->next_) {
    if (waiting != &task) continue;
    (before == nullptr ? first_ : before->next_) = task.next_;
    if (last_ == &task) last_ = before;
    waiting_.store(waiting_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    return true;
  }
  return false;
}

void TaskThreads::SetAlarm(Alarm& alarm, Clock::time_point time) {
  {
    const std::lock_guard lock(mutex_);
    assert(!threads_.empty());
    const Clock::rep first_before = first_alarm_.load(std::memory_order_relaxed);
    if (std::exchange(alarm.is_set_, true)) alarm.spare_node_ = alarms_.extract(alarm.place_);
    if (alarm.spare_node_.empty()) {
      alarm.place_ = alarms_.emplace(time, &alarm);
    } else {
      alarm.spare_node_.key() = time;
      alarm.place_ = alarms_.insert(std::move(alarm.spare_node_));
    }
    NoteFirstAlarm();
    StartOneIfUseful();
    // Who sleeps wakes for the time that was the first when it went to sleep.
    if (time.time_since_epoch().count() >= first_before || sleeping_ == 0) return;
  }
  // All of them, since whoever watches the clock may be given a task.
  changed_.notify_all();
}

void TaskThreads::CancelAlarm(Alarm& alarm) noexcept {
  std::unique_lock lock(mutex_);
  if (std::exchange(alarm.is_set_, false)) alarms_.erase(alarm.place_);
  NoteFirstAlarm();
  fired_.wait(lock, [&alarm] { return alarm.going_off_ == 0; });
}

void TaskThreads::Work() {
  threads_of_this_thread = this;
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool fired = FireFirst(lock);
    if (RunFirst(lock) || fired) continue;
    if (stopping_.load(std::memory_order_relaxed)) return;
    if (spin_.count() > 0) {
      lock.unlock();
      SpinUntil(spin_, [this] { return has_waiting(); });
      lock.lock();
      if (has_waiting()) continue;
    }
    if (!stopping_.load(std::memory_order_relaxed)) Sleep(lock);
  }
}

bool TaskThreads::RunFirst(std::unique_lock<std::mutex>& lock) {
  Task* const task = first_;
  if (task == nullptr) return false;
  first_ = task->next_;
  waiting_.store(waiting_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  ++busy_;
  lock.unlock();
  task->Run();
  lock.lock();
  --busy_;
  return true;
}

bool TaskThreads::FireFirst(std::unique_lock<std::mutex>& lock) {
  if (alarms_.empty() || Clock::now() < alarms_.begin()->first) return false;
  Alarm& alarm = *alarms_.begin()->second;
  alarm.spare_node_ = alarms_.extract(alarms_.begin());
  NoteFirstAlarm();
  alarm.is_set_ = false;
  ++alarm.going_off_;
  ++busy_;
  lock.unlock();
  alarm.GoOff();
  lock.lock();
  --busy_;
  --alarm.going_off_;
  fired_.notify_all();
  return true;
}

void TaskThreads::NoteFirstAlarm() noexcept {
  first_alarm_.store(alarms_.empty() ? kNoAlarm : alarms_.begin()->first.time_since_epoch().count(),
                     std::memory_order_relaxed);
}

void TaskThreads::Sleep(std::unique_lock<std::mutex>& lock) {
  ++sleeping_;
  if (alarms_.empty()) {
    changed_.wait(lock);
  } else {
    const Clock::time_point first = alarms_.begin()->first;  // the map may change meanwhile
    changed_.wait_until(lock, first);
  }
  --sleeping_;
}

}  // namespace rewardpool::native::internal
