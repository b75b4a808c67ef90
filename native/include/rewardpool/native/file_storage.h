// file_storage.h - the log in files of a folder, written with pwrite and made
// durable with fdatasync. The default of a native pool.
//
// The folder holds `wal-<number>.log`, 20 digits. A segment's room is allocated
// and filled with zeros before it is used, so that a sync writes data and no
// metadata; the next segment is made ready in the background, so that rotation
// costs one header. The first segment of a run grows by 1 MiB at a time, and
// Close() gives back what is not used: a short run leaves small files. Why so:
// docs/adr/0002-segment-preparation.md.
//
// After a failed write or sync everything but reading is refused with kIo, until
// the folder is opened again: nothing is retried on a page cache that may lie.
//
// On a full disk: kFull; what is durable stays, reading works, and the call may
// be repeated once there is room.
//
// Threads: as wal_storage.h says.
#ifndef REWARDPOOL_NATIVE_FILE_STORAGE_H_
#define REWARDPOOL_NATIVE_FILE_STORAGE_H_

#include <memory>
#include <string>

#include "rewardpool/native/storage_environment.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool::native {

// Opens the log in `folder` for writing. Removes segments that were prepared by
// an earlier run and never started, and what an import that was cut short has
// left.
//
// Requires: the folder exists and the caller holds its FolderLock.
// Errors:   kNotFound (no such folder), kIo.
[[nodiscard]] Result<std::unique_ptr<WalStorage>> OpenFileStorage(
    const std::string& folder, const StorageEnvironment& environment = {});

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_FILE_STORAGE_H_
