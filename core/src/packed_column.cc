#include "rewardpool/packed_column.h"

#include <utility>

namespace rewardpool {

void PackedColumn::Resize(std::size_t count) {
  // What is cut off lies in the slack otherwise.
  if (count < size_) bytes_.resize(count * width_);
  bytes_.resize(count * width_ + kSlackBytes);
  size_ = count;
}

void PackedColumn::Widen(std::uint64_t value) {
  PackedColumn wide;
  wide.width_ = static_cast<std::uint32_t>((std::bit_width(value) + 7) / 8);
  wide.max_ = ~std::uint64_t{0} >> (64 - 8 * wide.width_);
  if (bytes_.capacity() > kSlackBytes) wide.Reserve((bytes_.capacity() - kSlackBytes) / width_);
  wide.Resize(size_);
  for (std::size_t index = 0; index < size_; ++index) wide.Set(index, (*this)[index]);
  *this = std::move(wide);
}

}  // namespace rewardpool
