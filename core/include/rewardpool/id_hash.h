// id_hash.h - from an id to its position: open addressing, four bytes an entry.
//
// An entry is a position and a tag, six more bits of the id's hash. Of the ids that
// lie where one is looked for, the tag tells nearly all others apart without their
// texts: in a large pool a text is two cache misses away, and the next entry none.
// So entries may lie dense: five sixths of the table are full when it is made for a
// known number of ids, and at most seven eighths.
//
// The table knows no texts. Its owner says what id lies at a position.
//
// Threads: one owner; const methods are safe concurrently.
#ifndef REWARDPOOL_ID_HASH_H_
#define REWARDPOOL_ID_HASH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "rewardpool/item.h"
#include "rewardpool/large_memory.h"

namespace rewardpool {

class IdHash {
 public:
  // The hash of an id: differs between platforms, and never leaves the process.
  using Value = std::uint64_t;
  [[nodiscard]] static Value ValueOf(std::string_view id) noexcept;

  // Empty, with room for a few.
  IdHash() { Reset(0); }

  // Forgets everything, and has room for `count` ids and some 5% more.
  void Reset(std::size_t count);
  [[nodiscard]] bool HasRoomFor(std::size_t count) const noexcept {
    return 8 * count <= 7 * entries_.size();
  }

  // The position among those with this value, and perhaps a few more, for which
  // is_it(position) is true. Cost: mostly one cache line, and one call if it is there.
  template <typename IsIt>
  [[nodiscard]] std::optional<ItemIndex> Find(Value value, IsIt is_it) const {
    const Entry tag = TagOf(value);
    for (std::size_t place = HomeOf(value); entries_[place] != kEmpty; place = After(place)) {
      const Entry entry = entries_[place];
      if ((entry & kTagMask) == tag && is_it(entry & kPositionMask)) return entry & kPositionMask;
    }
    return std::nullopt;
  }

  // What Find() asks about first: the position that mostly is the one.
  [[nodiscard]] std::optional<ItemIndex> FirstCandidate(Value value) const {
    return Find(value, [](ItemIndex) { return true; });
  }

  // Requires room, and that the position is not in it.
  void Insert(Value value, ItemIndex position) {
    Insert(value, position, [](ItemIndex) {});
  }

  // The same, and calls suspect(position) for each other position that may have the same
  // id: of the entries passed on the way, those with the same tag, one in 63 by chance.
  template <typename Suspect>
  void Insert(Value value, ItemIndex position, Suspect suspect) {
    const Entry tag = TagOf(value);
    std::size_t place = HomeOf(value);
    for (; entries_[place] != kEmpty; place = After(place)) {
      const Entry entry = entries_[place];
      if ((entry & kTagMask) == tag) suspect(entry & kPositionMask);
    }
    entries_[place] = tag | position;
  }

  // A hint that this value is looked for or inserted soon.
  void Prefetch(Value value) const noexcept { __builtin_prefetch(&entries_[HomeOf(value)], 1); }

  // Takes out a position that is in it; value_at(position) is the value that any
  // other one was inserted with.
  template <typename ValueAt>
  void Erase(Value value, ItemIndex position, ValueAt value_at) {
    std::size_t hole = HomeOf(value);
    while (entries_[hole] != (TagOf(value) | position)) hole = After(hole);
    // Close the gap: move back each later entry of the cluster whose home does not
    // lie between the hole and it.
    for (std::size_t next = After(hole); entries_[next] != kEmpty; next = After(next)) {
      const std::size_t home = HomeOf(value_at(entries_[next] & kPositionMask));
      if (Distance(home, next) >= Distance(hole, next)) {
        entries_[hole] = entries_[next];
        hole = next;
      }
    }
    entries_[hole] = kEmpty;
  }

 private:
  using Entry = std::uint32_t;
  static constexpr int kPositionBits = 26;
  static constexpr Entry kPositionMask = (Entry{1} << kPositionBits) - 1;
  static constexpr Entry kTagMask = ~kPositionMask;
  static constexpr Entry kEmpty = ~Entry{0};  // no tag has all bits set
  static constexpr std::size_t kEntriesMin = 16;
  static_assert(kItemsMax == std::size_t{1} << kPositionBits);

  [[nodiscard]] static Entry TagOf(Value value) noexcept {
    constexpr Value kTags = (Value{1} << (32 - kPositionBits)) - 1;
    return static_cast<Entry>((value & 0xFFFF'FFFF) * kTags >> 32) << kPositionBits;
  }
  [[nodiscard]] std::size_t HomeOf(Value value) const noexcept {
    return static_cast<std::size_t>((value >> 32) * entries_.size() >> 32);
  }
  [[nodiscard]] std::size_t After(std::size_t place) const noexcept {
    return place + 1 == entries_.size() ? 0 : place + 1;
  }
  [[nodiscard]] std::size_t Distance(std::size_t from, std::size_t to) const noexcept {
    return from <= to ? to - from : to + entries_.size() - from;
  }

  LargeVector<Entry> entries_;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_ID_HASH_H_
