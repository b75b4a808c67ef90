// simulated_file_system.h - the native file system interface over a
// SimulatedDisk, and background work that runs when the test says: together
// they put the real FileStorage, MmapStorage and FileSnapshotStore on a disk
// that crashes.
#ifndef REWARDPOOL_TESTS_SUPPORT_SIMULATED_FILE_SYSTEM_H_
#define REWARDPOOL_TESTS_SUPPORT_SIMULATED_FILE_SYSTEM_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rewardpool/native/background_tasks.h"
#include "rewardpool/native/file_system.h"
#include "rewardpool/testing/simulated_disk.h"

namespace rewardpool::tests {

// One folder, whatever the paths say: only the last part of a path counts.
class SimulatedFileSystem final : public native::FileSystem {
 public:
  // `disk` must outlive this and all files.
  explicit SimulatedFileSystem(testing::SimulatedDisk& disk) : disk_(disk) {}

  Result<std::unique_ptr<native::File>> Create(const std::string& path) override;
  Result<std::unique_ptr<native::File>> OpenForReading(const std::string& path) override;
  Result<std::unique_ptr<native::File>> OpenForWriting(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& folder) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Unlink(const std::string& path) override;
  Status SyncFolder(const std::string& folder) override;

 private:
  testing::SimulatedDisk& disk_;
};

// When background work is done: the two ends of what a thread might do.
enum class BackgroundMoment { kAtOnce, kWhenWaitedFor };

class ScriptedBackground final : public native::BackgroundTasks {
 public:
  explicit ScriptedBackground(BackgroundMoment moment) : moment_(moment) {}
  ~ScriptedBackground() override { Drain(); }

  void Post(std::function<void()> task) override;
  void Drain() override;

 private:
  const BackgroundMoment moment_;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace rewardpool::tests

#endif  // REWARDPOOL_TESTS_SUPPORT_SIMULATED_FILE_SYSTEM_H_
