// strand.h - background tasks of one owner, run one at a time and in order on
// threads that others use too.
#ifndef REWARDPOOL_NATIVE_SRC_THREADS_STRAND_H_
#define REWARDPOOL_NATIVE_SRC_THREADS_STRAND_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "rewardpool/native/background_tasks.h"
#include "threads/task_threads.h"

namespace rewardpool::native::internal {

// Drain() does not wait for the threads to come round: what no thread has begun
// it runs itself. So it may be called in a thread of the same TaskThreads.
class Strand final : public BackgroundTasks, private Task {
 public:
  // `threads` must outlive the strand.
  explicit Strand(TaskThreads& threads) : threads_(threads) {}
  ~Strand() override;

  void Post(std::function<void()> task) override;
  void Drain() override;

 private:
  void Run() noexcept override;
  void RunFirst(std::unique_lock<std::mutex>& lock);

  TaskThreads& threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // All guarded by the mutex.
  std::deque<std::function<void()>> waiting_;
  bool is_running_ = false;
  bool is_scheduled_ = false;  // Run() is to come, or has not ended
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_THREADS_STRAND_H_
