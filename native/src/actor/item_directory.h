// item_directory.h - item refs: names of items that are never used twice, so
// that an answer read late is not resolved to an item that has taken the
// position of the one that was drawn.
//
// Refs start out equal to positions. An item added later gets the next ref,
// whatever its position. Entries are never changed or removed, which is what
// lets any thread read them without a lock.
//
// Threads: one writer, the owner of the engine. Text() from any thread that got
// the ref from an answer (directly or through other synchronisation).
#ifndef REWARDPOOL_NATIVE_SRC_ACTOR_ITEM_DIRECTORY_H_
#define REWARDPOOL_NATIVE_SRC_ACTOR_ITEM_DIRECTORY_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "rewardpool/item_table.h"
#include "rewardpool/packed_column.h"
#include "rewardpool/producer.h"

namespace rewardpool::native::internal {

class ItemDirectory {
 public:
  // The items are those of `items` now; their texts are kept alive.
  explicit ItemDirectory(const ItemTable& items);
  ~ItemDirectory();
  ItemDirectory(const ItemDirectory&) = delete;
  ItemDirectory& operator=(const ItemDirectory&) = delete;

  // Turns positions as they are occupied now into refs, in place.
  // Cost: nothing while each ref is its position.
  void ToRefs(std::span<std::uint32_t> positions) const noexcept {
    if (refs_.empty()) return;
    for (std::uint32_t& position : positions) position = refs_[position];
  }

  // An item was added at this position by a request. Its text is not kept alive.
  void Add(ItemIndex position, IdTexts::Ref text, RequestId request_id);
  // Additions up to this request are final.
  void Commit(RequestId through);
  // The additions that are not final did not happen.
  void Undo();

  // Empty for a ref that was never given out.
  [[nodiscard]] std::string_view Text(ItemRef ref) const noexcept;

 private:
  static constexpr std::size_t kFirstChunkSize = 1024;
  static constexpr std::size_t kChunksMax = 23;  // every ItemRef has a place

  struct Place {
    std::size_t chunk;
    std::size_t offset;
  };
  // Where an addition lies: chunk c has kFirstChunkSize << c entries.
  [[nodiscard]] static Place PlaceOf(std::size_t addition) noexcept;

  struct Addition {
    RequestId request_id;
    ItemIndex position;
    ItemRef ref_before;
  };

  const IdTexts texts_at_opening_;
  const PackedColumn at_opening_;  // places of the texts; 0 where no item was
  std::size_t additions_ = 0;
  std::array<std::atomic<IdTexts::Ref*>, kChunksMax> chunks_{};
  std::vector<ItemRef> refs_;  // by position; empty while each ref is its position
  std::vector<Addition> not_final_;
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_ACTOR_ITEM_DIRECTORY_H_
