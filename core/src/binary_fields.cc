#include "binary_fields.h"

#include <algorithm>
#include <cassert>

#include "bit_packing.h"
#include "rewardpool/wal_record.h"

namespace rewardpool::internal {

static_assert(kKeyBytesMax == kItemIdBytesMax && kUserBytesMax == kItemIdBytesMax,
              "texts of all kinds have the same limit");

void BinaryOutput::PutText(std::string_view text) {
  assert(text.size() <= kItemIdBytesMax);
  PutVarint(text.size());
  out_.Append(std::as_bytes(std::span(text.data(), text.size())));
}

void BinaryOutput::PutPositions(std::span<const ItemIndex> positions, std::size_t slot_count) {
  assert(positions.size() <= kDrawsPerRecordMax);
  assert(std::all_of(positions.begin(), positions.end(),
                     [slot_count](ItemIndex position) { return position < slot_count; }));
  const unsigned bits = PackedBits(slot_count);
  PutVarint(positions.size());
  PutByte(static_cast<std::uint8_t>(bits));
  const std::size_t bytes = PackedBytes(positions.size(), bits);
  PackPositions(positions, bits, out_.Reserve(bytes + kPackSlackBytes));
  out_.Advance(bytes);
}

void BinaryInput::Fail(const char* problem) noexcept {
  if (problem_ == nullptr) problem_ = problem;
  input_ = {};
}

std::uint64_t BinaryInput::TakeLongVarint() noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = TakeByte();
    if (shift == 63 && byte > 1) break;
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte >= 0x80) continue;
    if (byte == 0 && shift != 0) Fail("a number is not in its shortest form");
    return problem_ == nullptr ? value : 0;
  }
  Fail("a number is longer than 64 bits");
  return 0;
}

void BinaryInput::TakeTexts(std::vector<std::string>& texts) {
  texts.clear();
  const std::uint64_t count = TakeVarint(kDrawsPerRecordMax);
  // Grows with what is read, not with what is promised.
  while (texts.size() < count && problem_ == nullptr) TakeText(texts.emplace_back());
}

PackedDraws BinaryInput::TakeRowHead() noexcept {
  PackedDraws row;
  row.count = TakeVarint(kDrawsPerRecordMax);
  row.bits = TakeByte();
  if (row.bits > kPackedBitsMax) Fail("positions have a wrong number of bits");
  return row;
}

void BinaryInput::TakeRow(PackedDraws& row) noexcept {
  if (problem_ == nullptr) row.positions = Take(PackedBytes(row.count, row.bits));
}

void BinaryInput::TakePositions(std::vector<ItemIndex>& positions, std::size_t slot_count) {
  positions.clear();
  PackedDraws row = TakeRowHead();
  if (problem_ != nullptr) return;
  if (row.bits != PackedBits(slot_count)) return Fail("positions have a wrong number of bits");
  TakeRow(row);
  if (problem_ != nullptr) return;
  positions.resize(row.count);
  if (!UnpackPositions(row.positions, row.bits, slot_count, positions)) {
    Fail("a position is beyond the last item, or the bits behind the last are not zero");
  }
}

}  // namespace rewardpool::internal
