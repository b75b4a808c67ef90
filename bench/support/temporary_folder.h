// temporary_folder.h - a folder for one benchmark, below $TMPDIR or /tmp, removed
// with all that is in it. Point TMPDIR at the disk to be measured.
//
// Threads: one owner.
#ifndef REWARDPOOL_BENCH_SUPPORT_TEMPORARY_FOLDER_H_
#define REWARDPOOL_BENCH_SUPPORT_TEMPORARY_FOLDER_H_

#include <string>

namespace rewardpool::bench {

class TemporaryFolder {
 public:
  // Ends the program if there can be none.
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace rewardpool::bench

#endif  // REWARDPOOL_BENCH_SUPPORT_TEMPORARY_FOLDER_H_
