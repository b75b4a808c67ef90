// pool_import.h - puts the files of a pool that came from elsewhere (an archive,
// pool_archive.h) into a folder.
//
// Threads: free functions.
#ifndef REWARDPOOL_NATIVE_POOL_IMPORT_H_
#define REWARDPOOL_NATIVE_POOL_IMPORT_H_

#include <string>

#include "rewardpool/memory_storage.h"
#include "rewardpool/native/file_system.h"
#include "rewardpool/status.h"

namespace rewardpool::native {

// Makes `folder` hold the pool; durable on return.
//
// After a crash at any moment the folder holds no pool, or something that is
// refused as damaged, or all of the pool: every request and the whole state,
// though snapshots that would shorten its recovery may be missing. In the first
// two cases the same import can be repeated, and completes.
//
// Inputs: pool: files that VerifyPool() finds good. folder: exists; the caller
//         holds its FolderLock.
// Errors: kAlreadyExists (the folder has a pool, or files of another one;
//         nothing was changed), kFull (the folder is as it was before), kIo.
// Cost:   writes and syncs each file, and syncs the folder once for each.
[[nodiscard]] Status ImportPool(const MemoryDisk& pool, const std::string& folder,
                                FileSystem& files = PosixFileSystem());

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_POOL_IMPORT_H_
