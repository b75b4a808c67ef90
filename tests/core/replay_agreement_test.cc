// Draws that are counted in parts lead to what draws replayed one by one lead to.
#include "support/replay_agreement.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "rewardpool/memory_storage.h"

namespace rewardpool::testing {
namespace {

TEST(ReplayAgreement, ForgedLogsReadTheSameCountedAndReplayed) {
  constexpr std::uint64_t kSeeds = 120;
  BackwardWorkers workers;
  std::uint64_t refused = 0;
  [[maybe_unused]] std::uint64_t runs = 0;  // in WebAssembly nothing is counted
  [[maybe_unused]] std::uint64_t replayed = 0;
  std::set<std::string> reasons;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto disk = std::make_shared<MemoryDisk>(ForgeLog(seed));
    MemoryStorage log(disk);
    MemorySnapshotStore snapshots(disk);
    const ReplayedLog read = ExpectReadingsAgree(log, snapshots, workers);
    if (HasFailure()) return;
    EXPECT_TRUE(read.status.ok() || seed % 2 == 1) << read.status.ToString();
    runs += read.runs;
    replayed += read.replayed;
    if (!read.status.ok()) {
      ++refused;
      const std::string& message = read.status.message();
      for (const char* const reason :
           {"where no item is", "weight 0", "out of stock", "does not begin with request",
            "number of bits", "not zero", "not a torn tail"}) {
        if (message.find(reason) != std::string::npos) reasons.insert(reason);
      }
    }
  }
  // Otherwise nothing was compared.
  EXPECT_GT(refused, kSeeds / 4);
  EXPECT_EQ(reasons.size(), 7u) << ::testing::PrintToString(reasons);
#ifndef __EMSCRIPTEN__
  EXPECT_GT(runs, 2 * replayed);
#endif
}

TEST(ReplayAgreement, LargeCatalogsReadTheSameAtOnceAndOneByOne) {
  constexpr std::size_t kItems = 20'000;
  BackwardWorkers workers;
  const auto read = [&workers](std::size_t bad, const std::string& bad_id) {
    SCOPED_TRACE("item " + std::to_string(bad) + ": " + bad_id);
    const auto disk = std::make_shared<MemoryDisk>(ForgeCatalog(kItems, bad, bad_id));
    MemoryStorage log(disk);
    MemorySnapshotStore snapshots(disk);
    return ExpectReadingsAgree(log, snapshots, workers).status;
  };
  EXPECT_TRUE(read(7, "another id").ok());
  const std::pair<std::size_t, const char*> flaws[] = {{1, "item 0"},      {8'191, "\x80"},
                                                       {8'192, "item 0"},  {16'383, "\x80"},
                                                       {16'384, "item 0"}, {19'999, "\x80"}};
  for (const auto& [bad, bad_id] : flaws) {
    const Status status = read(bad, bad_id);
    if (HasFailure()) return;
    const std::string record = "record " + std::to_string(bad + 1) + ":";
    EXPECT_NE(status.message().find(record), std::string::npos) << status.ToString();
  }
}

}  // namespace
}  // namespace rewardpool::testing
