#include "rewardpool/frame_packer.h"

#include <cassert>

#include "rewardpool/frame.h"

namespace rewardpool {

FramePacker::FramePacker(std::size_t prefix_bytes) : prefix_bytes_(prefix_bytes) {
  (void)buffer_.Reserve(prefix_bytes_);
  buffer_.Advance(prefix_bytes_);
}

ByteBuffer& FramePacker::BeginRecord(RequestId next_request_id) {
  if (frames_.empty() ||
      buffer_.size() - frames_.back().offset >= kFrameHeaderBytes + kFramePayloadBytesTarget) {
    frames_.push_back({buffer_.size(), next_request_id});
    (void)buffer_.Reserve(kFrameHeaderBytes);
    buffer_.Advance(kFrameHeaderBytes);
  }
  return buffer_;
}

std::uint32_t FramePacker::Seal(std::uint64_t salt, std::uint8_t codec, bool prior_synced,
                                std::uint32_t crc) {
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    const std::size_t begin = frames_[i].offset;
    const std::size_t end = i + 1 < frames_.size() ? frames_[i + 1].offset : buffer_.size();
    assert(end - begin <= kFrameHeaderBytes + kFramePayloadBytesMax);
    const std::uint8_t flags = prior_synced && i == 0 ? kFramePriorSynced : 0;
    crc = SealFrame(bytes().subspan(begin, end - begin), salt,
                    static_cast<std::uint8_t>(codec | flags), frames_[i].first_request_id, crc);
  }
  return crc;
}

void FramePacker::Clear() noexcept {
  buffer_.Truncate(prefix_bytes_);
  frames_.clear();
}

}  // namespace rewardpool
