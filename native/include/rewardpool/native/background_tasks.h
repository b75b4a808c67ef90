// background_tasks.h - who does the work that no draw should wait for:
// preparing the next segment, cutting the last one.
//
// An interface so that tests can run each task at the moment they choose.
#ifndef REWARDPOOL_NATIVE_BACKGROUND_TASKS_H_
#define REWARDPOOL_NATIVE_BACKGROUND_TASKS_H_

#include <functional>
#include <memory>

namespace rewardpool::native {

// Threads: any may call Post() and Drain(); tasks run one at a time, in order.
class BackgroundTasks {
 public:
  // Runs what is still waiting.
  virtual ~BackgroundTasks() = default;

  // Runs `task` later. It must not throw, and must not call Drain().
  virtual void Post(std::function<void()> task) = 0;

  // Returns once every task posted before has run.
  virtual void Drain() = 0;
};

// A thread of its own, started by the first Post().
[[nodiscard]] std::shared_ptr<BackgroundTasks> MakeBackgroundThread();

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_BACKGROUND_TASKS_H_
