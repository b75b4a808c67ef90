#include "rewardpool/key_table.h"

#include <cassert>
#include <utility>

namespace rewardpool {

KeyTable::Entry KeyTable::Find(std::string_view key) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end() || found->second.ordinal < first_visible()) return nullptr;
  return found->second.entry;
}

void KeyTable::Insert(SnapshotKey entry) {
  assert(order_.empty() || order_.back().entry->request_id < entry.request_id);
  const Place place{std::make_shared<const SnapshotKey>(std::move(entry)), next_ordinal_++};
  // The key may still be here, hidden or older: the map follows the newer entry.
  by_key_.erase(place.entry->key);
  by_key_.emplace(place.entry->key, place);
  order_.push_back(place);
}

void KeyTable::Commit(RequestId through) {
  while (committed_ordinal_ < next_ordinal_ &&
         order_[committed_ordinal_ - order_.front().ordinal].entry->request_id <= through) {
    ++committed_ordinal_;
  }
  while (!order_.empty() && order_.front().ordinal + retention_ < committed_ordinal_) {
    const Place& oldest = order_.front();
    const auto found = by_key_.find(oldest.entry->key);
    if (found != by_key_.end() && found->second.ordinal == oldest.ordinal) by_key_.erase(found);
    order_.pop_front();
  }
}

void KeyTable::UndoAfter(RequestId request_id) {
  while (!order_.empty() && order_.back().entry->request_id > request_id) {
    by_key_.erase(order_.back().entry->key);
    order_.pop_back();
    --next_ordinal_;
  }
  // A key that was used again has lost its place in the map to what is gone now.
  for (auto place = order_.rbegin(); place != order_.rend(); ++place) {
    by_key_.try_emplace(place->entry->key, *place);
  }
}

std::vector<KeyTable::Entry> KeyTable::Entries() const {
  std::vector<Entry> entries;
  entries.reserve(order_.size());
  for (const Place& place : order_) {
    if (Find(place.entry->key) == place.entry) entries.push_back(place.entry);
  }
  return entries;
}

}  // namespace rewardpool
