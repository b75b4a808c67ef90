#include "rewardpool/item_table.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <functional>
#include <iterator>
#include <utility>

#include "little_endian.h"
#include "rewardpool/crc32c.h"

namespace rewardpool {
namespace {

constexpr ItemIndex kEmpty = ~ItemIndex{0};
constexpr std::size_t kHashSlotsMin = 16;

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

Status NotFound(std::string_view id) {
  return {StatusCode::kNotFound, "there is no item " + Quoted(id)};
}

Status SumTooLarge(std::string_view id) {
  return {StatusCode::kInvalidArgument,
          "with the weight of " + Quoted(id) + " the sum of all weights passes 2^63-1"};
}

}  // namespace

IdTexts::Ref IdTexts::Add(std::string_view text) {
  assert(text.size() <= kItemIdBytesMax);
  static_assert(kItemIdBytesMax < kBlockBytesMin);
  const std::size_t bytes = text.size() + 1;
  // A block that a copy shares is still appended to only by one of the two
  // owners' `used_` marks, so a copy starts a block of its own.
  if (blocks_.empty() || block_bytes_ - used_ < bytes || blocks_.back().use_count() > 1) {
    block_bytes_ = std::clamp(2 * block_bytes_, kBlockBytesMin, kBlockBytesMax);
    blocks_.push_back(std::shared_ptr<char[]>(new char[block_bytes_]));
    used_ = 0;
  }
  char* const place = blocks_.back().get() + used_;
  *place = static_cast<char>(static_cast<unsigned char>(text.size()));
  std::memcpy(place + 1, text.data(), text.size());
  used_ += bytes;
  return place;
}

ItemTable::ItemTable() : hash_(kHashSlotsMin, kEmpty) {}

Result<ItemTable> ItemTable::Create(std::span<const Item> items) {
  ItemTable table;
  // What grows step by step ends with up to half of it unused.
  table.ids_.reserve(items.size());
  table.weights_.reserve(items.size());
  table.stock_.Reserve(items.size());
  for (const Item& item : items) {
    if (Result<ItemIndex> added = table.Add(item); !added.ok()) return added.status();
  }
  return table;
}

std::optional<ItemIndex> ItemTable::Find(std::string_view id) const noexcept {
  const std::size_t mask = hash_.size() - 1;
  for (std::size_t place = HashHome(id); hash_[place] != kEmpty; place = (place + 1) & mask) {
    if (IdAt(hash_[place]) == id) return hash_[place];
  }
  return std::nullopt;
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
    weights_[*index] = *change.weight;
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
  ids_[index] = texts_.Add(id);
  weights_[index] = weight;
  stock_.Set(index, entry);
  weight_sum_ += weight;
  schema_hash_ ^= SchemaShare(index, id);
  HashInsert(index);
}

void ItemTable::Vacate(ItemIndex index) {
  HashErase(index);
  schema_hash_ ^= SchemaShare(index, IdAt(index));
  weight_sum_ -= weights_[index];
  ids_[index] = nullptr;
  weights_[index] = 0;
  stock_.Set(index, {});
  free_.insert(index);
  std::size_t slots = slot_count();
  for (; slots > 0 && ids_[slots - 1] == nullptr; --slots) free_.erase(std::prev(free_.end()));
  SetSlotCount(slots);
}

void ItemTable::SetSlotCount(std::size_t count) {
  ids_.resize(count, nullptr);
  weights_.resize(count, 0);
  stock_.Resize(count);
}

ItemIndex ItemTable::LowestFree() const noexcept {
  return free_.empty() ? static_cast<ItemIndex>(slot_count()) : *free_.begin();
}

std::size_t ItemTable::HashHome(std::string_view id) const noexcept {
  return std::hash<std::string_view>()(id) & (hash_.size() - 1);
}

void ItemTable::HashInsert(ItemIndex index) {
  // Three quarters full is where linear probing begins to cost.
  if (4 * item_count() > 3 * hash_.size()) {
    HashGrow();
    return;  // growing has put every item in, this one included
  }
  const std::size_t mask = hash_.size() - 1;
  std::size_t place = HashHome(IdAt(index));
  while (hash_[place] != kEmpty) place = (place + 1) & mask;
  hash_[place] = index;
}

void ItemTable::HashErase(ItemIndex index) {
  const std::size_t mask = hash_.size() - 1;
  std::size_t hole = HashHome(IdAt(index));
  while (hash_[hole] != index) hole = (hole + 1) & mask;
  // Close the gap: move back each later entry of the cluster whose home does
  // not lie between the hole and it.
  for (std::size_t next = (hole + 1) & mask; hash_[next] != kEmpty; next = (next + 1) & mask) {
    const std::size_t home = HashHome(IdAt(hash_[next]));
    if (((next - home) & mask) >= ((next - hole) & mask)) {
      hash_[hole] = hash_[next];
      hole = next;
    }
  }
  hash_[hole] = kEmpty;
}

void ItemTable::HashGrow() {
  hash_.assign(2 * hash_.size(), kEmpty);
  const std::size_t mask = hash_.size() - 1;
  for (ItemIndex index = 0; index < slot_count(); ++index) {
    if (!Has(index)) continue;
    std::size_t place = HashHome(IdAt(index));
    while (hash_[place] != kEmpty) place = (place + 1) & mask;
    hash_[place] = index;
  }
}

}  // namespace rewardpool
