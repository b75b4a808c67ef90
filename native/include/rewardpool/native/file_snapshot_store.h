// file_snapshot_store.h - snapshots as files of a folder.
//
// A snapshot is written to `snapshot-<name>.tmp`, synced, renamed to
// `snapshot-<name>.snap`, and the folder is synced; so it is there wholly or not
// at all. If Publish() fails with kIo in its last step the snapshot may be
// listed and not yet be durable.
//
// Threads: as snapshot_store.h says.
#ifndef REWARDPOOL_NATIVE_FILE_SNAPSHOT_STORE_H_
#define REWARDPOOL_NATIVE_FILE_SNAPSHOT_STORE_H_

#include <memory>
#include <string>

#include "rewardpool/native/file_system.h"
#include "rewardpool/snapshot_store.h"

namespace rewardpool::native {

class FileSnapshotStore final : public SnapshotStore {
 public:
  // For an owner: removes temporary files that a crash left behind.
  //
  // Requires: the folder exists and the caller holds its FolderLock.
  // Errors:   kNotFound (no such folder), kIo.
  [[nodiscard]] static Result<std::unique_ptr<FileSnapshotStore>> Open(
      std::string folder, FileSystem& files = PosixFileSystem());

  // For readers, also of a read-only folder and without a lock: touches nothing;
  // Publish() and Remove() are refused with kInvalidArgument.
  [[nodiscard]] static std::unique_ptr<FileSnapshotStore> OpenForReading(
      std::string folder, FileSystem& files = PosixFileSystem());

  Result<std::vector<RequestId>> List() override;
  Result<std::vector<std::byte>> Load(RequestId name) override;
  Status Publish(RequestId name, std::span<const std::byte> bytes) override;
  Status Remove(RequestId name) override;
  // "snapshot-00000000000000000003.snap"
  std::string SnapshotName(RequestId name) const override;

 private:
  FileSnapshotStore(std::string folder, FileSystem& files, bool writable)
      : folder_(std::move(folder)), files_(&files), writable_(writable) {}

  Status CheckWritable() const;
  Status RemoveTemporaries();
  Status WriteTemporary(const std::string& path, std::span<const std::byte> bytes);

  const std::string folder_;
  FileSystem* const files_;
  const bool writable_;
};

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_FILE_SNAPSHOT_STORE_H_
