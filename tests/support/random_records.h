// random_records.h - records and items of every shape, from a seed.
#ifndef REWARDPOOL_TESTS_SUPPORT_RANDOM_RECORDS_H_
#define REWARDPOOL_TESTS_SUPPORT_RANDOM_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "rewardpool/item_table.h"
#include "rewardpool/wal_record.h"

namespace rewardpool::tests {

class RandomRecords {
 public:
  explicit RandomRecords(std::uint64_t seed) : random_(seed) {}

  // 0 <= result < bound.
  std::uint64_t Below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random_);
  }

  // Numbers of every length, the limits among them.
  std::uint64_t Number(std::uint64_t max) {
    if (Below(8) == 0) return max;
    return (random_() >> Below(64)) & max;
  }

  // Valid as an item id; full of what formats stumble over.
  std::string Text() {
    static constexpr const char* kPieces[] = {
        "gold",     ",",
        "\"",       "\\",
        "\n",       "\r\n",
        "\t",       "/",
        "\x01",     "\x7F",
        "\xC3\xA9", "{",
        "]",        "\xE2\x80\xA8",
        " ",        "u00",
        "\\u0041",  "\xF0\x9F\x8E\x81",
        "null",     ":",
        "\x1F",
    };
    std::string text;
    const std::size_t pieces = 1 + Below(Below(10) == 0 ? 60 : 6);
    for (std::size_t i = 0; i < pieces; ++i) {
      const std::string piece = kPieces[Below(std::size(kPieces))];
      if (text.size() + piece.size() <= kItemIdBytesMax) text += piece;
    }
    return text;
  }

  std::string OptionalText() { return Below(3) == 0 ? std::string() : Text(); }

  Quantity AnyQuantity() {
    return Below(3) == 0 ? Quantity::Unlimited() : Quantity::Of(Number(kQuantityMax));
  }

  Item AnyItem() { return {Text(), Number(kWeightMax), AnyQuantity()}; }

  // A table of `count` items, each with its number in its id.
  ItemTable Items(std::size_t count) {
    std::vector<Item> items;
    for (std::size_t i = 0; i < count; ++i) {
      items.push_back({std::to_string(i) + Text().substr(0, 1), Number(1000), AnyQuantity()});
      if (!ValidateItem(items.back()).ok()) items.back().id = std::to_string(i);
    }
    return *ItemTable::Create(items);
  }

  std::vector<ItemIndex> Positions(std::size_t count, const ItemTable& items) {
    std::vector<ItemIndex> positions(count);
    for (ItemIndex& position : positions) {
      position = static_cast<ItemIndex>(Below(items.slot_count()));
    }
    return positions;
  }

  // A record of the kind that stands at `index` among Record's alternatives.
  Record Any(std::size_t index, const ItemTable& items) {
    switch (index) {
      case 0:
        return DrawRun{Positions(1 + Below(Below(4) == 0 ? 2000 : 40), items)};
      case 1:
        return RefusedRun{1 + Number(kRefusalsPerRecordMax - 1)};
      case 2: {
        RequestedDraw draw{
            OptionalText(), OptionalText(), static_cast<std::uint32_t>(1 + Below(20)), {}};
        if (Below(3) != 0) draw.items = Positions(draw.count, items);
        return draw;
      }
      case 3:
        return ItemAdded{AnyItem()};
      case 4: {
        ItemUpdated updated{Text(), {}};
        if (Below(2) == 0) updated.change.weight = Number(kWeightMax);
        if (Below(2) == 0) updated.change.quantity = AnyQuantity();
        return updated;
      }
      case 5:
        return ItemRemoved{Text()};
      case 6:
        return CatalogItem{AnyItem()};
      case 7:
        return PoolCreated{Number(~std::uint64_t{0})};
      case 8:
        return SnapshotTaken{Number(~std::uint64_t{0})};
      case 9:
        return PoolClosed{};
      case 10:
        return SnapshotItem{static_cast<ItemIndex>(Number(~ItemIndex{0})), AnyItem(),
                            Number(~std::uint64_t{0})};
      case 11: {
        SnapshotKey key{Number(~std::uint64_t{0}),
                        Text(),
                        OptionalText(),
                        static_cast<std::uint32_t>(1 + Below(20)),
                        {}};
        if (Below(3) != 0) {
          for (std::uint32_t i = 0; i < key.count; ++i) key.item_ids.push_back(Text());
        }
        return key;
      }
      default:
        return SnapshotEnd{Number(~std::uint64_t{0}), Number(~std::uint64_t{0}),
                           Number(~std::uint64_t{0})};
    }
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace rewardpool::tests

#endif  // REWARDPOOL_TESTS_SUPPORT_RANDOM_RECORDS_H_
