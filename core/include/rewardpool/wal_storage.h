// wal_storage.h - INTERFACE: where log bytes live. Knows nothing of records.
//
// A log is a row of segments with increasing numbers. One segment is open for
// appending; the others are only read, cut (in recovery) or removed.
//
// Invariants:
//   (1) Bytes are visible to Read() once Append() returns.
//   (2) Bytes survive a crash of the process once Append() returns, and a loss
//       of power once Sync() returns Ok.
//   (3) After a failed Append() or Sync(), but for kFull, the tail is unknown:
//       the owner must stop and recover. Retrying is not a repair: after a
//       failed fsync the page cache lies.
//
// Implementations: MemoryStorage (core), FileStorage and MmapStorage (native),
// and FaultyStorage (core/testing), which breaks these promises on purpose. One
// contract suite runs against them all: tests/contract.
//
// Threads: one owner; but RemoveSegment(), ListSegments() and Read() of segments
//          that are not open may run in other threads meanwhile, at once.
#ifndef REWARDPOOL_WAL_STORAGE_H_
#define REWARDPOOL_WAL_STORAGE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "rewardpool/status.h"

namespace rewardpool {

struct SegmentInfo {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;  // as stored: preallocated room counts

  friend bool operator==(const SegmentInfo&, const SegmentInfo&) = default;
};

// The reading half: all that recovery's inspection and `verify` need.
class WalSource {
 public:
  virtual ~WalSource() = default;

  // All segments, by number. A segment that was prepared ahead of its use and
  // never started (all zeros) is not listed.
  [[nodiscard]] virtual Result<std::vector<SegmentInfo>> ListSegments() = 0;

  // Reads from `offset` on.
  // Returns: the number of bytes read; fewer than out.size() only at the end of
  //          the segment.
  // Errors:  kNotFound (no such segment), kIo.
  [[nodiscard]] virtual Result<std::size_t> Read(std::uint64_t segment, std::uint64_t offset,
                                                 std::span<std::byte> out) = 0;

  // The segment's name as people know it (its file name), for messages.
  [[nodiscard]] virtual std::string SegmentName(std::uint64_t segment) const = 0;
};

class WalStorage : public WalSource {
 public:
  // Begins a segment, which from then on is the open one. In this order: syncs
  // the open segment, creates the new one with room for `capacity_bytes`,
  // writes `header`, makes all of that durable, and only then returns. Appends
  // beyond the capacity are allowed where the storage can grow.
  //
  // Inputs: segment: larger than that of every existing one, but for one that
  //         an earlier failed call left behind, which is written anew: one that
  //         is not open and has nothing but zeros behind its first
  //         header.size() bytes. header: not all zeros.
  // Errors: kFull (no room: the segment open before is durable and still open,
  //         nothing else changed), kInvalidArgument (the segment, or a later
  //         one, holds something; nothing changed), kIo (tail unknown).
  [[nodiscard]] virtual Status StartSegment(std::uint64_t segment, std::uint64_t capacity_bytes,
                                            std::span<const std::byte> header) = 0;

  // Appends to the open segment.
  // Errors:  kFull (no room; nothing was written), kClosed (no segment is open),
  //          kIo (tail unknown).
  // Durable: no, see Sync().     Cost: one copy, no allocation.
  [[nodiscard]] virtual Status Append(std::span<const std::byte> bytes) = 0;

  // Makes all that was appended durable. Ok at once if nothing is open.
  // Errors: kIo (tail unknown).
  [[nodiscard]] virtual Status Sync() = 0;

  // The three below refuse the open segment with kInvalidArgument; the first
  // two answer kNotFound if there is no such segment.

  // Cuts a segment that is not open to its first `length` bytes, durably.
  // Errors: kInvalidArgument (it is shorter than that), kIo.
  [[nodiscard]] virtual Status Truncate(std::uint64_t segment, std::uint64_t length) = 0;

  // Writes the bytes of a segment that is not open once more and syncs them:
  // after a crash, what can be read need not be on the disk yet. Idempotent.
  [[nodiscard]] virtual Status Persist(std::uint64_t segment) = 0;

  // Removes a segment that is not open, durably. Ok if there is none.
  [[nodiscard]] virtual Status RemoveSegment(std::uint64_t segment) = 0;

  // Syncs, gives back room that was allocated and not used, and closes. The
  // storage may be read afterwards but not appended to until StartSegment().
  [[nodiscard]] virtual Status Close() = 0;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_WAL_STORAGE_H_
