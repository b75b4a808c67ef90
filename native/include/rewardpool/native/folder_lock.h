// folder_lock.h - one owner to a pool's folder.
//
// The lock is flock() on the file `lock` in the folder. The system releases it
// when the process ends, however it ends; the file stays and means nothing by
// itself. A child process made by fork() without exec() shares the lock.
//
// Threads: a value type; one owner.
#ifndef REWARDPOOL_NATIVE_FOLDER_LOCK_H_
#define REWARDPOOL_NATIVE_FOLDER_LOCK_H_

#include <string>

#include "rewardpool/status.h"

namespace rewardpool::native {

enum class IfMissing { kFail, kCreate };

class FolderLock {
 public:
  // Locks `folder`. Never waits. With kCreate the folder, and those above it,
  // are made if missing, durably.
  //
  // Errors: kBusy (somebody has it, this process included; the message names the
  //         folder and the owner's process id), kNotFound (no such folder, with
  //         kFail), kIo (not a folder, or it may not be written to), kFull.
  [[nodiscard]] static Result<FolderLock> Acquire(const std::string& folder,
                                                  IfMissing if_missing = IfMissing::kFail);

  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) noexcept : descriptor_(descriptor) {}

  int descriptor_;  // -1: moved from
};

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_FOLDER_LOCK_H_
