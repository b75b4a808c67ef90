// wal_batcher.h - packs encoded records into frames, frames into batches, and
// batches into segments: the writing side of the log, without the writing.
//
// A batch is what one append carries: usually one frame, more if its records
// pass kFramePayloadBytesTarget. All frames of a batch go to one segment. Two
// batches exist at a time: one being filled, and one sealed, whose bytes stay
// valid until the next Seal().
//
// Spec: docs/wal-format.md. Threads: one owner.
#ifndef REWARDPOOL_WAL_BATCHER_H_
#define REWARDPOOL_WAL_BATCHER_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "rewardpool/frame.h"
#include "rewardpool/frame_packer.h"
#include "rewardpool/item.h"
#include "rewardpool/record_codec.h"
#include "rewardpool/wal_format.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool {

// Where a log stands: what the next frame or segment chains to.
struct LogEnd {
  std::uint64_t segment = 0;  // 0: no segment yet
  std::uint64_t length = 0;   // bytes in use of that segment
  std::uint32_t crc = 0;      // of its last frame, or of its header
  RequestId last_request_id = 0;

  friend bool operator==(const LogEnd&, const LogEnd&) = default;
};

// What a driver appends, in this order: if starts_segment, the segment with its
// header; then the frames. AppendBatch() does it.
struct WalBatch {
  std::uint64_t number = 0;  // 1, 2, ... in this process
  bool starts_segment = false;
  std::uint64_t segment = 0;
  std::uint64_t segment_capacity_bytes = 0;
  EncodedHeader header{};  // if starts_segment
  std::span<const std::byte> frames;
  RequestId last_request_id = 0;
};

class WalBatcher {
 public:
  struct Options {
    const RecordCodec* codec = nullptr;
    // A segment is left when the next batch would make it longer than this. A
    // batch that is larger by itself gets a segment of its own.
    std::uint64_t segment_bytes_max = kSegmentBytesDefault;
    // Salts of segments derive from it: fresh entropy at every opening.
    std::uint64_t salt_seed = 0;
  };

  // Continues after `end`, always in a new segment: never behind a tail that a
  // crash may have torn.
  WalBatcher(const LogEnd& end, const Options& options);

  // Adds a record to the batch being filled. Requires what the codec requires;
  // one record always fits in a frame (kDrawsPerRecordMax sees to it).
  void Add(const Record& record, const ItemTable& items);
  // Adds plain draws, as many records as it takes.
  void AddDraws(std::span<const ItemIndex> draws, const ItemTable& items);

  // True if the batch being filled has no record.
  [[nodiscard]] bool empty() const noexcept { return filling_.empty(); }
  // The last request id handed out, sealed or not.
  [[nodiscard]] RequestId last_request_id() const noexcept { return last_request_id_; }

  // Where the log stands after the last accepted batch.
  [[nodiscard]] const LogEnd& end() const noexcept { return end_; }

  // Makes the batch being filled begin a segment.
  void StartSegment() noexcept { wants_segment_ = true; }

  // Seals the batch being filled and begins the next. Requires !empty().
  //
  // Inputs:  prior_synced: all earlier batches are durable. schema_hash: of the
  //          item table before the batch's first record.
  // Returns: the batch; its bytes are valid until the next Seal().
  [[nodiscard]] WalBatch Seal(bool prior_synced, std::uint32_t schema_hash);

  // The sealed batch is in the log: the next one chains to it.
  void Accept() noexcept;
  // The sealed batch is not in the log, and nothing of it ever will be: forgets
  // it and the one being filled. Requires no Accept() since the last Seal().
  void Forget() noexcept;

 private:
  [[nodiscard]] std::uint64_t NextSalt() noexcept;

  Options options_;
  LogEnd end_;         // after the last accepted batch
  LogEnd sealed_end_;  // after the sealed batch
  bool wants_segment_ = true;
  RequestId last_request_id_ = 0;
  std::uint64_t salt_ = 0;  // of the open segment
  std::uint64_t salt_counter_ = 0;
  std::uint64_t batch_number_ = 0;
  FramePacker filling_;
  FramePacker sealed_;
};

// Appends a batch as the format wants it; does not sync (but for the segment
// that it may start).
// Errors: kFull (nothing of the batch is in the log), kIo (tail unknown).
[[nodiscard]] Status AppendBatch(WalStorage& storage, const WalBatch& batch);

}  // namespace rewardpool

#endif  // REWARDPOOL_WAL_BATCHER_H_
