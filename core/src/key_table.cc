#include "rewardpool/key_table.h"

#include <algorithm>
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
  while (!order_.empty() && order_.front().ordinal + retention_ < committed_ordinal_ &&
         (copy_next_ >= copy_end_ || order_.front().ordinal < copy_next_)) {
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

void KeyTable::BeginCopy() noexcept {
  const std::uint64_t first_kept = next_ordinal_ - order_.size();
  copy_next_ = std::max(first_kept, first_visible());
  copy_end_ = next_ordinal_;
}

bool KeyTable::ContinueCopy(std::size_t count, std::vector<Entry>& entries) {
  for (; count != 0 && copy_next_ < copy_end_; --count, ++copy_next_) {
    entries.push_back(order_[copy_next_ - order_.front().ordinal].entry);
  }
  return copy_next_ >= copy_end_;
}

void KeyTable::DropReplaced(std::vector<Entry>& entries) {
  std::unordered_map<std::string_view, Place> last;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    last.try_emplace((*entry)->key, Place{*entry, 0});
  }
  std::erase_if(entries, [&last](const Entry& entry) {
    return last.find(entry->key)->second.entry != entry;
  });
}

}  // namespace rewardpool
