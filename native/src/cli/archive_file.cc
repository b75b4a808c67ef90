#include "cli/archive_file.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "rewardpool/native/file_system.h"
#include "rewardpool/pool_archive.h"

namespace rewardpool::cli {
namespace {

using native::PosixFileSystem;

Status Named(const std::string& path, const Status& status) {
  return {status.code(), path + ": " + status.message()};
}

Result<std::vector<std::byte>> ReadFile(const std::string& path) {
  const auto file = PosixFileSystem().OpenForReading(path);
  if (!file.ok()) return file.status();
  const auto size = (*file)->Size();
  if (!size.ok()) return size.status();
  std::vector<std::byte> bytes(*size);
  const auto count = (*file)->Read(0, bytes);
  if (!count.ok()) return count.status();
  bytes.resize(*count);
  return bytes;
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

Status WriteNew(const std::string& path, std::span<const std::byte> bytes) {
  const auto file = PosixFileSystem().Create(path);
  if (!file.ok()) return file.status();
  RP_RETURN_IF_ERROR(native::WriteFully(**file, 0, bytes));
  return (*file)->SyncAll();
}

}  // namespace

bool IsFolder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

Result<ArchivedPool> ReadArchive(const std::string& path) {
  Result<std::vector<std::byte>> bytes = ReadFile(path);
  if (!bytes.ok()) return Status(StatusCode::kIo, bytes.status().message());
  Result<MemoryDisk> decoded = DecodePoolArchive(*bytes);
  if (!decoded.ok()) return Named(path, decoded.status());
  const std::size_t size = bytes->size();
  bytes = std::vector<std::byte>();  // a pool may be large
  auto files = std::make_shared<MemoryDisk>(*std::move(decoded));
  MemoryStorage log(files, MemoryNames::kFiles);
  MemorySnapshotStore snapshots(files, MemoryNames::kFiles);
  Result<VerifyReport> report = VerifyPool(log, snapshots);
  if (!report.ok()) return Named(path, report.status());
  return ArchivedPool{std::move(files), *std::move(report), size};
}

Status CheckTarget(const std::string& path, bool overwrite) {
  std::error_code ignored;  // what cannot be seen cannot be written to either
  const auto type = std::filesystem::symlink_status(path, ignored).type();
  if (type == std::filesystem::file_type::not_found || type == std::filesystem::file_type::none) {
    return Status::Ok();
  }
  if (type != std::filesystem::file_type::regular) {
    return {StatusCode::kInvalidArgument, path + " is not a file that could be overwritten"};
  }
  if (!overwrite) {
    return {StatusCode::kAlreadyExists, path + " exists; --force overwrites it"};
  }
  return Status::Ok();
}

Status WriteArchive(const std::string& path, std::span<const std::byte> archive, bool overwrite) {
  native::FileSystem& files = PosixFileSystem();
  // Of this process alone, so that two exports to one file do not mix.
  const std::string temporary = path + ".tmp-" + std::to_string(::getpid());
  RP_RETURN_IF_ERROR(native::UnlinkIfThere(files, temporary));
  Status status = WriteNew(temporary, archive);
  // Once more: it took a while.
  if (status.ok()) status = CheckTarget(path, overwrite);
  if (status.ok()) status = files.Rename(temporary, path);
  if (!status.ok()) {
    (void)native::UnlinkIfThere(files, temporary);
    return status;
  }
  return files.SyncFolder(FolderOf(path));
}

}  // namespace rewardpool::cli
