#include "rewardpool/native/file_snapshot_store.h"

#include <algorithm>

#include "file_path.h"
#include "rewardpool/pool_file_names.h"

namespace rewardpool::native {

Result<std::unique_ptr<FileSnapshotStore>> FileSnapshotStore::Open(std::string folder,
                                                                   FileSystem& files) {
  std::unique_ptr<FileSnapshotStore> store(
      new FileSnapshotStore(std::move(folder), files, /*writable=*/true));
  RP_RETURN_IF_ERROR(store->RemoveTemporaries());
  return store;
}

std::unique_ptr<FileSnapshotStore> FileSnapshotStore::OpenForReading(std::string folder,
                                                                     FileSystem& files) {
  return std::unique_ptr<FileSnapshotStore>(
      new FileSnapshotStore(std::move(folder), files, /*writable=*/false));
}

Status FileSnapshotStore::RemoveTemporaries() {
  const auto names = files_->List(folder_);
  if (!names.ok()) return names.status();
  bool removed = false;
  for (const std::string& name : *names) {
    if (!ParseTemporarySnapshotFileName(name)) continue;
    RP_RETURN_IF_ERROR(UnlinkIfThere(*files_, PathOf(folder_, name)));
    removed = true;
  }
  return removed ? files_->SyncFolder(folder_) : Status::Ok();
}

Result<std::vector<RequestId>> FileSnapshotStore::List() {
  const auto files = files_->List(folder_);
  if (!files.ok()) return files.status();
  std::vector<RequestId> names;
  for (const std::string& file : *files) {
    if (const auto name = ParseSnapshotFileName(file)) names.push_back(*name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::byte>> FileSnapshotStore::Load(RequestId name) {
  const auto file = files_->OpenForReading(PathOf(folder_, SnapshotFileName(name)));
  if (!file.ok()) return file.status();
  const auto size = (*file)->Size();
  if (!size.ok()) return size.status();
  std::vector<std::byte> bytes(*size);
  const auto count = (*file)->Read(0, bytes);
  if (!count.ok()) return count.status();
  bytes.resize(*count);
  return bytes;
}

Status FileSnapshotStore::CheckWritable() const {
  return writable_ ? Status::Ok()
                   : Status(StatusCode::kInvalidArgument,
                            "the snapshots in " + folder_ + " were opened for reading only");
}

Status FileSnapshotStore::WriteTemporary(const std::string& path,
                                         std::span<const std::byte> bytes) {
  const auto file = files_->Create(path);
  if (!file.ok()) return file.status();
  RP_RETURN_IF_ERROR(WriteFully(**file, 0, bytes));
  return (*file)->SyncAll();
}

Status FileSnapshotStore::Publish(RequestId name, std::span<const std::byte> bytes) {
  RP_RETURN_IF_ERROR(CheckWritable());
  const std::string temporary = PathOf(folder_, TemporarySnapshotFileName(name));
  RP_RETURN_IF_ERROR(UnlinkIfThere(*files_, temporary));
  Status status = WriteTemporary(temporary, bytes);
  if (status.ok()) status = files_->Rename(temporary, PathOf(folder_, SnapshotFileName(name)));
  if (!status.ok()) {
    // Gives the room back. If even that fails, the next owner removes the file.
    (void)UnlinkIfThere(*files_, temporary);
    return status;
  }
  return files_->SyncFolder(folder_);
}

Status FileSnapshotStore::Remove(RequestId name) {
  RP_RETURN_IF_ERROR(CheckWritable());
  RP_RETURN_IF_ERROR(UnlinkIfThere(*files_, PathOf(folder_, SnapshotFileName(name))));
  return files_->SyncFolder(folder_);
}

std::string FileSnapshotStore::SnapshotName(RequestId name) const { return SnapshotFileName(name); }

}  // namespace rewardpool::native
