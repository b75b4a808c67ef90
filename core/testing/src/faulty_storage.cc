#include "rewardpool/testing/faulty_storage.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace rewardpool::testing {
namespace {

constexpr std::string_view kSegmentPrefix = "wal-";
constexpr std::string_view kSnapshotPrefix = "snapshot-";
constexpr std::string_view kTemporarySuffix = ".tmp";

std::string NameOf(std::string_view prefix, std::uint64_t number) {
  return std::string(prefix) + std::to_string(number);
}

// The number in `name` if it is the prefix and a number, nothing else.
std::optional<std::uint64_t> NumberOf(std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

bool AllZero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

Result<std::vector<std::byte>> ReadWhole(SimulatedDisk& disk, const std::string& name) {
  const auto file = disk.Open(name);
  if (!file.ok()) return file.status();
  const auto size = disk.Size(*file);
  if (!size.ok()) return size.status();
  std::vector<std::byte> bytes(*size);
  const auto count = disk.Read(*file, 0, bytes);
  if (!count.ok()) return count.status();
  bytes.resize(*count);
  return bytes;
}

Status WriteWhole(SimulatedDisk& disk, const SimulatedDisk::Handle& file, std::uint64_t offset,
                  std::span<const std::byte> bytes) {
  const auto count = disk.Write(file, offset, bytes);
  if (!count.ok()) return count.status();
  return *count == bytes.size() ? Status::Ok() : Status(StatusCode::kIo, "short write (injected)");
}

// Ok also if there is none.
Status RemoveIfThere(SimulatedDisk& disk, const std::string& name) {
  const Status status = disk.Remove(name);
  return status.code() == StatusCode::kNotFound ? Status::Ok() : status;
}

}  // namespace

MemoryDisk FaultyStorage::Crash() {
  disk_->LosePower(0);
  return ToMemoryDisk(disk_->Visible());
}

std::string FaultyStorage::SegmentName(std::uint64_t segment) const {
  return NameOf(kSegmentPrefix, segment);
}

Result<std::vector<SegmentInfo>> FaultyStorage::ListSegments() {
  const auto names = disk_->List();
  if (!names.ok()) return names.status();
  std::vector<SegmentInfo> list;
  for (const std::string& name : *names) {
    const auto number = NumberOf(kSegmentPrefix, name);
    if (!number) continue;
    const auto bytes = ReadWhole(*disk_, name);
    if (bytes.status().code() == StatusCode::kNotFound) continue;  // removed meanwhile
    if (!bytes.ok()) return bytes.status();
    if (!AllZero(*bytes)) list.push_back({.number = *number, .bytes = bytes->size()});
  }
  std::sort(list.begin(), list.end(),
            [](const SegmentInfo& a, const SegmentInfo& b) { return a.number < b.number; });
  return list;
}

Result<std::size_t> FaultyStorage::Read(std::uint64_t segment, std::uint64_t offset,
                                        std::span<std::byte> out) {
  const auto file = disk_->Open(SegmentName(segment));
  if (!file.ok()) return file.status();
  return disk_->Read(*file, offset, out);
}

Status FaultyStorage::CheckStart(std::uint64_t segment, std::size_t header_bytes,
                                 bool* left_behind) {
  const auto names = disk_->List();
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    const auto number = NumberOf(kSegmentPrefix, name);
    if (!number || *number < segment) continue;
    const auto bytes = ReadWhole(*disk_, name);
    if (!bytes.ok()) return bytes.status();
    const auto behind_header = std::span(*bytes).subspan(std::min(header_bytes, bytes->size()));
    const bool is_open = open_ != nullptr && *number == open_number_;
    *left_behind = *number == segment && !is_open && AllZero(behind_header);
    if (!*left_behind) {
      return Status(StatusCode::kInvalidArgument,
                    SegmentName(segment) + " cannot be started: " + name + " exists");
    }
  }
  return Status::Ok();
}

Result<SimulatedDisk::Handle> FaultyStorage::Prepare(const std::string& name,
                                                     std::uint64_t room_bytes,
                                                     std::span<const std::byte> header) {
  const auto file = disk_->Create(name);
  if (!file.ok()) return file.status();
  RP_RETURN_IF_ERROR(disk_->Resize(*file, room_bytes));
  RP_RETURN_IF_ERROR(disk_->Sync(*file));
  RP_RETURN_IF_ERROR(disk_->SyncFolder());
  RP_RETURN_IF_ERROR(WriteWhole(*disk_, *file, 0, header));
  RP_RETURN_IF_ERROR(disk_->Sync(*file));
  return *file;
}

Status FaultyStorage::StartSegment(std::uint64_t segment, std::uint64_t capacity_bytes,
                                   std::span<const std::byte> header) {
  const std::lock_guard lock(mutex_);
  bool left_behind = false;
  RP_RETURN_IF_ERROR(CheckStart(segment, header.size(), &left_behind));
  if (open_ != nullptr) RP_RETURN_IF_ERROR(disk_->Sync(open_));
  const std::string name = SegmentName(segment);
  if (left_behind) RP_RETURN_IF_ERROR(disk_->Remove(name));
  const auto file = Prepare(name, std::min(capacity_bytes, room_bytes_), header);
  if (file.status().code() == StatusCode::kFull) {
    RP_RETURN_IF_ERROR(RemoveIfThere(*disk_, name));
    RP_RETURN_IF_ERROR(disk_->SyncFolder());
  }
  if (!file.ok()) return file.status();
  open_ = *file;
  open_number_ = segment;
  used_bytes_ = header.size();
  return Status::Ok();
}

Status FaultyStorage::Append(std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  if (open_ == nullptr) return Status(StatusCode::kClosed, "no segment is open");
  const auto count = disk_->Write(open_, used_bytes_, bytes);
  if (!count.ok()) return count.status();
  used_bytes_ += *count;
  return *count == bytes.size() ? Status::Ok() : Status(StatusCode::kIo, "short write (injected)");
}

Status FaultyStorage::Sync() {
  const std::lock_guard lock(mutex_);
  return open_ == nullptr ? Status::Ok() : disk_->Sync(open_);
}

Status FaultyStorage::CheckNotOpen(std::uint64_t segment) const {
  if (open_ == nullptr || segment != open_number_) return Status::Ok();
  return Status(StatusCode::kInvalidArgument, SegmentName(segment) + " is open for appending");
}

Status FaultyStorage::Truncate(std::uint64_t segment, std::uint64_t length) {
  const std::lock_guard lock(mutex_);
  RP_RETURN_IF_ERROR(CheckNotOpen(segment));
  const auto file = disk_->Open(SegmentName(segment));
  if (!file.ok()) return file.status();
  const auto size = disk_->Size(*file);
  if (!size.ok()) return size.status();
  if (length > *size) {
    return Status(StatusCode::kInvalidArgument,
                  SegmentName(segment) + " is shorter than " + std::to_string(length) + " bytes");
  }
  RP_RETURN_IF_ERROR(disk_->Resize(*file, length));
  return disk_->Sync(*file);
}

Status FaultyStorage::Persist(std::uint64_t segment) {
  const std::lock_guard lock(mutex_);
  RP_RETURN_IF_ERROR(CheckNotOpen(segment));
  const auto bytes = ReadWhole(*disk_, SegmentName(segment));
  if (!bytes.ok()) return bytes.status();
  const auto file = disk_->Open(SegmentName(segment));
  if (!file.ok()) return file.status();
  RP_RETURN_IF_ERROR(WriteWhole(*disk_, *file, 0, *bytes));
  RP_RETURN_IF_ERROR(disk_->Sync(*file));
  return disk_->SyncFolder();
}

Status FaultyStorage::RemoveSegment(std::uint64_t segment) {
  const std::lock_guard lock(mutex_);
  RP_RETURN_IF_ERROR(CheckNotOpen(segment));
  RP_RETURN_IF_ERROR(RemoveIfThere(*disk_, SegmentName(segment)));
  return disk_->SyncFolder();
}

Status FaultyStorage::Close() {
  const std::lock_guard lock(mutex_);
  if (open_ == nullptr) return Status::Ok();
  const SimulatedDisk::Handle file = std::exchange(open_, nullptr);
  RP_RETURN_IF_ERROR(disk_->Sync(file));
  RP_RETURN_IF_ERROR(disk_->Resize(file, used_bytes_));
  return disk_->Sync(file);
}

std::string FaultySnapshotStore::SnapshotName(RequestId name) const {
  return NameOf(kSnapshotPrefix, name);
}

Result<std::vector<RequestId>> FaultySnapshotStore::List() {
  const auto files = disk_->List();
  if (!files.ok()) return files.status();
  std::vector<RequestId> names;
  for (const std::string& file : *files) {
    if (const auto name = NumberOf(kSnapshotPrefix, file)) names.push_back(*name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::byte>> FaultySnapshotStore::Load(RequestId name) {
  return ReadWhole(*disk_, SnapshotName(name));
}

Status FaultySnapshotStore::WriteTemporary(const std::string& name,
                                           std::span<const std::byte> bytes) {
  const auto file = disk_->Create(name);
  if (!file.ok()) return file.status();
  RP_RETURN_IF_ERROR(WriteWhole(*disk_, *file, 0, bytes));
  return disk_->Sync(*file);
}

Status FaultySnapshotStore::Publish(RequestId name, std::span<const std::byte> bytes) {
  const std::string final_name = SnapshotName(name);
  const std::string temporary = final_name + std::string(kTemporarySuffix);
  const auto files = disk_->List();
  if (!files.ok()) return files.status();
  if (std::find(files->begin(), files->end(), temporary) != files->end()) {
    RP_RETURN_IF_ERROR(disk_->Remove(temporary));
  }
  RP_RETURN_IF_ERROR(WriteTemporary(temporary, bytes));
  RP_RETURN_IF_ERROR(disk_->Rename(temporary, final_name));
  return disk_->SyncFolder();
}

Status FaultySnapshotStore::Remove(RequestId name) {
  RP_RETURN_IF_ERROR(RemoveIfThere(*disk_, SnapshotName(name)));
  return disk_->SyncFolder();
}

MemoryDisk ToMemoryDisk(const FileContents& files) {
  MemoryDisk disk;
  for (const auto& [name, bytes] : files) {
    if (const auto segment = NumberOf(kSegmentPrefix, name)) disk.segments[*segment] = bytes;
    if (const auto snapshot = NumberOf(kSnapshotPrefix, name)) disk.snapshots[*snapshot] = bytes;
  }
  return disk;
}

FileContents ToFileContents(const MemoryDisk& disk) {
  FileContents files;
  for (const auto& [number, bytes] : disk.segments) files[NameOf(kSegmentPrefix, number)] = bytes;
  for (const auto& [name, bytes] : disk.snapshots) files[NameOf(kSnapshotPrefix, name)] = bytes;
  return files;
}

}  // namespace rewardpool::testing
