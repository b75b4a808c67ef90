// actor_fixture.h - an actor on controlled storage, and the pool as its log
// tells it.
#ifndef REWARDPOOL_TESTS_NATIVE_ACTOR_FIXTURE_H_
#define REWARDPOOL_TESTS_NATIVE_ACTOR_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "native/controlled_storage.h"
#include "rewardpool/native/threaded_actor.h"
#include "rewardpool/recovery.h"

namespace rewardpool::tests {

// Whose threads a pool runs on. Nobody but the clock may see the difference.
enum class Threads { kOwn, kShared };

inline std::string NameOf(const ::testing::TestParamInfo<Threads>& info) {
  return info.param == Threads::kOwn ? "OwnThreads" : "SharedThreads";
}

class ActorTest : public ::testing::TestWithParam<Threads> {
 protected:
  // Two items without limit: every draw succeeds.
  PoolOptions Options() const {
    PoolOptions options;
    options.catalog = {{"gold", 1}, {"silver", 9}};
    options.insecure_seed = 20260101;
    options.threads = pool_threads_;
    return options;
  }

  native::ThreadedActor Open() { return Open(Options()); }
  // Opens the pool on disk_; control_ counts the calls from then on.
  native::ThreadedActor Open(const PoolOptions& options) {
    auto opened = native::ThreadedActor::Open(
        std::make_unique<ControlledStorage>(disk_, control_),
        std::make_unique<ControlledSnapshotStore>(disk_, control_), options);
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    control_->ForgetCalls();
    return *std::move(opened);
  }

  // What the log says was drawn: item ids by request id; none: refused. Requires
  // that the pool is closed.
  std::map<RequestId, std::vector<std::string>> LoggedDraws() {
    struct Visitor final : RecordVisitor {
      Status OnRecord(const Record& record, RequestId first, const ItemTable& items,
                      const KeyTable&) override {
        if (const auto* run = std::get_if<DrawRun>(&record)) {
          for (const ItemIndex item : run->items) draws[first++] = {std::string(items.IdAt(item))};
        } else if (const auto* refused = std::get_if<RefusedRun>(&record)) {
          for (std::uint64_t i = 0; i < refused->count; ++i) draws[first++] = {};
        } else if (const auto* draw = std::get_if<RequestedDraw>(&record)) {
          std::vector<std::string>& ids = draws[first];
          for (const ItemIndex item : draw->items) ids.emplace_back(items.IdAt(item));
        }
        return Status::Ok();
      }
      std::map<RequestId, std::vector<std::string>> draws;
    } visitor;
    MemoryStorage log(disk_);
    MemorySnapshotStore snapshots(disk_);
    InspectOptions options;
    options.from = InspectOptions::From::kLogStart;
    options.visitor = &visitor;
    const auto inspection = InspectPool(log, snapshots, options);
    EXPECT_TRUE(inspection.ok()) << inspection.status().ToString();
    return std::move(visitor.draws);
  }

  // The items of a state, by id.
  static std::map<std::string, ItemView> ById(const PoolView& view) {
    std::map<std::string, ItemView> items;
    for (const ItemView& item : view.items) items[item.id] = item;
    return items;
  }

  const std::shared_ptr<PoolThreads> pool_threads_ =
      GetParam() == Threads::kShared ? *PoolThreads::Start({.actors = 2, .syncers = 1}) : nullptr;
  const std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  const std::shared_ptr<StorageControl> control_ = std::make_shared<StorageControl>();
};

// Returns once the actor has staged whatever was asked of it before, also while
// a sync is held back; draws two units. Requires room for them.
inline void AwaitStaging(native::ThreadedActor& actor) {
  // A producer that leaves waits for the actor to release its memory, which it
  // does in each round before it stages; so the second release comes after.
  for (int round = 0; round < 2; ++round) {
    ItemRef pick = 0;
    auto producer = actor.NewProducer(1);
    ASSERT_EQ(producer->SubmitMany(std::span(&pick, 1)), StatusCode::kOk);
  }
}

// Waits for `count` answers.
inline std::vector<DrawResult> TakeAnswers(Producer& producer, std::size_t count) {
  std::vector<DrawResult> answers(count);
  std::size_t taken = 0;
  while (taken < count) taken += producer.Wait(std::span(answers).subspan(taken));
  return answers;
}

}  // namespace rewardpool::tests

#endif  // REWARDPOOL_TESTS_NATIVE_ACTOR_FIXTURE_H_
