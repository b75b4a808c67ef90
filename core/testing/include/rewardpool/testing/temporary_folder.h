// temporary_folder.h - an empty folder for one test or benchmark, removed with all
// that is in it. Point TMPDIR at the disk that is meant.
//
// Threads: one owner.
#ifndef REWARDPOOL_TESTING_TEMPORARY_FOLDER_H_
#define REWARDPOOL_TESTING_TEMPORARY_FOLDER_H_

#include <string>

namespace rewardpool::testing {

class TemporaryFolder {
 public:
  // Made below $TMPDIR, or /tmp. Ends the program if that fails.
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace rewardpool::testing

#endif  // REWARDPOOL_TESTING_TEMPORARY_FOLDER_H_
