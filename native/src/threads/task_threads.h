// task_threads.h - threads that run tasks and keep alarms: what pools run on, one
// of its own or many on the same ones.
//
// Scheduling allocates nothing: tasks are linked through themselves. Threads are
// started when there is more to run than threads that could, or none to watch for
// alarms, up to a number.
//
// Threads: any, but for the destructor.
#ifndef REWARDPOOL_NATIVE_SRC_THREADS_TASK_THREADS_H_
#define REWARDPOOL_NATIVE_SRC_THREADS_TASK_THREADS_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "rewardpool/status.h"

namespace rewardpool::native::internal {

// INTERFACE: something to run. It is scheduled once at a time: again only when
// Run() has begun.
class Task {
 public:
  // The object may be gone when this returns.
  virtual void Run() noexcept = 0;

 protected:
  ~Task() = default;

 private:
  friend class TaskThreads;
  Task* next_ = nullptr;
};

class Alarm;

class TaskThreads {
 public:
  using Clock = std::chrono::steady_clock;

  // Starts no thread. `threads_max` >= 1. `spin`: how long a thread that has
  // nothing to do looks out for a task before it sleeps.
  TaskThreads(std::size_t threads_max, std::chrono::nanoseconds spin);
  // Runs what is scheduled, and ends the threads. Not to be called in one.
  // Requires that no alarm is set.
  ~TaskThreads();
  TaskThreads(const TaskThreads&) = delete;
  TaskThreads& operator=(const TaskThreads&) = delete;

  // Starts the first thread, if there is none.
  // Errors: kIo, the system has no thread to give.
  [[nodiscard]] Status StartOne();

  // Runs the task in one of the threads, in the order of scheduling. If there is
  // no thread and none can be started, runs it before it returns.
  void Schedule(Task& task) noexcept;
  // Takes back a task that is scheduled and whose Run() has not begun.
  // Returns: whether it was so.  Cost: linear in what waits.
  bool Unschedule(Task& task) noexcept;
  // Whether tasks wait for a thread. A hint: it may have changed.
  [[nodiscard]] bool has_waiting() const noexcept {
    return waiting_.load(std::memory_order_relaxed) != 0;
  }

  // Lets the alarm go off at a time, in one of the threads; in place of the time
  // it was set to before. Needs a thread: StartOne().
  void SetAlarm(Alarm& alarm, Clock::time_point time);
  // It does not go off any more; waits while it is going off.
  void CancelAlarm(Alarm& alarm) noexcept;

  // Whether the time of an alarm has come that has not gone off. A hint, too.
  [[nodiscard]] bool has_due_alarm() const noexcept {
    const Clock::rep first = first_alarm_.load(std::memory_order_relaxed);
    return first != kNoAlarm && Clock::now().time_since_epoch().count() >= first;
  }

  // Whether the calling thread is one of these.
  [[nodiscard]] bool InThread() const noexcept;

 private:
  using Alarms = std::multimap<Clock::time_point, Alarm*>;
  friend class Alarm;

  void Work();
  // Starts a thread if it would have something to do. Requires the mutex.
  void StartOneIfUseful() noexcept;
  [[nodiscard]] bool TryStart();
  bool RunFirst(std::unique_lock<std::mutex>& lock);
  bool FireFirst(std::unique_lock<std::mutex>& lock);
  // To be called when `alarms_` has changed.
  void NoteFirstAlarm() noexcept;
  void Sleep(std::unique_lock<std::mutex>& lock);

  const std::size_t threads_max_;
  const std::chrono::nanoseconds spin_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable fired_;
  std::atomic<std::size_t> waiting_{0};  // written under the mutex
  std::atomic<bool> stopping_{false};    // likewise
  static constexpr Clock::rep kNoAlarm = std::numeric_limits<Clock::rep>::max();
  std::atomic<Clock::rep> first_alarm_{kNoAlarm};  // likewise
  // The rest is guarded by the mutex.
  Task* first_ = nullptr;
  Task* last_ = nullptr;  // if first_ is there
  std::size_t sleeping_ = 0;
  std::size_t busy_ = 0;  // threads that run a task or an alarm
  Alarms alarms_;
  std::vector<std::thread> threads_;
};

// INTERFACE: something to be called at a time.
class Alarm {
 public:
  // Must be quick and not set or cancel this alarm.
  virtual void GoOff() noexcept = 0;

 protected:
  Alarm() = default;
  // Requires that it is not set: CancelAlarm().
  ~Alarm() = default;

 private:
  friend class TaskThreads;
  // All guarded by the mutex of the threads. The node is kept while it is in no
  // map, so that setting an alarm again allocates nothing.
  bool is_set_ = false;
  // Threads in GoOff(): two if it was set again meanwhile.
  std::size_t going_off_ = 0;
  TaskThreads::Alarms::iterator place_;        // if is_set_
  TaskThreads::Alarms::node_type spare_node_;  // if it was set before and is not now
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_THREADS_TASK_THREADS_H_
