// segment_writer.h - how bytes get into the open segment: the one difference
// between FileStorage and MmapStorage.
#ifndef REWARDPOOL_NATIVE_SRC_SEGMENT_WRITER_H_
#define REWARDPOOL_NATIVE_SRC_SEGMENT_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "rewardpool/native/file_system.h"

namespace rewardpool::native {

// Threads: one owner. The file outlives the writer.
class SegmentWriter {
 public:
  virtual ~SegmentWriter() = default;

  // Tells that the file is now allocated, zeroed and durable up to `room_bytes`.
  // Called first of all, and whenever the file's size has changed.
  [[nodiscard]] virtual Status SetRoom(std::uint64_t room_bytes) = 0;
  // Requires: the bytes fit in the room.
  [[nodiscard]] virtual Status Write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  // Makes [from, to) durable.
  [[nodiscard]] virtual Status Sync(std::uint64_t from, std::uint64_t to) = 0;
};

using MakeSegmentWriter = std::unique_ptr<SegmentWriter> (*)(File& file);

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_SRC_SEGMENT_WRITER_H_
