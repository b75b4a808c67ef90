// binary_fields.h - the fields that binary records are made of: bytes, varints,
// texts and rows of positions. Knows nothing of records. Spec:
// docs/wal-format.md.
#ifndef REWARDPOOL_SRC_BINARY_FIELDS_H_
#define REWARDPOOL_SRC_BINARY_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rewardpool/byte_buffer.h"
#include "rewardpool/item.h"
#include "rewardpool/record_codec.h"

namespace rewardpool::internal {

// Appends fields to a buffer.
class BinaryOutput {
 public:
  explicit BinaryOutput(ByteBuffer& out) : out_(out) {}

  void PutByte(std::uint8_t byte) {
    *out_.Reserve(1) = byte;
    out_.Advance(1);
  }

  // Seven bits a byte, lowest first; the top bit says that more follow.
  void PutVarint(std::uint64_t value) {
    char8_t* const begin = out_.Reserve(kVarintBytesMax);
    char8_t* end = begin;
    for (; value >= 0x80; value >>= 7) *end++ = static_cast<char8_t>(value | 0x80);
    *end++ = static_cast<char8_t>(value);
    out_.Advance(static_cast<std::size_t>(end - begin));
  }

  // Requires at most kItemIdBytesMax bytes.
  void PutText(std::string_view text);

  // Requires at most kDrawsPerRecordMax positions, each below `slot_count`.
  void PutPositions(std::span<const ItemIndex> positions, std::size_t slot_count);

 private:
  static constexpr std::size_t kVarintBytesMax = 10;

  ByteBuffer& out_;
};

// Takes fields from the front of some bytes. Bounded and sticky: after the first
// problem every field reads as zero or empty, and problem() says what it was.
// Allocates no more than a small multiple of what is left to read.
class BinaryInput {
 public:
  explicit BinaryInput(std::span<const std::byte> input) : input_(input) {}

  [[nodiscard]] std::span<const std::byte> rest() const noexcept { return input_; }
  // Null while all went well.
  [[nodiscard]] const char* problem() const noexcept { return problem_; }

  [[nodiscard]] std::uint8_t TakeByte() noexcept {
    const std::span<const std::byte> byte = Take(1);
    return byte.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(byte[0]);
  }
  // A problem if it is not in its shortest form, or larger than `max`.
  [[nodiscard]] std::uint64_t TakeVarint(std::uint64_t max) noexcept {
    const std::uint64_t value = TakeAnyVarint();
    if (value <= max) return value;
    Fail("a number is too large");
    return 0;
  }
  // The text where it lies in the input.
  [[nodiscard]] std::string_view TakeTextView() noexcept {
    const std::span<const std::byte> bytes = Take(TakeVarint(kItemIdBytesMax));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  void TakeText(std::string& text) { text = TakeTextView(); }
  void TakeTexts(std::vector<std::string>& texts);
  void TakePositions(std::vector<ItemIndex>& positions, std::size_t slot_count);

  // A row of positions as it lies there, in two steps: how many and how wide, and
  // then the row itself, which is only measured.
  [[nodiscard]] PackedDraws TakeRowHead() noexcept;
  void TakeRow(PackedDraws& row) noexcept;

 private:
  void Fail(const char* problem) noexcept;
  [[nodiscard]] std::span<const std::byte> Take(std::size_t size) noexcept {
    if (size > input_.size()) {
      Fail("cut short");
      return {};
    }
    const std::span<const std::byte> taken = input_.first(size);
    input_ = input_.subspan(size);
    return taken;
  }
  [[nodiscard]] std::uint64_t TakeAnyVarint() noexcept {
    if (input_.empty() || std::to_integer<std::uint8_t>(input_[0]) >= 0x80) return TakeLongVarint();
    return TakeByte();
  }
  // Of any length.
  [[nodiscard]] std::uint64_t TakeLongVarint() noexcept;

  std::span<const std::byte> input_;
  const char* problem_ = nullptr;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SRC_BINARY_FIELDS_H_
