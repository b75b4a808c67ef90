#include "rewardpool/native/background_tasks.h"

#include <chrono>
#include <utility>

#include "threads/strand.h"
#include "threads/task_threads.h"

namespace rewardpool::native {
namespace {

class BackgroundThread final : public BackgroundTasks {
 public:
  void Post(std::function<void()> task) override { strand_.Post(std::move(task)); }
  void Drain() override { strand_.Drain(); }

 private:
  internal::TaskThreads thread_{1, std::chrono::nanoseconds(0)};
  internal::Strand strand_{thread_};
};

}  // namespace

std::shared_ptr<BackgroundTasks> MakeBackgroundThread() {
  return std::make_shared<BackgroundThread>();
}

}  // namespace rewardpool::native
