#include "pool_files.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "rewardpool/pool_archive.h"
#include "rewardpool/record_json.h"

namespace rewardpool::wasm {
namespace {

// Writes a window of the log's lines. Runs, which are a line a draw, are cut to
// the window before they are written: one may stand for billions of lines.
class LineWindow final : public RecordVisitor {
 public:
  LineWindow(RequestId after, std::uint64_t skip, std::size_t bytes_max)
      : after_(after), skip_(skip), bytes_max_(bytes_max) {}

  Status OnRecord(const Record& record, RequestId first_request_id, const ItemTable& items,
                  const KeyTable& /*keys*/) override {
    const bool is_run =
        std::holds_alternative<DrawRun>(record) || std::holds_alternative<RefusedRun>(record);
    const std::uint64_t lines = is_run ? RequestIdsOf(record) : 1;
    const std::uint64_t behind = first_request_id > after_ ? 0 : after_ - first_request_id + 1;
    if (behind >= lines) return Status::Ok();
    if (skip_ >= lines - behind) {
      skip_ -= lines - behind;
      return Status::Ok();
    }
    const std::uint64_t skipped = behind + std::exchange(skip_, 0);
    RP_RETURN_IF_ERROR(
        AppendRecordJson(Cut(record, skipped), first_request_id + skipped, items, text_));
    is_full_ = text_.size() >= bytes_max_;
    return is_full_ ? Status(StatusCode::kOverloaded, "the window is full") : Status::Ok();
  }

  [[nodiscard]] bool is_full() const noexcept { return is_full_; }
  [[nodiscard]] std::string TakeText() { return std::move(text_); }

 private:
  // More lines than this are never needed to fill the window.
  [[nodiscard]] std::uint64_t lines_max() const noexcept { return bytes_max_ / 32 + 1; }

  [[nodiscard]] Record Cut(const Record& record, std::uint64_t skipped) const {
    if (const auto* const run = std::get_if<DrawRun>(&record)) {
      const auto first = run->items.begin() + static_cast<std::ptrdiff_t>(skipped);
      return DrawRun{{first, run->items.end()}};
    }
    if (const auto* const run = std::get_if<RefusedRun>(&record)) {
      return RefusedRun{std::min(run->count - skipped, lines_max())};
    }
    return record;
  }

  const RequestId after_;
  std::uint64_t skip_;
  const std::size_t bytes_max_;
  std::string text_;
  bool is_full_ = false;
};

}  // namespace

std::span<std::byte> PoolFiles::LoadSegment(std::uint64_t number, std::size_t byte_count) {
  std::vector<std::byte>& bytes = disk_->segments[number];
  bytes.assign(byte_count, std::byte{0});
  return bytes;
}

std::span<std::byte> PoolFiles::LoadSnapshot(RequestId name, std::size_t byte_count) {
  std::vector<std::byte>& bytes = disk_->snapshots[name];
  bytes.assign(byte_count, std::byte{0});
  return bytes;
}

std::span<std::byte> PoolFiles::LoadArchive(std::size_t byte_count) {
  archive_.assign(byte_count, std::byte{0});
  return archive_;
}

Status PoolFiles::DecodeArchive() {
  const std::vector<std::byte> archive = std::exchange(archive_, {});
  Result<MemoryDisk> files = DecodePoolArchive(archive);
  if (!files.ok()) return files.status();
  *disk_ = *std::move(files);
  return Status::Ok();
}

Result<ByteBuffer> PoolFiles::EncodeArchive() const {
  MemoryStorage log(disk_, MemoryNames::kFiles);
  MemorySnapshotStore snapshots(disk_, MemoryNames::kFiles);
  Result<CollectedPool> pool = CollectPoolFiles(log, snapshots);
  if (!pool.ok()) return pool.status();
  return EncodePoolArchive(pool->files);
}

Result<VerifyReport> PoolFiles::Verify() const {
  MemoryStorage log(disk_, MemoryNames::kFiles);
  MemorySnapshotStore snapshots(disk_, MemoryNames::kFiles);
  return VerifyPool(log, snapshots);
}

Result<std::string> PoolFiles::LogLines(RequestId after, std::uint64_t skip,
                                        std::size_t bytes_max) const {
  MemoryStorage log(disk_, MemoryNames::kFiles);
  MemorySnapshotStore snapshots(disk_, MemoryNames::kFiles);
  LineWindow window(after, skip, bytes_max);
  const Result<Inspection> inspection =
      InspectPool(log, snapshots, {.from = InspectOptions::From::kLogStart, .visitor = &window});
  if (!inspection.ok() && !window.is_full()) return inspection.status();
  return window.TakeText();
}

}  // namespace rewardpool::wasm
