#include "rewardpool/native/background_tasks.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace rewardpool::native {
namespace {

class BackgroundThread final : public BackgroundTasks {
 public:
  ~BackgroundThread() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void Post(std::function<void()> task) override {
    std::unique_lock lock(mutex_);
    if (!thread_.joinable() && !StartThread()) {
      lock.unlock();
      task();  // slower for the caller, but done
      return;
    }
    waiting_.push_back(std::move(task));
    changed_.notify_all();
  }

  void Drain() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.empty() && !running_; });
  }

 private:
  bool StartThread() {
    try {
      thread_ = std::thread([this] { Run(); });
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }

  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      std::function<void()> task = std::move(waiting_.front());
      waiting_.pop_front();
      running_ = true;
      lock.unlock();
      task();
      task = nullptr;  // what it holds is released before Drain() returns
      lock.lock();
      running_ = false;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool running_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

std::shared_ptr<BackgroundTasks> MakeBackgroundThread() {
  return std::make_shared<BackgroundThread>();
}

}  // namespace rewardpool::native
