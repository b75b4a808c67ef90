#include "deferred_storage.h"

#include <algorithm>
#include <cassert>

#include "rewardpool/wal_format.h"

namespace rewardpool::wasm {

using Kind = StorageOperation::Kind;

DeferredStorage::DeferredStorage() : log_(disk_, operations_), snapshots_(disk_, operations_) {}

std::span<std::byte> DeferredStorage::LoadSegment(std::uint64_t number, std::size_t byte_count) {
  std::vector<std::byte>& bytes = disk_->segments[number];
  bytes.assign(byte_count, std::byte{0});
  return bytes;
}

std::span<std::byte> DeferredStorage::LoadSnapshot(RequestId name, std::size_t byte_count) {
  std::vector<std::byte>& bytes = disk_->snapshots[name];
  bytes.assign(byte_count, std::byte{0});
  return bytes;
}

void DeferredStorage::ForgetContent() {
  // The segment that was open here is just one of many from now on.
  const Status closed = log_.Close();
  assert(closed.ok());
  (void)closed;
  for (auto& [number, bytes] : disk_->segments) {
    const auto header = std::span(bytes).first(std::min(bytes.size(), kSegmentHeaderBytes));
    bytes = std::vector<std::byte>(header.begin(), header.end());
  }
  for (auto& [name, bytes] : disk_->snapshots) bytes = std::vector<std::byte>();
}

void DeferredStorage::NoteSegment(std::uint64_t number, std::span<const std::byte> header) {
  disk_->segments[number].assign(header.begin(), header.end());
}

void DeferredStorage::NoteSnapshot(RequestId name) { disk_->snapshots[name]; }

// --- The log ------------------------------------------------------------------

Result<std::vector<SegmentInfo>> DeferredStorage::Log::ListSegments() {
  return memory_.ListSegments();
}

Result<std::size_t> DeferredStorage::Log::Read(std::uint64_t segment, std::uint64_t offset,
                                               std::span<std::byte> out) {
  return memory_.Read(segment, offset, out);
}

std::string DeferredStorage::Log::SegmentName(std::uint64_t segment) const {
  return memory_.SegmentName(segment);
}

Status DeferredStorage::Log::StartSegment(std::uint64_t segment, std::uint64_t capacity_bytes,
                                          std::span<const std::byte> header) {
  RP_RETURN_IF_ERROR(memory_.StartSegment(segment, capacity_bytes, header));
  operations_.push_back(
      {Kind::kStartSegment, segment, capacity_bytes, {header.begin(), header.end()}});
  return Status::Ok();
}

Status DeferredStorage::Log::Append(std::span<const std::byte> bytes) {
  RP_RETURN_IF_ERROR(memory_.Append(bytes));
  operations_.push_back({Kind::kAppend, 0, 0, {bytes.begin(), bytes.end()}});
  return Status::Ok();
}

Status DeferredStorage::Log::Sync() {
  RP_RETURN_IF_ERROR(memory_.Sync());
  operations_.push_back({Kind::kSync, 0, 0, {}});
  return Status::Ok();
}

Status DeferredStorage::Log::Truncate(std::uint64_t segment, std::uint64_t length) {
  RP_RETURN_IF_ERROR(memory_.Truncate(segment, length));
  operations_.push_back({Kind::kTruncate, segment, length, {}});
  return Status::Ok();
}

Status DeferredStorage::Log::Persist(std::uint64_t segment) {
  RP_RETURN_IF_ERROR(memory_.Persist(segment));
  operations_.push_back({Kind::kPersist, segment, 0, {}});
  return Status::Ok();
}

Status DeferredStorage::Log::RemoveSegment(std::uint64_t segment) {
  RP_RETURN_IF_ERROR(memory_.RemoveSegment(segment));
  operations_.push_back({Kind::kRemoveSegment, segment, 0, {}});
  return Status::Ok();
}

Status DeferredStorage::Log::Close() { return memory_.Close(); }

// --- Snapshots ----------------------------------------------------------------

Result<std::vector<RequestId>> DeferredStorage::Snapshots::List() { return memory_.List(); }

Result<std::vector<std::byte>> DeferredStorage::Snapshots::Load(RequestId name) {
  return memory_.Load(name);
}

Status DeferredStorage::Snapshots::Publish(RequestId /*name*/,
                                           std::span<const std::byte> /*bytes*/) {
  return {StatusCode::kUnsupported, "snapshots are published by the platform"};
}

Status DeferredStorage::Snapshots::Remove(RequestId name) {
  RP_RETURN_IF_ERROR(memory_.Remove(name));
  operations_.push_back({Kind::kRemoveSnapshot, name, 0, {}});
  return Status::Ok();
}

std::string DeferredStorage::Snapshots::SnapshotName(RequestId name) const {
  return memory_.SnapshotName(name);
}

}  // namespace rewardpool::wasm
