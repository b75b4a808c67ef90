// item_names.h - numbers for items that are never given twice, so that an answer
// that is read late is not taken for the item that came to the place of the one
// drawn.
//
// Names start out equal to positions. An item added later gets the next name,
// whatever its position.
//
// Threads: one owner.
#ifndef REWARDPOOL_WASM_SRC_ITEM_NAMES_H_
#define REWARDPOOL_WASM_SRC_ITEM_NAMES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/item_table.h"

namespace rewardpool::wasm {

using ItemName = std::uint32_t;

class ItemNames {
 public:
  explicit ItemNames(const ItemTable& items);

  // Turns positions, as they are occupied now, into names, in place.
  void FromPositions(std::span<std::uint32_t> positions) const noexcept;

  // An item was added at this position by a request.
  void Add(ItemIndex position, std::string_view item_id, RequestId request_id);
  // Additions up to this request are final.
  void Commit(RequestId through);
  // The additions that are not final did not happen. Their names stay unused.
  void Undo();

  // Item ids by name; empty where no item was at the opening.
  [[nodiscard]] std::span<const std::string> item_ids() const noexcept { return item_ids_; }

 private:
  struct Addition {
    RequestId request_id;
    ItemIndex position;
    ItemName name_before;
  };

  std::vector<std::string> item_ids_;
  std::vector<ItemName> names_;  // by position
  bool names_are_positions_ = true;
  std::vector<Addition> not_final_;
};

}  // namespace rewardpool::wasm

#endif  // REWARDPOOL_WASM_SRC_ITEM_NAMES_H_
