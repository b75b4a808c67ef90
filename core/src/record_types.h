// record_types.h - the tag and the name of each kind of record, in the order of
// the alternatives of Record.
#ifndef REWARDPOOL_SRC_RECORD_TYPES_H_
#define REWARDPOOL_SRC_RECORD_TYPES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <variant>

#include "rewardpool/wal_record.h"

namespace rewardpool::internal {

struct RecordType {
  char tag;               // in the binary codec
  std::string_view name;  // in the jsonl codec
};

inline constexpr std::array<RecordType, std::variant_size_v<Record>> kRecordTypes = {{
    {'D', "draw-run"},
    {'X', "refused-run"},
    {'R', "requested-draw"},
    {'A', "item-added"},
    {'U', "item-updated"},
    {'M', "item-removed"},
    {'C', "catalog-item"},
    {'P', "pool-created"},
    {'S', "snapshot-taken"},
    {'Z', "pool-closed"},
    {'I', "snapshot-item"},
    {'K', "snapshot-key"},
    {'E', "snapshot-end"},
}};

// Of every kind of record there is one version yet.
inline constexpr std::uint8_t kRecordVersion = 1;

// Where T stands among the alternatives of Record.
template <typename T, std::size_t kIndex = 0>
[[nodiscard]] consteval std::size_t RecordIndexOf() {
  if constexpr (std::is_same_v<std::variant_alternative_t<kIndex, Record>, T>) {
    return kIndex;
  } else {
    return RecordIndexOf<T, kIndex + 1>();
  }
}

// The rows above must stay in the order of the alternatives.
static_assert(RecordIndexOf<DrawRun>() == 0 && RecordIndexOf<CatalogItem>() == 6 &&
              RecordIndexOf<SnapshotEnd>() == 12);

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SRC_RECORD_TYPES_H_
