// temporary_folder.h - an empty folder for one test, removed with all in it.
#ifndef REWARDPOOL_TESTS_SUPPORT_TEMPORARY_FOLDER_H_
#define REWARDPOOL_TESTS_SUPPORT_TEMPORARY_FOLDER_H_

#include <string>

namespace rewardpool::tests {

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

}  // namespace rewardpool::tests

#endif  // REWARDPOOL_TESTS_SUPPORT_TEMPORARY_FOLDER_H_
