#include "rewardpool/native/file_system.h"

namespace rewardpool::native {

Status WriteFully(File& file, std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto count = file.Write(offset, bytes);
    if (!count.ok()) return count.status();
    if (*count == 0) return Status(StatusCode::kIo, "a write made no progress");
    offset += *count;
    bytes = bytes.subspan(*count);
  }
  return Status::Ok();
}

Status UnlinkIfThere(FileSystem& files, const std::string& path) {
  Status status = files.Unlink(path);
  return status.code() == StatusCode::kNotFound ? Status::Ok() : status;
}

}  // namespace rewardpool::native
