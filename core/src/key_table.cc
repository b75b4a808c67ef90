#include "rewardpool/key_table.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "rewardpool/id_hash.h"

namespace rewardpool {

std::size_t KeyTable::Index::HomeOf(std::string_view key) const noexcept {
  return static_cast<std::size_t>(IdHash::ValueOf(key) >> 32) & (positions_.size() - 1);
}

std::size_t KeyTable::Index::PlaceOf(const std::vector<Entry>& entries,
                                     std::string_view key) const noexcept {
  std::size_t place = HomeOf(key);
  while (positions_[place] != kNone && entries[positions_[place]]->key != key) {
    place = (place + 1) & (positions_.size() - 1);
  }
  return place;
}

void KeyTable::Index::Erase(const std::vector<Entry>& entries, std::uint32_t position) noexcept {
  const std::size_t mask = positions_.size() - 1;
  std::size_t hole = PlaceOf(entries, entries[position]->key);
  // Close the gap: move back each later entry of the cluster whose home does not lie
  // between the hole and it.
  for (std::size_t next = (hole + 1) & mask; positions_[next] != kNone; next = (next + 1) & mask) {
    const std::size_t home = HomeOf(entries[positions_[next]]->key);
    if (((next - home) & mask) >= ((next - hole) & mask)) {
      positions_[hole] = positions_[next];
      hole = next;
    }
  }
  positions_[hole] = kNone;
}

KeyTable::Entry KeyTable::Find(std::string_view key) const {
  const std::uint32_t position = by_key_.Find(ring_, key);
  if (position == Index::kNone) return nullptr;
  const std::uint32_t age = PositionOf(next_ordinal_ - 1 - position);
  return age < retention_ ? ring_[position] : nullptr;
}

void KeyTable::Insert(SnapshotKey entry) {
  assert(first_ordinal_ == next_ordinal_ ||
         EntryAt(next_ordinal_ - 1)->request_id < entry.request_id);
  auto kept = std::make_shared<const SnapshotKey>(std::move(entry));
  if (next_ordinal_ - first_ordinal_ == ring_.size()) Grow();
  const std::uint32_t position = PositionOf(next_ordinal_++);
  ring_[position] = std::move(kept);
  by_key_.Put(ring_, position);
}

void KeyTable::Grow() {
  constexpr std::size_t kEntriesMin = 16;
  std::vector<Entry> larger(std::max(kEntriesMin, 2 * ring_.size()));
  for (std::uint64_t ordinal = first_ordinal_; ordinal < next_ordinal_; ++ordinal) {
    larger[ordinal & (larger.size() - 1)] = EntryAt(ordinal);
  }
  ring_ = std::move(larger);
  RemakeIndex();
}

void KeyTable::RemakeIndex() {
  by_key_ = Index(ring_.size());
  for (std::uint64_t ordinal = first_ordinal_; ordinal < next_ordinal_; ++ordinal) {
    by_key_.Put(ring_, PositionOf(ordinal));
  }
}

void KeyTable::Commit(RequestId through) {
  while (committed_ordinal_ < next_ordinal_ && EntryAt(committed_ordinal_)->request_id <= through) {
    ++committed_ordinal_;
  }
  while (committed_ordinal_ - first_ordinal_ > retention_ &&
         (copy_next_ >= copy_end_ || first_ordinal_ < copy_next_)) {
    const std::uint32_t oldest = PositionOf(first_ordinal_++);
    if (by_key_.Find(ring_, ring_[oldest]->key) == oldest) by_key_.Erase(ring_, oldest);
    ring_[oldest] = nullptr;
  }
}

void KeyTable::UndoAfter(RequestId request_id) {
  const std::uint64_t end = next_ordinal_;
  while (next_ordinal_ > first_ordinal_ && EntryAt(next_ordinal_ - 1)->request_id > request_id) {
    ring_[PositionOf(--next_ordinal_)] = nullptr;
  }
  // A key that was used again has lost its place in the index to what is gone now.
  if (next_ordinal_ != end) RemakeIndex();
}

void KeyTable::BeginCopy() noexcept {
  copy_next_ = std::max(first_ordinal_, first_visible());
  copy_end_ = next_ordinal_;
}

bool KeyTable::ContinueCopy(std::size_t count, std::vector<Entry>& entries) {
  for (; count != 0 && copy_next_ < copy_end_; --count, ++copy_next_) {
    entries.push_back(EntryAt(copy_next_));
  }
  return copy_next_ >= copy_end_;
}

void KeyTable::DropReplaced(std::vector<Entry>& entries) {
  Index last(entries.size());
  for (std::uint32_t position = 0; position < entries.size(); ++position) {
    const std::uint32_t replaced = last.Put(entries, position);
    if (replaced != Index::kNone) entries[replaced] = nullptr;
  }
  std::erase(entries, nullptr);
}

}  // namespace rewardpool
