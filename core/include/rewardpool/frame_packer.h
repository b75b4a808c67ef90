// frame_packer.h - gathers encoded records into frames, and seals them once the
// salt and the chain are known. Shared by the log and by snapshots.
//
// Threads: one owner.
#ifndef REWARDPOOL_FRAME_PACKER_H_
#define REWARDPOOL_FRAME_PACKER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "rewardpool/byte_buffer.h"
#include "rewardpool/item.h"
#include "rewardpool/wal_format.h"

namespace rewardpool {

class FramePacker {
 public:
  // `prefix_bytes` of room come before the first frame (a file's header).
  explicit FramePacker(std::size_t prefix_bytes = 0);

  // Where the next record's bytes go: in the open frame or, if it has reached
  // kFramePayloadBytesTarget, in a new one that begins with this request id.
  [[nodiscard]] ByteBuffer& BeginRecord(RequestId next_request_id);

  // True if there is no record.
  [[nodiscard]] bool empty() const noexcept { return frames_.empty(); }
  // The request id that the first frame begins with. Requires !empty().
  [[nodiscard]] RequestId first_request_id() const noexcept {
    return frames_.front().first_request_id;
  }
  // Prefix and frames.
  [[nodiscard]] std::span<std::byte> bytes() noexcept {
    return {reinterpret_cast<std::byte*>(buffer_.data()), buffer_.size()};
  }

  // Writes all frame headers. Requires that each payload is at most
  // kFramePayloadBytesMax (kDrawsPerRecordMax sees to it).
  // Inputs:  prior_synced: what the first frame says of all before it; the
  //          others cannot vouch for it. crc: where the chain stands.
  // Returns: where the chain stands after the last frame.
  std::uint32_t Seal(std::uint64_t salt, std::uint8_t codec, bool prior_synced, std::uint32_t crc);

  // Forgets all frames and keeps the memory.
  void Clear() noexcept;

  // Gives the buffer away; the packer is then only fit to be destroyed.
  [[nodiscard]] ByteBuffer TakeBuffer() && { return std::move(buffer_); }

 private:
  struct FrameStart {
    std::size_t offset;
    RequestId first_request_id;
  };

  std::size_t prefix_bytes_;
  ByteBuffer buffer_;
  std::vector<FrameStart> frames_;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_FRAME_PACKER_H_
