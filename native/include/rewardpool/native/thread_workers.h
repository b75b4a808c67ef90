// thread_workers.h - threads for the work of core that falls into parts
// (workers.h): recovery and verification.
#ifndef REWARDPOOL_NATIVE_THREAD_WORKERS_H_
#define REWARDPOOL_NATIVE_THREAD_WORKERS_H_

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "rewardpool/workers.h"

namespace rewardpool::native {

// Threads: one owner, whose own thread works too. The others are started by the
// first Run() that needs them and sleep between two; where the system gives none,
// those that there are do the work.
class ThreadWorkers final : public Workers {
 public:
  // `threads`: the owner's counts; 0: as many as the machine has.
  explicit ThreadWorkers(unsigned threads = 0);
  // Ends the threads.
  ~ThreadWorkers() override;
  ThreadWorkers(const ThreadWorkers&) = delete;
  ThreadWorkers& operator=(const ThreadWorkers&) = delete;

  [[nodiscard]] std::size_t count() const noexcept override { return count_; }
  [[nodiscard]] std::size_t task_bytes_min() const noexcept override { return kTaskBytesMin; }
  void Run(std::size_t task_count, const Task& task) override;

 private:
  // Some 20 us of work, which is what waking a thread takes.
  static constexpr std::size_t kTaskBytesMin = std::size_t{256} << 10;

  void StartThreads(std::size_t wanted);
  void RunThread();
  // Carries out tasks as long as there are any. `lock` is held at both ends.
  void Work(std::unique_lock<std::mutex>& lock);

  const std::size_t count_;
  std::vector<std::thread> threads_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable work_is_there_;
  std::condition_variable work_is_done_;
  const Task* task_ = nullptr;
  std::size_t task_count_ = 0;
  std::size_t next_task_ = 0;
  std::size_t tasks_done_ = 0;
  std::exception_ptr thrown_;  // by the first task that threw
  bool stopping_ = false;
};

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_THREAD_WORKERS_H_
