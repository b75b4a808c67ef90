// mmap_storage.h - the log in files mapped into memory: an append is a copy, a
// sync is msync. For policies that sync rarely; where each draw is synced,
// FileStorage is faster.
//
// Same files, same promises and same preparation as file_storage.h, and a log
// written by one may be opened by the other. A segment is never mapped beyond
// what is allocated and durable on the disk, so a full disk is a status (kFull)
// and not a SIGBUS. What remains: if the medium fails to read a page back that
// was evicted, or someone else cuts the file, the process dies by SIGBUS, and
// the next opening recovers.
#ifndef REWARDPOOL_NATIVE_MMAP_STORAGE_H_
#define REWARDPOOL_NATIVE_MMAP_STORAGE_H_

#include <memory>
#include <string>

#include "rewardpool/native/storage_environment.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool::native {

// As OpenFileStorage(), with mapped segments.
[[nodiscard]] Result<std::unique_ptr<WalStorage>> OpenMmapStorage(
    const std::string& folder, const StorageEnvironment& environment = {});

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_MMAP_STORAGE_H_
