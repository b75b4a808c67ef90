// pool_archive.h - a pool as one file: to keep, to send, and to open elsewhere.
//
// The file is a plain tar archive of the pool's files, so any tar program
// unpacks it to a folder that holds the pool. It is canonical: the same files
// give the same bytes. Its last entry lists checksums, so that every byte of it
// is covered: a flipped, missing or added byte is found before anything is used.
// Spec: docs/archive-format.md.
//
// An archive in order is a promise about bytes. Whether they are a pool, says
// VerifyPool() of what was decoded:
//
//     Result<MemoryDisk> files = DecodePoolArchive(bytes);
//     auto disk = std::make_shared<MemoryDisk>(*std::move(files));
//     MemoryStorage log(disk, MemoryNames::kFiles);
//     MemorySnapshotStore snapshots(disk, MemoryNames::kFiles);
//     Result<VerifyReport> report = VerifyPool(log, snapshots);
//
// Threads: free functions on objects that the caller owns.
#ifndef REWARDPOOL_POOL_ARCHIVE_H_
#define REWARDPOOL_POOL_ARCHIVE_H_

#include <cstddef>
#include <span>

#include "rewardpool/byte_buffer.h"
#include "rewardpool/memory_storage.h"
#include "rewardpool/recovery.h"
#include "rewardpool/snapshot_store.h"
#include "rewardpool/status.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool {

struct CollectedPool {
  // The pool's files, each cut to the bytes in use: no room for later, no torn
  // tail, no segment that was never begun or that a snapshot has made obsolete.
  MemoryDisk files;
  VerifyReport report;  // its notes tell what was left out
};

// Copies a pool out of its storage and verifies the copy. Changes nothing there.
//
// Beside a writer a reading may fail, since it is not of one moment: repeat it.
// One that succeeds holds a state that the pool was in, with all requests that
// were acknowledged before the call.
//
// Errors: those of VerifyPool(), damage included: nothing damaged is collected.
//         kFull (out of memory).
// Cost:   the pool's files in memory; replays the log that is there.
[[nodiscard]] Result<CollectedPool> CollectPoolFiles(WalSource& log, SnapshotStore& snapshots);

// Writes files as one archive: as they are, so collect them first.
//
// Errors: kInvalidArgument (no segment, or a file of 8 GiB or more), kFull (out
//         of memory).
// Cost:   one pass over the bytes; the archive's size in memory.
[[nodiscard]] Result<ByteBuffer> EncodePoolArchive(const MemoryDisk& files);

// Reads an archive back. Every byte is covered: any change to them is an error,
// and EncodePoolArchive() of the result is `archive` again.
//
// Errors: kCorrupt (the message names the entry and the offset in the archive),
//         kUnsupported (written by a newer program), kFull (out of memory).
// Cost:   two passes over the bytes; takes no more memory than `archive` is long,
//         but for a small constant for each entry.
[[nodiscard]] Result<MemoryDisk> DecodePoolArchive(std::span<const std::byte> archive);

}  // namespace rewardpool

#endif  // REWARDPOOL_POOL_ARCHIVE_H_
