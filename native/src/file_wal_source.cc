#include "rewardpool/native/file_wal_source.h"

#include <algorithm>

#include "file_path.h"
#include "rewardpool/pool_file_names.h"
#include "zero_bytes.h"

namespace rewardpool::native {

Result<std::vector<SegmentInfo>> FileWalSource::ListSegments() {
  const auto names = files_->List(folder_);
  if (!names.ok()) return names.status();
  std::vector<SegmentInfo> list;
  for (const std::string& name : *names) {
    const auto number = ParseSegmentFileName(name);
    if (!number) continue;
    const auto file = files_->OpenForReading(PathOf(folder_, name));
    if (file.status().code() == StatusCode::kNotFound) continue;  // removed meanwhile
    if (!file.ok()) return file.status();
    const auto started = HasNonZeroFrom(**file, 0);
    if (!started.ok()) return started.status();
    if (!*started) continue;
    const auto size = (*file)->Size();
    if (!size.ok()) return size.status();
    list.push_back({.number = *number, .bytes = *size});
  }
  std::sort(list.begin(), list.end(),
            [](const SegmentInfo& a, const SegmentInfo& b) { return a.number < b.number; });
  return list;
}

Result<std::size_t> FileWalSource::Read(std::uint64_t segment, std::uint64_t offset,
                                        std::span<std::byte> out) {
  const auto file = files_->OpenForReading(PathOf(folder_, SegmentFileName(segment)));
  if (!file.ok()) return file.status();
  return (*file)->Read(offset, out);
}

std::string FileWalSource::SegmentName(std::uint64_t segment) const {
  return SegmentFileName(segment);
}

}  // namespace rewardpool::native
