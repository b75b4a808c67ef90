#include "actor/item_directory.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace rewardpool::native::internal {

ItemDirectory::ItemDirectory(const ItemTable& items)
    : texts_at_opening_(items.texts()), at_opening_(items.id_places()) {}

ItemDirectory::~ItemDirectory() {
  for (std::atomic<IdTexts::Ref*>& chunk : chunks_) delete[] chunk.load();
}

void ItemDirectory::Add(ItemIndex position, IdTexts::Ref text, RequestId request_id) {
  const auto ref = static_cast<ItemRef>(at_opening_.size() + additions_);
  const Place place = PlaceOf(additions_);
  IdTexts::Ref* chunk = chunks_[place.chunk].load(std::memory_order_relaxed);
  if (chunk == nullptr) {
    chunk = new IdTexts::Ref[kFirstChunkSize << place.chunk]();
    chunks_[place.chunk].store(chunk, std::memory_order_release);
  }
  chunk[place.offset] = text;
  ++additions_;

  if (refs_.empty() && ref != position) {
    refs_.resize(ref);
    std::iota(refs_.begin(), refs_.end(), ItemRef{0});
  }
  if (refs_.empty()) return;
  if (position >= refs_.size()) refs_.resize(position + 1);
  not_final_.push_back({request_id, position, refs_[position]});
  refs_[position] = ref;
}

void ItemDirectory::Commit(RequestId through) {
  if (not_final_.empty()) return;
  const auto first_left =
      std::find_if(not_final_.begin(), not_final_.end(),
                   [&](const Addition& addition) { return addition.request_id > through; });
  not_final_.erase(not_final_.begin(), first_left);
}

void ItemDirectory::Undo() {
  for (; !not_final_.empty(); not_final_.pop_back()) {
    refs_[not_final_.back().position] = not_final_.back().ref_before;
  }
}

std::string_view ItemDirectory::Text(ItemRef ref) const noexcept {
  IdTexts::Ref text = nullptr;
  if (ref < at_opening_.size()) {
    if (const IdTexts::Place place = at_opening_[ref]) text = texts_at_opening_.At(place);
  } else {
    const Place place = PlaceOf(ref - at_opening_.size());
    const IdTexts::Ref* chunk = chunks_[place.chunk].load(std::memory_order_acquire);
    if (chunk != nullptr) text = chunk[place.offset];
  }
  return text == nullptr ? std::string_view() : IdTexts::View(text);
}

ItemDirectory::Place ItemDirectory::PlaceOf(std::size_t addition) noexcept {
  const std::size_t blocks = addition / kFirstChunkSize + 1;
  const auto chunk = static_cast<std::size_t>(std::bit_width(blocks) - 1);
  return {chunk, addition - kFirstChunkSize * ((std::size_t{1} << chunk) - 1)};
}

}  // namespace rewardpool::native::internal
