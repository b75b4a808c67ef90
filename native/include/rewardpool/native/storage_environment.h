// storage_environment.h - what storage needs from outside: files and a helper
// thread. The defaults are the real ones; tests put simulated ones here.
#ifndef REWARDPOOL_NATIVE_STORAGE_ENVIRONMENT_H_
#define REWARDPOOL_NATIVE_STORAGE_ENVIRONMENT_H_

#include <memory>

#include "rewardpool/native/background_tasks.h"
#include "rewardpool/native/file_system.h"

namespace rewardpool::native {

struct StorageEnvironment {
  FileSystem* files = &PosixFileSystem();  // must outlive the storage
  std::shared_ptr<BackgroundTasks> background = MakeBackgroundThread();
};

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_STORAGE_ENVIRONMENT_H_
