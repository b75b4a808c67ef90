// Pools on files in a process that has too few descriptors: what cannot be done is
// refused, and nothing is broken by it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rewardpool/rewardpool.h"
#include "rewardpool/testing/temporary_folder.h"

namespace rewardpool::tests {
namespace {

using testing::TemporaryFolder;

using ::testing::HasSubstr;

constexpr rlim_t kDescriptorsMax = 64;

// While it lives, this process may open so many files more.
class FewDescriptors {
 public:
  explicit FewDescriptors(std::size_t left) {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit few = before_;
    few.rlim_cur = kDescriptorsMax;
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    for (int taken = Take(); taken >= 0; taken = Take()) taken_.push_back(taken);
    EXPECT_GE(taken_.size(), left);
    for (; left > 0 && !taken_.empty(); --left) GiveBackOne();
  }
  ~FewDescriptors() {
    while (!taken_.empty()) GiveBackOne();
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  static int Take() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
  void GiveBackOne() {
    ::close(taken_.back());
    taken_.pop_back();
  }

  rlimit before_{};
  std::vector<int> taken_;
};

class DescriptorShortageTest : public ::testing::TestWithParam<StorageKind> {
 protected:
  PoolOptions Options(const std::string& name) const {
    PoolOptions options;
    options.storage = GetParam();
    options.dir = folder_.path() + "/" + name;
    options.catalog = {{"gold", 1}, {"silver", 9}};
    options.threads = threads_;
    return options;
  }

  static std::uint64_t DrawnOf(Pool& pool) {
    const auto state = pool.State();
    EXPECT_TRUE(state.ok()) << state.status().ToString();
    std::uint64_t drawn = 0;
    for (const ItemView& item : state->items) drawn += item.drawn;
    return drawn;
  }

  const TemporaryFolder folder_;
  const std::shared_ptr<PoolThreads> threads_ = PoolThreads::Start({.actors = 1}).value();
};

INSTANTIATE_TEST_SUITE_P(Storages, DescriptorShortageTest,
                         ::testing::Values(StorageKind::kFile, StorageKind::kMmap));

TEST_P(DescriptorShortageTest, APoolTooManyIsRefusedAndOpensWhenAnotherHasClosed) {
  std::vector<Pool> pools;
  const FewDescriptors descriptors(20);
  StatusCode refused = StatusCode::kOk;
  while (refused == StatusCode::kOk) {
    auto pool = Pool::Open(Options(std::to_string(pools.size())));
    // The first draw begins a segment, for which there may be no descriptor either.
    refused = pool.ok() ? pool->Draw().code : pool.status().code();
    if (refused == StatusCode::kOk) pools.push_back(*std::move(pool));
  }
  EXPECT_EQ(refused, StatusCode::kFull);
  // Each keeps its lock and its segment open, and needs more only for a while.
  EXPECT_GE(pools.size(), 7U);
  for (Pool& pool : pools) EXPECT_TRUE(pool.Draw().ok());

  const std::string name = std::to_string(pools.size());
  for (int closed = 0; closed < 3; ++closed) pools.pop_back();
  auto pool = Pool::Open(Options(name));
  ASSERT_TRUE(pool.ok()) << pool.status().ToString();
  EXPECT_TRUE(pool->Draw().ok());
}

TEST_P(DescriptorShortageTest, WhereverOpeningEndsForWantOfOneAnotherAttemptSucceeds) {
  for (const bool is_new : {true, false}) {
    bool opened = false;
    for (std::size_t left = 0; !opened; ++left) {
      SCOPED_TRACE(left);
      ASSERT_LE(left, 8U);
      const PoolOptions options = Options(std::to_string(is_new) + "-" + std::to_string(left));
      if (!is_new) {
        auto pool = Pool::Open(options);
        ASSERT_TRUE(pool.ok()) << pool.status().ToString();
        ASSERT_TRUE(pool->Draw().ok());
      }
      {
        const FewDescriptors descriptors(left);
        auto pool = Pool::Open(options);
        opened = pool.ok();
        EXPECT_EQ(pool.status().code(), opened ? StatusCode::kOk : StatusCode::kFull);
        if (!opened) {
          EXPECT_THAT(pool.status().message(), HasSubstr("Too many open files"));
        }
      }
      // A folder that could not be made durable would be taken for one that is.
      EXPECT_EQ(std::filesystem::exists(options.dir), !is_new || left > 0);
      auto pool = Pool::Open(options);
      ASSERT_TRUE(pool.ok()) << pool.status().ToString();
      EXPECT_TRUE(pool->Draw().ok());
      EXPECT_EQ(DrawnOf(*pool), is_new ? 1U : 2U);
    }
  }
}

// A draw that would begin a segment is undone, as on a full disk.
TEST_P(DescriptorShortageTest, ADrawThatWantsASegmentIsRefusedUntilThereIsADescriptor) {
  PoolOptions options = Options("small segments");
  options.segment_bytes_max = kSegmentBytesMin;
  std::uint64_t acknowledged = 0;
  {
    auto pool = Pool::Open(options);
    ASSERT_TRUE(pool.ok()) << pool.status().ToString();
    StatusCode refused = StatusCode::kOk;
    {
      const FewDescriptors descriptors(0);
      while (refused == StatusCode::kOk) {
        const DrawResult drawn = pool->Draw();
        refused = drawn.code;
        acknowledged += drawn.ok() ? 1 : 0;
        ASSERT_LT(acknowledged, kSegmentBytesMin);
      }
    }
    EXPECT_EQ(refused, StatusCode::kFull);
    EXPECT_TRUE(pool->Failure().ok());
    EXPECT_TRUE(pool->Draw().ok());
    ++acknowledged;
    EXPECT_EQ(DrawnOf(*pool), acknowledged);
  }
  auto pool = Pool::Open(options);
  ASSERT_TRUE(pool.ok()) << pool.status().ToString();
  EXPECT_EQ(DrawnOf(*pool), acknowledged);
}

}  // namespace
}  // namespace rewardpool::tests
