#include "rewardpool/memory_storage.h"

#include <algorithm>
#include <new>

#include "rewardpool/pool_file_names.h"

namespace rewardpool {
namespace {

bool AllZero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

Status OutOfMemory(std::string_view what) {
  return Status(StatusCode::kFull, "out of memory: " + std::string(what));
}

Status NoSuch(const std::string& name) {
  return Status(StatusCode::kNotFound, name + " does not exist");
}

}  // namespace

Result<std::vector<SegmentInfo>> MemoryStorage::ListSegments() {
  const std::lock_guard lock(mutex_);
  std::vector<SegmentInfo> list;
  for (const auto& [number, bytes] : disk_->segments) {
    if (!AllZero(bytes)) list.push_back({.number = number, .bytes = bytes.size()});
  }
  return list;
}

Result<std::size_t> MemoryStorage::Read(std::uint64_t segment, std::uint64_t offset,
                                        std::span<std::byte> out) {
  const std::lock_guard lock(mutex_);
  const auto found = disk_->segments.find(segment);
  if (found == disk_->segments.end()) return NoSuch(SegmentName(segment));
  const std::vector<std::byte>& bytes = found->second;
  if (offset >= bytes.size()) return std::size_t{0};
  const std::size_t count = std::min<std::uint64_t>(out.size(), bytes.size() - offset);
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
  return count;
}

std::string MemoryStorage::SegmentName(std::uint64_t segment) const {
  return names_ == MemoryNames::kFiles ? SegmentFileName(segment)
                                       : "memory segment " + std::to_string(segment);
}

Status MemoryStorage::StartSegment(std::uint64_t segment, std::uint64_t /*capacity_bytes*/,
                                   std::span<const std::byte> header) {
  const std::lock_guard lock(mutex_);
  if (!disk_->segments.empty()) {
    const auto& [last, bytes] = *disk_->segments.rbegin();
    const bool left_behind =
        segment == last && open_ != &bytes &&
        AllZero(std::span(bytes).subspan(std::min(header.size(), bytes.size())));
    if (segment <= last && !left_behind) {
      return Status(StatusCode::kInvalidArgument,
                    SegmentName(segment) + " cannot be started: " + SegmentName(last) + " exists");
    }
  }
  try {
    std::vector<std::byte> bytes(header.begin(), header.end());
    std::vector<std::byte>& stored = disk_->segments[segment];
    stored = std::move(bytes);
    open_ = &stored;
    open_number_ = segment;
  } catch (const std::bad_alloc&) {
    return OutOfMemory(SegmentName(segment));
  }
  return Status::Ok();
}

Status MemoryStorage::Append(std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  if (open_ == nullptr) return Status(StatusCode::kClosed, "no segment is open");
  try {
    open_->insert(open_->end(), bytes.begin(), bytes.end());
  } catch (const std::bad_alloc&) {
    return OutOfMemory(SegmentName(open_number_));
  }
  return Status::Ok();
}

Status MemoryStorage::Sync() { return Status::Ok(); }

Status MemoryStorage::CheckNotOpen(std::uint64_t segment) const {
  if (open_ == nullptr || segment != open_number_) return Status::Ok();
  return Status(StatusCode::kInvalidArgument, SegmentName(segment) + " is open for appending");
}

Status MemoryStorage::Truncate(std::uint64_t segment, std::uint64_t length) {
  const std::lock_guard lock(mutex_);
  RP_RETURN_IF_ERROR(CheckNotOpen(segment));
  const auto found = disk_->segments.find(segment);
  if (found == disk_->segments.end()) return NoSuch(SegmentName(segment));
  if (length > found->second.size()) {
    return Status(StatusCode::kInvalidArgument,
                  SegmentName(segment) + " is shorter than " + std::to_string(length) + " bytes");
  }
  found->second.resize(length);
  return Status::Ok();
}

Status MemoryStorage::Persist(std::uint64_t segment) {
  const std::lock_guard lock(mutex_);
  RP_RETURN_IF_ERROR(CheckNotOpen(segment));
  return disk_->segments.contains(segment) ? Status::Ok() : NoSuch(SegmentName(segment));
}

Status MemoryStorage::RemoveSegment(std::uint64_t segment) {
  const std::lock_guard lock(mutex_);
  RP_RETURN_IF_ERROR(CheckNotOpen(segment));
  disk_->segments.erase(segment);
  return Status::Ok();
}

Status MemoryStorage::Close() {
  const std::lock_guard lock(mutex_);
  open_ = nullptr;
  return Status::Ok();
}

Result<std::vector<RequestId>> MemorySnapshotStore::List() {
  std::vector<RequestId> names;
  for (const auto& [name, bytes] : disk_->snapshots) names.push_back(name);
  return names;
}

Result<std::vector<std::byte>> MemorySnapshotStore::Load(RequestId name) {
  const auto found = disk_->snapshots.find(name);
  if (found == disk_->snapshots.end()) return NoSuch(SnapshotName(name));
  return found->second;
}

Status MemorySnapshotStore::Publish(RequestId name, std::span<const std::byte> bytes) {
  try {
    std::vector<std::byte> copy(bytes.begin(), bytes.end());
    disk_->snapshots[name] = std::move(copy);
  } catch (const std::bad_alloc&) {
    return OutOfMemory(SnapshotName(name));
  }
  return Status::Ok();
}

Status MemorySnapshotStore::Remove(RequestId name) {
  disk_->snapshots.erase(name);
  return Status::Ok();
}

std::string MemorySnapshotStore::SnapshotName(RequestId name) const {
  return names_ == MemoryNames::kFiles ? SnapshotFileName(name)
                                       : "memory snapshot " + std::to_string(name);
}

}  // namespace rewardpool
