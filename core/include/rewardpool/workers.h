// workers.h - INTERFACE: several hands for work that falls into parts.
//
// Core starts no threads. Where parts of its work do not depend on each other it
// gives them to workers that its caller brings: native has threads
// (native/thread_workers.h); without any, the caller's own thread does it all.
#ifndef REWARDPOOL_WORKERS_H_
#define REWARDPOOL_WORKERS_H_

#include <cstddef>
#include <functional>

namespace rewardpool {

class Workers {
 public:
  // Called with the number of a task, counted from 0.
  using Task = std::function<void(std::size_t)>;

  virtual ~Workers() = default;

  // How many tasks may run at once, at least 1. Always the same.
  [[nodiscard]] virtual std::size_t count() const noexcept = 0;

  // What a task should at least have to read, in bytes, so that it is worth
  // waking another hand. At least 1.
  [[nodiscard]] virtual std::size_t task_bytes_min() const noexcept = 0;

  // Carries out the tasks 0 to `task_count` - 1, each once, in any order and up to
  // count() at a time; all have ended on return, and what they wrote is visible.
  // A task may throw std::bad_alloc and nothing else. Run() then throws it, once no task
  // runs any more; some tasks may not have been begun.
  // Threads: one owner; not to be called in a task.
  virtual void Run(std::size_t task_count, const Task& task) = 0;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_WORKERS_H_
