#include "rewardpool/native/thread_workers.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace rewardpool::native {

ThreadWorkers::ThreadWorkers(unsigned threads)
    : count_(threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency())) {}

ThreadWorkers::~ThreadWorkers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_is_there_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadWorkers::Run(std::size_t task_count, const Task& task) {
  StartThreads(std::min(count_, task_count));
  std::unique_lock lock(mutex_);
  task_ = &task;
  task_count_ = task_count;
  next_task_ = 0;
  tasks_done_ = 0;
  if (task_count > 1) work_is_there_.notify_all();
  Work(lock);
  work_is_done_.wait(lock, [this] { return tasks_done_ == task_count_; });
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

void ThreadWorkers::StartThreads(std::size_t wanted) {
  try {
    while (threads_.size() + 1 < wanted) threads_.emplace_back([this] { RunThread(); });
  } catch (const std::system_error&) {
    // There are no more; those that there are suffice.
  }
}

void ThreadWorkers::RunThread() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_is_there_.wait(lock, [this] { return stopping_ || next_task_ < task_count_; });
    if (stopping_) return;
    Work(lock);
  }
}

void ThreadWorkers::Work(std::unique_lock<std::mutex>& lock) {
  while (next_task_ < task_count_) {
    const std::size_t number = next_task_++;
    const Task& task = *task_;
    lock.unlock();
    std::exception_ptr thrown;
    try {
      task(number);
    } catch (...) {
      thrown = std::current_exception();
    }
    lock.lock();
    if (thrown && !thrown_) thrown_ = std::move(thrown);
    if (++tasks_done_ == task_count_) work_is_done_.notify_one();
  }
}

}  // namespace rewardpool::native
