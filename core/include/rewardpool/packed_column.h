// packed_column.h - an array of unsigned integers, each in as many bytes as the
// largest of them has needed: a million weights below 256 take a megabyte.
//
// Threads: one owner; const methods are safe concurrently.
#ifndef REWARDPOOL_PACKED_COLUMN_H_
#define REWARDPOOL_PACKED_COLUMN_H_

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "rewardpool/large_memory.h"

namespace rewardpool {

static_assert(std::endian::native == std::endian::little,
              "entries are taken out of words with a mask");

class PackedColumn {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  // Requires index < size(). Cost: one load.
  [[nodiscard]] std::uint64_t operator[](std::size_t index) const noexcept {
    assert(index < size_);
    return LoadWord(index) & max_;
  }

  // Requires index < size().
  // Cost: one load and one store; O(size) and an allocation for a value that needs
  //       more bytes than any before it, at most seven times in a column's life.
  void Set(std::size_t index, std::uint64_t value) {
    assert(index < size_);
    if (value > max_) [[unlikely]] {
      Widen(value);
    }
    const std::uint64_t word = (LoadWord(index) & ~max_) | value;
    std::memcpy(&bytes_[index * width_], &word, sizeof(word));
  }

  // Room for `count` entries without another allocation, unless one is widened.
  void Reserve(std::size_t count) { bytes_.reserve(count * width_ + kSlackBytes); }
  // Widens entries now, if they are too narrow for this value. Cost: as Set().
  void Fit(std::uint64_t value) {
    if (value > max_) Widen(value);
  }
  // Grows with zeros, or shrinks.
  void Resize(std::size_t count);

  // A hint that this entry is needed soon. Requires index < size().
  void Prefetch(std::size_t index) const noexcept {
    __builtin_prefetch(&bytes_[index * width_], 1);
  }

  // Bytes of heap memory held.
  [[nodiscard]] std::size_t MemoryBytes() const noexcept { return bytes_.capacity(); }

 private:
  // An entry is read and written with the bytes behind it, eight in all; behind the
  // last one these are zeros.
  static constexpr std::size_t kSlackBytes = sizeof(std::uint64_t) - 1;

  [[nodiscard]] std::uint64_t LoadWord(std::size_t index) const noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, &bytes_[index * width_], sizeof(word));
    return word;
  }
  void Widen(std::uint64_t value);

  LargeVector<std::byte> bytes_;
  std::size_t size_ = 0;
  std::uint32_t width_ = 1;   // bytes of an entry
  std::uint64_t max_ = 0xFF;  // the largest value of that many
};

}  // namespace rewardpool

#endif  // REWARDPOOL_PACKED_COLUMN_H_
