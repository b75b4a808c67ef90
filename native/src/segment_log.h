// segment_log.h - the log in a folder: segments, their preparation, rotation and
// removal. FileStorage and MmapStorage are this with two kinds of writer.
//
// Invariants:
//   (1) A segment file has its final name from the start and is all zeros until
//       its header is written; so a crash leaves either a file that is not
//       listed, or a started segment.
//   (2) [used_bytes_, room_bytes_) of the open segment is allocated, zero and
//       durable as zeros.
//   (3) Only the owner syncs the open segment's file: an error that another
//       thread's sync takes away would not be reported to the owner's.
//   (4) Once failed_ is set no write begins any more.
// Why it is done so: docs/adr/0002-segment-preparation.md.
#ifndef REWARDPOOL_NATIVE_SRC_SEGMENT_LOG_H_
#define REWARDPOOL_NATIVE_SRC_SEGMENT_LOG_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rewardpool/native/file_wal_source.h"
#include "rewardpool/native/storage_environment.h"
#include "rewardpool/wal_storage.h"
#include "segment_writer.h"

namespace rewardpool::native {

class SegmentLog final : public WalStorage {
 public:
  [[nodiscard]] static Result<std::unique_ptr<WalStorage>> Open(
      const std::string& folder, const StorageEnvironment& environment,
      MakeSegmentWriter make_writer);
  ~SegmentLog() override;

  Result<std::vector<SegmentInfo>> ListSegments() override;
  Result<std::size_t> Read(std::uint64_t segment, std::uint64_t offset,
                           std::span<std::byte> out) override;
  std::string SegmentName(std::uint64_t segment) const override;
  Status StartSegment(std::uint64_t segment, std::uint64_t capacity_bytes,
                      std::span<const std::byte> header) override;
  Status Append(std::span<const std::byte> bytes) override;
  Status Sync() override;
  Status Truncate(std::uint64_t segment, std::uint64_t length) override;
  Status Persist(std::uint64_t segment) override;
  Status RemoveSegment(std::uint64_t segment) override;
  Status Close() override;

 private:
  // A segment file made of zeros, or the reason why there is none.
  struct Prepared {
    std::uint64_t number = 0;
    std::uint64_t room_bytes = 0;
    Result<std::shared_ptr<File>> file = Status(StatusCode::kNotFound, "nothing is prepared");
  };

  struct OpenSegment {
    std::uint64_t number = 0;
    std::shared_ptr<File> file;
    std::unique_ptr<SegmentWriter> writer;
    std::uint64_t capacity_bytes = 0;
    std::uint64_t room_bytes = 0;
    std::uint64_t used_bytes = 0;
    std::uint64_t synced_bytes = 0;
    std::uint64_t prepare_at_bytes = 0;  // in use: when to see to the next segment
  };

  SegmentLog(const std::string& folder, const StorageEnvironment& environment,
             MakeSegmentWriter make_writer);

  std::string PathOfSegment(std::uint64_t segment) const;
  Status RemoveUnstarted();

  // Remembers the first failure and returns it; nothing is written afterwards.
  Status Fail(const Status& status);
  Status CheckNotFailed() const;
  Status CheckNotOpen(std::uint64_t segment) const;
  // Behind the open segment there is only what is being prepared, which callers
  // must not touch. False for all while none is open.
  bool IsBeyondOpen(std::uint64_t segment) const;
  Result<std::unique_ptr<File>> OpenClosed(std::uint64_t segment);
  // Whether `segment` may be started; and whether a file of an earlier failed
  // start is in the way.
  Result<bool> CheckStart(std::uint64_t segment, std::uint64_t header_bytes);

  Prepared Prepare(std::uint64_t segment, std::uint64_t room_bytes);
  void PrepareNextInBackground();
  void EnlargePrepared(std::uint64_t room_bytes);
  Result<Prepared> Obtain(std::uint64_t segment, std::uint64_t capacity_bytes, bool left_behind);
  Status RemoveDurably(std::uint64_t segment);

  Status SyncOpen();
  Status Grow(std::uint64_t needed_bytes);
  void TrimInBackground(OpenSegment segment);

  const std::string folder_;
  FileSystem* const files_;
  const std::shared_ptr<BackgroundTasks> background_;
  const MakeSegmentWriter make_writer_;
  FileWalSource source_;

  std::optional<OpenSegment> open_;  // the owner's alone

  // Shared with the thread that removes segments.
  std::atomic<bool> failed_ = false;
  Status failure_;  // written once, before failed_ is set
  std::atomic<std::uint64_t> open_number_ = kNone;

  // Set by a background task; the owner looks at it only after Drain().
  std::optional<Prepared> prepared_;

  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
};

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_SRC_SEGMENT_LOG_H_
