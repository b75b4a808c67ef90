#include "rewardpool/item_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <iterator>
#include <utility>

#include "little_endian.h"
#include "rewardpool/crc32c.h"

namespace rewardpool {
namespace {

// The share of one position in the schema hash. Shares are combined by XOR, so
// that a change costs O(1) and the order of changes does not matter. A CRC is
// linear: two ids that change places would cancel out without the mixing.
// Source of the mixing: MurmurHash3's 32-bit finalizer (A. Appleby).
std::uint32_t SchemaShare(ItemIndex index, std::string_view id) noexcept {
  std::array<std::byte, 4> position;
  internal::StoreLittleEndian(position.data(), index);
  std::uint32_t hash = Crc32c(Crc32c(0, position), std::as_bytes(std::span<const char>(id)));
  hash = (hash ^ (hash >> 16)) * 0x85EBCA6B;
  hash = (hash ^ (hash >> 13)) * 0xC2B2AE35;
  return hash ^ (hash >> 16);
}

// Half of the work of adding an item is about that of reading so many bytes.
constexpr std::size_t kBytesPerItem = 256;

Status NotFound(std::string_view id) {
  return {StatusCode::kNotFound, "there is no item " + Quoted(id)};
}

Status SumTooLarge(std::string_view id) {
  return {StatusCode::kInvalidArgument,
          "with the weight of " + Quoted(id) + " the sum of all weights passes 2^63-1"};
}

}  // namespace

IdTexts::Place IdTexts::Add(std::string_view text) {
  assert(text.size() <= kItemIdBytesMax);
  static_assert(kItemIdBytesMax < kBlockBytesMin);
  const std::size_t bytes = text.size() + 1;
  // Either owner of a block that a copy shares would go on at the same place, so
  // both begin a block of their own.
  if (blocks_.empty() || BlockBegin(blocks_.size()) - next_ < bytes ||
      blocks_.back().use_count() > 1) {
    next_ = BlockBegin(blocks_.size());
    blocks_.push_back(std::shared_ptr<char[]>(new char[BlockBegin(blocks_.size() + 1) - next_]));
  }
  const Place place = next_;
  char* const text_in_block = blocks_.back().get() + (place - BlockBegin(blocks_.size() - 1));
  *text_in_block = static_cast<char>(static_cast<unsigned char>(text.size()));
  std::memcpy(text_in_block + 1, text.data(), text.size());
  next_ += bytes;
  return place;
}

IdTexts::Ref IdTexts::At(Place place) const noexcept {
  const std::size_t block =
      place < kBlockBytesMax ? static_cast<std::size_t>(std::bit_width(place / kBlockBytesMin)) - 1
                             : static_cast<std::size_t>(place / kBlockBytesMax) + kDoublings - 1;
  return blocks_[block].get() + (place - BlockBegin(block));
}

Result<ItemTable> ItemTable::Create(std::span<const Item> items) {
  ItemTable table;
  table.Reserve(items.size());
  for (const Item& item : items) {
    if (Result<ItemIndex> added = table.Add(item); !added.ok()) return added.status();
  }
  return table;
}

void ItemTable::Reserve(std::size_t items) {
  items = std::min(items, kItemsMax);
  ids_.Reserve(items);
  weights_.Reserve(items);
  stock_.Reserve(items);
  if (!hash_.HasRoomFor(items)) RemakeHash(items);
}

std::optional<ItemIndex> ItemTable::Find(std::string_view id) const noexcept {
  return FindBy(IdHash::ValueOf(id), id);
}

std::optional<ItemIndex> ItemTable::FindBy(IdHash::Value hash, std::string_view id) const noexcept {
  return hash_.Find(hash, [&](ItemIndex index) { return IdAt(index) == id; });
}

bool ItemTable::FindAll(std::span<const std::string_view> ids,
                        std::span<ItemIndex> positions) const noexcept {
  assert(ids.size() == positions.size());
  for (std::size_t begin = 0; begin < ids.size(); begin += kAhead) {
    const auto group = ids.subspan(begin, std::min(kAhead, ids.size() - begin));
    // An entry of the hash leads to a place, and that to a text: each of the three is
    // a miss, and waits for the one before.
    std::array<IdHash::Value, kAhead> hashes;
    for (std::size_t i = 0; i < group.size(); ++i) {
      hashes[i] = IdHash::ValueOf(group[i]);
      hash_.Prefetch(hashes[i]);
    }
    std::array<std::optional<ItemIndex>, kAhead> candidates;
    for (std::size_t i = 0; i < group.size(); ++i) {
      candidates[i] = hash_.FirstCandidate(hashes[i]);
      if (!candidates[i]) return false;
      ids_.Prefetch(*candidates[i]);
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
      __builtin_prefetch(texts_.At(ids_[*candidates[i]]));
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
      std::optional<ItemIndex> position = candidates[i];
      if (IdAt(*position) != group[i]) position = FindBy(hashes[i], group[i]);
      if (!position) return false;
      positions[begin + i] = *position;
    }
  }
  return true;
}

Result<ItemIndex> ItemTable::Add(const Item& item) {
  RP_RETURN_IF_ERROR(CheckNewItem(item.id, item.weight));
  const ItemIndex index = LowestFree();
  if (index >= kItemsMax) {
    return Status(StatusCode::kInvalidArgument,
                  "a pool holds at most " + std::to_string(kItemsMax) + " items");
  }
  Occupy(index, item.id, item.weight, {.left = item.quantity, .drawn = 0});
  return index;
}

bool ItemTable::AddAll(std::span<const NewItem> items, Workers* workers) {
  const std::size_t first = slot_count();
  if (!free_.empty() || items.size() > kItemsMax - first) return false;
  Weight sum = weight_sum_;
  Weight weight_max = 0;
  for (const NewItem& item : items) {
    if (item.weight > kWeightMax - sum || item.id.empty() || item.id.size() > kItemIdBytesMax) {
      return false;
    }
    sum += item.weight;
    weight_max = std::max(weight_max, item.weight);
  }
  const std::size_t count = first + items.size();
  if (!hash_.HasRoomFor(count)) RemakeHash(count + first / 2);
  weights_.Fit(weight_max);
  SetSlotCount(count);
  std::uint32_t schema_shares = 0;
  Hashed hashed;
  const auto half = [&](std::size_t number) {
    if (number == 0) {
      schema_shares = FillAll(first, items);
    } else {
      hashed = HashAll(first, items);
    }
  };
  if (workers != nullptr && items.size() >= workers->task_bytes_min() / kBytesPerItem) {
    workers->Run(2, half);
  } else {
    half(0);
    half(1);
  }
  if (hashed.all_is_well &&
      std::none_of(hashed.suspicions.begin(), hashed.suspicions.end(),
                   [this](const Suspicion& ids) { return IdAt(ids.of) == IdAt(ids.other); })) {
    weight_sum_ = sum;
    schema_hash_ ^= schema_shares;
    return true;
  }
  const auto value_at = [this](ItemIndex index) { return IdHash::ValueOf(IdAt(index)); };
  for (std::size_t index = first + hashed.count; index-- > first;) {
    const auto position = static_cast<ItemIndex>(index);
    hash_.Erase(value_at(position), position, value_at);
  }
  SetSlotCount(first);
  return false;
}

std::uint32_t ItemTable::FillAll(std::size_t first, std::span<const NewItem> items) {
  // Not in a member: whoever fills the hash reads the cache line in which that lies.
  std::uint32_t schema_shares = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const NewItem& item = items[i];
    const auto index = static_cast<ItemIndex>(first + i);
    Put(index, item.id, item.weight, {.left = item.quantity, .drawn = 0});
    schema_shares ^= SchemaShare(index, item.id);
  }
  return schema_shares;
}

ItemTable::Hashed ItemTable::HashAll(std::size_t first, std::span<const NewItem> items) {
  // By chance it is one item in two at most; ids that were made to have the same hash must
  // not take more memory than that.
  const std::size_t suspicions_max = items.size() + kAhead;
  Hashed hashed;
  bool& all_is_well = hashed.all_is_well;
  while (all_is_well && hashed.count < items.size()) {
    const auto group = items.subspan(hashed.count, std::min(kAhead, items.size() - hashed.count));
    std::array<IdHash::Value, kAhead> hashes;
    for (std::size_t i = 0; i < group.size(); ++i) {
      all_is_well &= IsItemId(group[i].id);
      hashes[i] = IdHash::ValueOf(group[i].id);
      hash_.Prefetch(hashes[i]);
    }
    for (std::size_t i = 0; i < group.size() && all_is_well; ++i) {
      const auto index = static_cast<ItemIndex>(first + hashed.count);
      hash_.Insert(hashes[i], index, [&](ItemIndex other) {
        // What lies in the table cannot be looked at: it is being written to meanwhile.
        if (other >= first) {
          all_is_well &= items[other - first].id != group[i].id;
        } else if (hashed.suspicions.size() < suspicions_max) {
          hashed.suspicions.push_back({index, other});
        } else {
          all_is_well = false;
        }
      });
      ++hashed.count;
    }
  }
  return hashed;
}

Result<ItemIndex> ItemTable::Update(std::string_view id, const ItemChange& change) {
  const std::optional<ItemIndex> index = Find(id);
  if (!index) return NotFound(id);
  if (change.weight) {
    const Weight others = weight_sum_ - weights_[*index];
    if (*change.weight > kWeightMax) {
      return Status(StatusCode::kInvalidArgument,
                    "weight of " + Quoted(id) + " is larger than 2^63-1");
    }
    if (*change.weight > kWeightMax - others) return SumTooLarge(id);
    weights_.Set(*index, *change.weight);
    weight_sum_ = others + *change.weight;
  }
  if (change.quantity) {
    stock_.Set(*index, {.left = *change.quantity, .drawn = stock_[*index].drawn});
  }
  return *index;
}

Result<ItemIndex> ItemTable::Remove(std::string_view id) {
  const std::optional<ItemIndex> index = Find(id);
  if (!index) return NotFound(id);
  drawn_of_removed_ += stock_[*index].drawn;
  Vacate(*index);
  return *index;
}

Status ItemTable::Place(ItemIndex index, std::string_view id, Weight weight,
                        const Stock::Entry& entry) {
  if (index >= kItemsMax) {
    return {StatusCode::kInvalidArgument,
            "position " + std::to_string(index) + " is beyond the largest possible"};
  }
  if (Has(index)) {
    return {StatusCode::kAlreadyExists,
            "position " + std::to_string(index) + " is taken by " + Quoted(IdAt(index))};
  }
  RP_RETURN_IF_ERROR(CheckNewItem(id, weight));
  Occupy(index, id, weight, entry);
  return Status::Ok();
}

void ItemTable::UndoAdd(ItemIndex index) {
  assert(Has(index) && stock_[index].drawn == 0);
  Vacate(index);
}

Status ItemTable::ApplyDraws(std::span<const ItemIndex> positions) {
  const std::size_t slots = slot_count();
  for (const ItemIndex index : positions) {
    if (index >= slots || weights_[index] == 0 || stock_.IsGone(index)) [[unlikely]] {
      if (!Has(index)) {
        return {StatusCode::kCorrupt,
                "a draw of position " + std::to_string(index) + ", where no item is"};
      }
      return {StatusCode::kCorrupt,
              "a draw of " + Quoted(IdAt(index)) +
                  (weights_[index] == 0 ? ", which has weight 0" : ", which is out of stock")};
    }
    stock_.TakeOne(index);
  }
  return Status::Ok();
}

bool ItemTable::ApplyDrawCounts(std::span<const std::uint32_t> counts) {
  const std::size_t slots = std::min(counts.size(), slot_count());
  // Without branches on single counts: of many items some were drawn and some not,
  // as chance had it.
  bool possible = true;
  for (std::size_t i = 0; i < slots; ++i) {
    const bool drawable =
        weights_[i] != 0 && stock_[static_cast<ItemIndex>(i)].left.Covers(counts[i]);
    possible &= drawable || counts[i] == 0;
  }
  for (std::size_t i = slots; i < counts.size(); ++i) possible &= counts[i] == 0;
  if (!possible) return false;
  for (std::size_t i = 0; i < slots; ++i) stock_.Take(static_cast<ItemIndex>(i), counts[i]);
  return true;
}

Status ItemTable::CheckNewItem(std::string_view id, Weight weight) const {
  RP_RETURN_IF_ERROR(ValidateItemId(id));
  if (weight > kWeightMax) {
    return {StatusCode::kInvalidArgument, "weight of " + Quoted(id) + " is larger than 2^63-1"};
  }
  if (weight > kWeightMax - weight_sum_) return SumTooLarge(id);
  if (Find(id)) return {StatusCode::kAlreadyExists, "there already is an item " + Quoted(id)};
  return Status::Ok();
}

void ItemTable::Occupy(ItemIndex index, std::string_view id, Weight weight,
                       const Stock::Entry& entry) {
  for (auto slot = static_cast<ItemIndex>(slot_count()); slot < index; ++slot) {
    free_.insert(free_.end(), slot);
  }
  if (index < slot_count()) {
    free_.erase(index);
  } else {
    SetSlotCount(std::size_t{index} + 1);
  }
  Put(index, id, weight, entry);
  weight_sum_ += weight;
  schema_hash_ ^= SchemaShare(index, id);
  HashInsert(index);
}

void ItemTable::Put(ItemIndex index, std::string_view id, Weight weight,
                    const Stock::Entry& entry) {
  ids_.Set(index, texts_.Add(id));
  weights_.Set(index, weight);
  stock_.Set(index, entry);
}

void ItemTable::Vacate(ItemIndex index) {
  hash_.Erase(IdHash::ValueOf(IdAt(index)), index,
              [this](ItemIndex other) { return IdHash::ValueOf(IdAt(other)); });
  schema_hash_ ^= SchemaShare(index, IdAt(index));
  weight_sum_ -= weights_[index];
  ids_.Set(index, 0);
  weights_.Set(index, 0);
  stock_.Set(index, {});
  free_.insert(index);
  std::size_t slots = slot_count();
  for (; slots > 0 && ids_[slots - 1] == 0; --slots) free_.erase(std::prev(free_.end()));
  SetSlotCount(slots);
}

void ItemTable::SetSlotCount(std::size_t count) {
  ids_.Resize(count);
  weights_.Resize(count);
  stock_.Resize(count);
}

ItemIndex ItemTable::LowestFree() const noexcept {
  return free_.empty() ? static_cast<ItemIndex>(slot_count()) : *free_.begin();
}

void ItemTable::HashInsert(ItemIndex index) {
  if (hash_.HasRoomFor(item_count())) {
    hash_.Insert(IdHash::ValueOf(IdAt(index)), index);
  } else {
    RemakeHash(item_count() + item_count() / 2);  // with this one in it
  }
}

void ItemTable::RemakeHash(std::size_t room) {
  hash_.Reset(room);
  for (ItemIndex index = 0; index < slot_count(); ++index) {
    if (Has(index)) hash_.Insert(IdHash::ValueOf(IdAt(index)), index);
  }
}

}  // namespace rewardpool
