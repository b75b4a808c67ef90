#include "rewardpool/pool_threads.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>

#include "threads/strand.h"
#include "threads/task_threads.h"

namespace rewardpool {
namespace {

using native::internal::Strand;
using native::internal::TaskThreads;
using std::chrono::nanoseconds;

// How long a thread looks out for the next turn or job before it sleeps. More than
// this would take a core from others.
constexpr nanoseconds kSpin = std::chrono::microseconds(5);
constexpr nanoseconds kNoSpin{0};
// A snapshot must not keep the preparation of a segment waiting.
constexpr std::size_t kBackgroundThreadsMax = 2;

}  // namespace

struct PoolThreads::Parts {
  explicit Parts(const Options& options)
      : actors(options.actors, kSpin), syncers(options.syncers, kSpin) {}

  TaskThreads actors;
  TaskThreads syncers;
  TaskThreads background{kBackgroundThreadsMax, kNoSpin};
};

PoolThreads::PoolThreads(std::unique_ptr<Parts> parts) noexcept : parts_(std::move(parts)) {}
PoolThreads::~PoolThreads() = default;

Result<std::shared_ptr<PoolThreads>> PoolThreads::Start(const Options& options) {
  Options chosen = options;
  if (chosen.actors == 0) chosen.actors = std::max(std::thread::hardware_concurrency(), 1U);
  for (const auto& [name, count] :
       {std::pair("actors", chosen.actors), {"syncers", chosen.syncers}}) {
    if (count >= 1 && count <= kThreadsMax) continue;
    return Status(StatusCode::kInvalidArgument, std::string(name) + " is " + std::to_string(count) +
                                                    "; it must be 1 to " +
                                                    std::to_string(kThreadsMax));
  }
  auto parts = std::make_unique<Parts>(chosen);
  RP_RETURN_IF_ERROR(parts->actors.StartOne());
  RP_RETURN_IF_ERROR(parts->syncers.StartOne());
  return std::shared_ptr<PoolThreads>(new PoolThreads(std::move(parts)));
}

TaskThreads& PoolThreads::actors() noexcept { return parts_->actors; }
TaskThreads& PoolThreads::syncers() noexcept { return parts_->syncers; }

std::shared_ptr<native::BackgroundTasks> PoolThreads::MakeBackgroundTasks() {
  return std::make_shared<Strand>(parts_->background);
}

}  // namespace rewardpool
