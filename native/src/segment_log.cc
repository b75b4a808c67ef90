#include "segment_log.h"

#include <algorithm>
#include <utility>

#include "file_path.h"
#include "rewardpool/pool_file_names.h"
#include "zero_bytes.h"

namespace rewardpool::native {
namespace {

// By how much the open segment grows, and what the first of a run begins with:
// a few milliseconds of writing.
constexpr std::uint64_t kRoomStepBytes = 1024 * 1024;

// A log that has this much in its open segment is worth preparing for; one that
// has filled half of it will soon want the next as a whole.
constexpr std::uint64_t kWorthPreparingBytes = 256 * 1024;

constexpr std::size_t kCopyBytes = 256 * 1024;

// Errors of the file system that the storage interface does not know are kIo.
Status AsStorageError(const Status& status) {
  if (status.ok() || status.code() == StatusCode::kFull || status.code() == StatusCode::kIo) {
    return status;
  }
  return Status(StatusCode::kIo, status.message());
}

// Allocates room, zero and durable as zeros.
Status MakeRoom(File& file, std::uint64_t from, std::uint64_t to) {
  RP_RETURN_IF_ERROR(WriteZeros(file, from, to));
  return file.SyncAll();
}

}  // namespace

SegmentLog::SegmentLog(const std::string& folder, const StorageEnvironment& environment,
                       MakeSegmentWriter make_writer)
    : folder_(folder),
      files_(environment.files),
      background_(environment.background),
      make_writer_(make_writer),
      source_(folder, *environment.files) {}

Result<std::unique_ptr<WalStorage>> SegmentLog::Open(const std::string& folder,
                                                     const StorageEnvironment& environment,
                                                     MakeSegmentWriter make_writer) {
  std::unique_ptr<SegmentLog> log(new SegmentLog(folder, environment, make_writer));
  RP_RETURN_IF_ERROR(log->RemoveUnstarted());
  return std::unique_ptr<WalStorage>(std::move(log));
}

SegmentLog::~SegmentLog() { background_->Drain(); }

std::string SegmentLog::PathOfSegment(std::uint64_t segment) const {
  return PathOf(folder_, SegmentFileName(segment));
}

Status SegmentLog::RemoveUnstarted() {
  const auto names = files_->List(folder_);
  if (!names.ok()) return names.status();
  const auto listed = source_.ListSegments();
  if (!listed.ok()) return listed.status();
  bool removed = false;
  for (const std::string& name : *names) {
    const auto number = ParseSegmentFileName(name);
    const bool started = std::any_of(listed->begin(), listed->end(), [&](const SegmentInfo& info) {
      return info.number == number;
    });
    const bool of_cut_short_import = ParseTemporarySegmentFileName(name).has_value();
    if (!of_cut_short_import && (!number || started)) continue;
    RP_RETURN_IF_ERROR(UnlinkIfThere(*files_, PathOf(folder_, name)));
    removed = true;
  }
  return removed ? files_->SyncFolder(folder_) : Status::Ok();
}

Result<std::vector<SegmentInfo>> SegmentLog::ListSegments() { return source_.ListSegments(); }

Result<std::size_t> SegmentLog::Read(std::uint64_t segment, std::uint64_t offset,
                                     std::span<std::byte> out) {
  return source_.Read(segment, offset, out);
}

std::string SegmentLog::SegmentName(std::uint64_t segment) const {
  return source_.SegmentName(segment);
}

Status SegmentLog::Fail(const Status& status) {
  failure_ =
      Status(StatusCode::kIo, "an earlier write failed, reopen the pool: " + status.message());
  failed_.store(true, std::memory_order_release);
  return Status(StatusCode::kIo, status.message());
}

Status SegmentLog::CheckNotFailed() const {
  return failed_.load(std::memory_order_acquire) ? failure_ : Status::Ok();
}

Status SegmentLog::CheckNotOpen(std::uint64_t segment) const {
  if (segment != open_number_.load(std::memory_order_acquire)) return Status::Ok();
  return Status(StatusCode::kInvalidArgument, SegmentName(segment) + " is open for appending");
}

bool SegmentLog::IsBeyondOpen(std::uint64_t segment) const {
  return segment > open_number_.load(std::memory_order_acquire);
}

Result<std::unique_ptr<File>> SegmentLog::OpenClosed(std::uint64_t segment) {
  if (IsBeyondOpen(segment)) {
    return Status(StatusCode::kNotFound, SegmentName(segment) + " does not exist");
  }
  return files_->OpenForWriting(PathOfSegment(segment));
}

Result<bool> SegmentLog::CheckStart(std::uint64_t segment, std::uint64_t header_bytes) {
  const auto names = files_->List(folder_);
  if (!names.ok()) return AsStorageError(names.status());
  bool left_behind = false;
  for (const std::string& name : *names) {
    const auto number = ParseSegmentFileName(name);
    if (!number || *number < segment) continue;
    if (prepared_ && prepared_->file.ok() && *number == prepared_->number) continue;
    Status in_use(StatusCode::kInvalidArgument,
                  SegmentName(segment) + " cannot be started: " + name + " exists");
    if (open_ && *number == open_->number) return in_use;
    const auto file = files_->OpenForReading(PathOf(folder_, name));
    if (!file.ok()) return AsStorageError(file.status());
    const auto holds_something = HasNonZeroFrom(**file, *number == segment ? header_bytes : 0);
    if (!holds_something.ok()) return holds_something.status();
    if (*holds_something) return in_use;
    left_behind = left_behind || *number == segment;
  }
  return left_behind;
}

Status SegmentLog::RemoveDurably(std::uint64_t segment) {
  RP_RETURN_IF_ERROR(UnlinkIfThere(*files_, PathOfSegment(segment)));
  return files_->SyncFolder(folder_);
}

SegmentLog::Prepared SegmentLog::Prepare(std::uint64_t segment, std::uint64_t room_bytes) {
  auto created = files_->Create(PathOfSegment(segment));
  if (!created.ok()) {
    return {.number = segment, .room_bytes = 0, .file = AsStorageError(created.status())};
  }
  std::shared_ptr<File> file = *std::move(created);
  Status status = MakeRoom(*file, 0, room_bytes);
  if (status.ok()) status = files_->SyncFolder(folder_);
  if (status.ok()) return {.number = segment, .room_bytes = room_bytes, .file = std::move(file)};
  // Gives the room back. What cannot be removed is zeros, and is not listed.
  file.reset();
  (void)RemoveDurably(segment);
  return {.number = segment, .room_bytes = 0, .file = AsStorageError(status)};
}

void SegmentLog::PrepareNextInBackground() {
  OpenSegment& open = *open_;
  const bool whole = open.used_bytes >= open.capacity_bytes / 2;
  const std::uint64_t room_bytes =
      whole ? open.capacity_bytes : std::min(open.capacity_bytes, kRoomStepBytes);
  open.prepare_at_bytes = whole ? kNever : open.capacity_bytes / 2;
  background_->Post([this, next = open.number + 1, room_bytes] {
    if (failed_.load(std::memory_order_acquire)) return;
    if (prepared_ && prepared_->file.ok()) {
      EnlargePrepared(room_bytes);
    } else {
      prepared_ = Prepare(next, room_bytes);
    }
  });
}

void SegmentLog::EnlargePrepared(std::uint64_t room_bytes) {
  File& file = **prepared_->file;
  const Status status = MakeRoom(file, prepared_->room_bytes, room_bytes);
  if (status.ok()) {
    prepared_->room_bytes = room_bytes;
  } else if (status.code() != StatusCode::kFull || !file.Truncate(prepared_->room_bytes).ok()) {
    prepared_->file = AsStorageError(status);
    (void)RemoveDurably(prepared_->number);
  }
}

Result<SegmentLog::Prepared> SegmentLog::Obtain(std::uint64_t segment, std::uint64_t capacity_bytes,
                                                bool left_behind) {
  if (auto prepared = std::exchange(prepared_, std::nullopt); prepared && prepared->file.ok()) {
    if (prepared->number == segment) return *std::move(prepared);
    RP_RETURN_IF_ERROR(RemoveDurably(prepared->number));
  }
  if (left_behind) RP_RETURN_IF_ERROR(RemoveDurably(segment));
  Prepared made = Prepare(segment, std::min(capacity_bytes, kRoomStepBytes));
  if (!made.file.ok()) return made.file.status();
  return made;
}

Status SegmentLog::StartSegment(std::uint64_t segment, std::uint64_t capacity_bytes,
                                std::span<const std::byte> header) {
  RP_RETURN_IF_ERROR(CheckNotFailed());
  background_->Drain();  // the segment asked for is likely what it prepares
  const auto left_behind = CheckStart(segment, header.size());
  if (left_behind.status().code() == StatusCode::kInvalidArgument) return left_behind.status();
  capacity_bytes = std::max<std::uint64_t>(capacity_bytes, header.size());
  RP_RETURN_IF_ERROR(SyncOpen());

  Result<Prepared> obtained = left_behind.ok() ? Obtain(segment, capacity_bytes, *left_behind)
                                               : Result<Prepared>(left_behind.status());
  if (obtained.status().code() == StatusCode::kFull) {
    if (open_) open_->prepare_at_bytes = 0;
    return obtained.status();
  }
  if (!obtained.ok()) return Fail(obtained.status());

  OpenSegment next{.number = segment,
                   .file = *obtained->file,
                   .writer = make_writer_(**obtained->file),
                   .capacity_bytes = capacity_bytes,
                   .room_bytes = obtained->room_bytes,
                   .used_bytes = header.size(),
                   .synced_bytes = header.size(),
                   .prepare_at_bytes = std::min(kWorthPreparingBytes, capacity_bytes / 2)};
  Status status = next.writer->SetRoom(next.room_bytes);
  if (status.ok()) status = next.writer->Write(0, header);
  if (status.ok()) status = next.writer->Sync(0, header.size());
  if (!status.ok()) return Fail(status);

  open_number_.store(segment, std::memory_order_release);
  if (auto sealed = std::exchange(open_, std::move(next))) TrimInBackground(*std::move(sealed));
  return Status::Ok();
}

void SegmentLog::TrimInBackground(OpenSegment segment) {
  // A shared pointer since std::function wants what it holds to be copyable.
  const auto sealed = std::make_shared<OpenSegment>(std::move(segment));
  background_->Post([this, sealed] {
    sealed->writer.reset();
    if (sealed->room_bytes == sealed->used_bytes) return;
    if (failed_.load(std::memory_order_acquire)) return;
    // Neither synced nor checked: the next header tells the length in use, so
    // the zeros behind it may stay.
    (void)sealed->file->Truncate(sealed->used_bytes);
  });
}

Status SegmentLog::Append(std::span<const std::byte> bytes) {
  RP_RETURN_IF_ERROR(CheckNotFailed());
  if (!open_) return Status(StatusCode::kClosed, "no segment is open");
  const std::uint64_t end = open_->used_bytes + bytes.size();
  if (end > open_->room_bytes) RP_RETURN_IF_ERROR(Grow(end));
  if (Status status = open_->writer->Write(open_->used_bytes, bytes); !status.ok()) {
    return Fail(status);
  }
  open_->used_bytes = end;
  if (end >= open_->prepare_at_bytes) PrepareNextInBackground();
  return Status::Ok();
}

Status SegmentLog::Grow(std::uint64_t needed_bytes) {
  OpenSegment& open = *open_;
  std::uint64_t target =
      std::max(needed_bytes, std::min(open.room_bytes + kRoomStepBytes, open.capacity_bytes));
  Status status = MakeRoom(*open.file, open.room_bytes, target);
  if (status.code() == StatusCode::kFull && target > needed_bytes) {
    target = needed_bytes;
    status = MakeRoom(*open.file, open.room_bytes, target);
  }
  if (status.code() == StatusCode::kFull) {
    Status restored = open.file->Truncate(open.room_bytes);
    if (restored.ok()) restored = open.writer->SetRoom(open.room_bytes);
    return restored.ok() ? status : Fail(restored);
  }
  if (status.ok()) status = open.writer->SetRoom(target);
  if (!status.ok()) return Fail(status);
  open.room_bytes = target;
  return Status::Ok();
}

Status SegmentLog::SyncOpen() {
  if (!open_ || open_->synced_bytes == open_->used_bytes) return Status::Ok();
  if (Status status = open_->writer->Sync(open_->synced_bytes, open_->used_bytes); !status.ok()) {
    return Fail(status);
  }
  open_->synced_bytes = open_->used_bytes;
  return Status::Ok();
}

Status SegmentLog::Sync() {
  RP_RETURN_IF_ERROR(CheckNotFailed());
  return SyncOpen();
}

Status SegmentLog::Truncate(std::uint64_t segment, std::uint64_t length) {
  RP_RETURN_IF_ERROR(CheckNotFailed());
  RP_RETURN_IF_ERROR(CheckNotOpen(segment));
  background_->Drain();  // it may be about to cut the same file
  const auto file = OpenClosed(segment);
  if (!file.ok()) return file.status();
  const auto size = (*file)->Size();
  if (!size.ok()) return size.status();
  if (length > *size) {
    return Status(StatusCode::kInvalidArgument,
                  SegmentName(segment) + " is shorter than " + std::to_string(length) + " bytes");
  }
  RP_RETURN_IF_ERROR((*file)->Truncate(length));
  return (*file)->SyncAll();
}

Status SegmentLog::Persist(std::uint64_t segment) {
  RP_RETURN_IF_ERROR(CheckNotFailed());
  RP_RETURN_IF_ERROR(CheckNotOpen(segment));
  background_->Drain();  // it may be about to cut the same file
  const auto file = OpenClosed(segment);
  if (!file.ok()) return file.status();
  std::vector<std::byte> piece(kCopyBytes);
  for (std::uint64_t offset = 0;;) {
    const auto count = (*file)->Read(offset, piece);
    if (!count.ok()) return count.status();
    RP_RETURN_IF_ERROR(WriteFully(**file, offset, std::span(piece).first(*count)));
    offset += *count;
    if (*count < piece.size()) break;
  }
  RP_RETURN_IF_ERROR((*file)->SyncAll());
  return files_->SyncFolder(folder_);
}

Status SegmentLog::RemoveSegment(std::uint64_t segment) {
  RP_RETURN_IF_ERROR(CheckNotFailed());
  RP_RETURN_IF_ERROR(CheckNotOpen(segment));
  if (IsBeyondOpen(segment)) return Status::Ok();
  return AsStorageError(RemoveDurably(segment));
}

Status SegmentLog::Close() {
  background_->Drain();
  const auto prepared = std::exchange(prepared_, std::nullopt);
  Status status = CheckNotFailed();
  if (status.ok()) status = SyncOpen();
  auto closing = std::exchange(open_, std::nullopt);
  open_number_.store(kNone, std::memory_order_release);
  RP_RETURN_IF_ERROR(status);

  if (closing) {
    closing->writer.reset();
    RP_RETURN_IF_ERROR(AsStorageError(closing->file->Truncate(closing->used_bytes)));
    RP_RETURN_IF_ERROR(AsStorageError(closing->file->SyncAll()));
  }
  if (prepared && prepared->file.ok()) {
    return AsStorageError(RemoveDurably(prepared->number));
  }
  return Status::Ok();
}

}  // namespace rewardpool::native
