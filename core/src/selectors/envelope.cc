#include "selectors/envelope.h"

#include <algorithm>
#include <bit>

namespace rewardpool::internal {
namespace {

constexpr std::size_t kExactBuckets = 4;
constexpr std::size_t kBucketsPerOctave = 4;

}  // namespace

EnvelopeSelector::EnvelopeSelector(std::size_t look_ahead, std::size_t look_ahead_items_min)
    : look_ahead_(look_ahead), look_ahead_items_min_(look_ahead_items_min) {
  assert(look_ahead <= kLookAheadMax);
  const std::size_t used = BucketOf(kWeightMax) + 1;
  for (std::size_t b = 0; b < used; ++b) {
    const bool exact = b < kExactBuckets;
    const std::uint64_t multiple = exact ? b + 1 : 5 + (b - kExactBuckets) % kBucketsPerOctave;
    Bucket& bucket = buckets_[b];
    bucket.shift = static_cast<std::uint32_t>(exact ? 0 : (b - kExactBuckets) / kBucketsPerOctave);
    bucket.height = multiple << bucket.shift;
    bucket.reciprocal = (std::uint64_t{1} << kReciprocalBits) / multiple + 1;
  }
}

std::uint32_t EnvelopeSelector::BucketOf(Weight weight) noexcept {
  if (weight <= kExactBuckets) return static_cast<std::uint32_t>(weight - 1);
  // (m - 1) << s < weight <= m << s, with m = 5 to 8.
  const int shift = static_cast<int>(std::bit_width(weight - 1)) - 3;
  const std::uint64_t multiple = ((weight - 1) >> shift) + 1;
  return static_cast<std::uint32_t>(
      kExactBuckets + static_cast<std::uint64_t>(shift) * kBucketsPerOctave + multiple - 5);
}

void EnvelopeSelector::Assign(std::span<const Weight> weights) {
  size_ = weights.size();
  total_ = 0;
  envelope_ = 0;
  root_ = {};
  groups_ = {};
  tombstone_count_ = 0;
  tombstone_height_ = 0;
  capacities_ = {};
  for (const Weight weight : weights) {
    if (weight > 0) ++capacities_[BucketOf(weight)];
  }
  allocated_ = 0;
  for (std::size_t b = 0; b < kBuckets; ++b) {
    buckets_[b].begin = static_cast<std::uint32_t>(allocated_);
    buckets_[b].count = buckets_[b].tombstones = 0;
    allocated_ += capacities_[b];
  }
  entries_ = std::vector<Entry>(size_);
  for (std::size_t i = 0; i < size_; ++i) {
    if (weights[i] == 0) continue;
    PutLast(BucketOf(weights[i]), {weights[i], static_cast<ItemIndex>(i), 0});
    total_ += weights[i];
  }
  for (std::uint32_t b = 0; b < kBuckets; ++b) {
    if (buckets_[b].count > 0) AddToEnvelope(b, buckets_[b].count * buckets_[b].height);
  }
}

Weight EnvelopeSelector::WeightAt(ItemIndex index) const noexcept {
  const Entry* const entry = Find(index);
  return entry == nullptr ? 0 : entry->weight;
}

void EnvelopeSelector::SetWeight(ItemIndex index, Weight weight) {
  assert(index <= size_);
  if (index == size_) {
    if (size_ == entries_.size()) {
      const std::size_t grown = CapacityFor(size_);
      entries_.reserve(grown);
      entries_.resize(grown);
    }
    ++size_;
  }
  const Entry* const entry = Find(index);
  const Weight old_weight = entry == nullptr ? 0 : entry->weight;
  if (weight == old_weight) return;

  if (old_weight > 0) {
    const std::uint32_t bucket = BucketOf(old_weight);
    const auto slot = static_cast<std::size_t>(entry - entries_.data());
    if (weight > 0 && BucketOf(weight) == bucket) {
      total_ += weight - old_weight;
      entries_[slot].weight = weight;
      return;
    }
    Bury(bucket, static_cast<std::uint32_t>(slot - buckets_[bucket].begin));
  }
  // With an enormous tombstone and its successor in it, the envelope may pass
  // 2^64 here. Then the sweep is due, and takes it back: sums are modulo 2^64.
  if (weight > 0) Insert(index, weight);
  (void)SweepIfDue();
}

std::size_t EnvelopeSelector::DrawMany(Random& random, Stock& stock, std::span<ItemIndex> picks) {
  if (look_ahead_ > 0 && size_ >= look_ahead_items_min_) return DrawAhead(random, stock, picks);
  WordReader words(random);
  std::size_t drawn = 0;
  while (drawn < picks.size() && total_ > 0) {
    const Place place = PickPlace(words);
    const ItemIndex index = entries_[SlotAt(place)].item;
    picks[drawn++] = index;
    if (stock.TakeOne(index)) {
      Bury(place.bucket, place.slot);
      (void)SweepIfDue();
    }
  }
  return drawn;
}

// The loop of DrawMany() over a window of words at a time: place each word and
// fetch its entry, fetch the stock of each entry, and only then draw. A sweep
// moves entries, so the rest of the window is placed again after it.
std::size_t EnvelopeSelector::DrawAhead(Random& random, Stock& stock, std::span<ItemIndex> picks) {
  __extension__ using Wide = unsigned __int128;
  std::array<Place, kLookAheadMax> window;
  std::size_t drawn = 0;
  while (drawn < picks.size() && total_ > 0) {
    const std::span<const std::uint64_t> upcoming = random.Upcoming();
    // As many words again as this call needs: the next one finds them fetched.
    const std::size_t wanted = picks.size() - drawn;
    const std::size_t placed = std::min({look_ahead_, upcoming.size(), 2 * wanted});
    const std::size_t words = std::min(placed, wanted);
    for (std::size_t i = 0; i < placed; ++i) {
      const Wide product = static_cast<Wide>(upcoming[i]) * envelope_;
      const auto low = static_cast<std::uint64_t>(product);
      window[i] = PlaceOf(static_cast<std::uint64_t>(product >> 64));
      if (low < envelope_ && low < (0 - envelope_) % envelope_) [[unlikely]] {
        // UniformBelow() would refuse this word. So does an offset above all weights.
        window[i].offset = ~std::uint64_t{0};
      }
      __builtin_prefetch(&entries_[SlotAt(window[i])]);
    }
    for (std::size_t i = 0; i < words; ++i) {
      __builtin_prefetch(&stock[entries_[SlotAt(window[i])].item], 1);
    }
    std::size_t used = 0;
    bool swept = false;
    while (used < words && !swept) {
      const Place& place = window[used++];
      const Entry& entry = entries_[SlotAt(place)];
      if (place.offset >= entry.weight) continue;
      picks[drawn++] = entry.item;
      if (stock.TakeOne(entry.item)) {
        Bury(place.bucket, place.slot);
        swept = SweepIfDue();
      }
    }
    random.Skip(used);
  }
  return drawn;
}

std::size_t EnvelopeSelector::MemoryBytes() const noexcept {
  return entries_.capacity() * sizeof(Entry);
}

const EnvelopeSelector::Entry* EnvelopeSelector::Find(ItemIndex index) const noexcept {
  // slot_of_position is not cleared when an item leaves: the slot then holds a
  // tombstone, or another item.
  const Entry& entry = entries_[entries_[index].slot_of_position];
  return entry.item == index && entry.weight > 0 ? &entry : nullptr;
}

void EnvelopeSelector::Insert(ItemIndex index, Weight weight) {
  const std::uint32_t bucket = BucketOf(weight);
  if (buckets_[bucket].count == capacities_[bucket]) MakeRoomIn(bucket);
  PutLast(bucket, {weight, index, 0});
  AddToEnvelope(bucket, buckets_[bucket].height);
  total_ += weight;
}

void EnvelopeSelector::Bury(std::uint32_t bucket_index, std::uint32_t slot) noexcept {
  Bucket& bucket = buckets_[bucket_index];
  Entry* const entries = entries_.data() + bucket.begin;
  total_ -= entries[slot].weight;
  entries[slot].weight = 0;
  // The entry that will probably take its place.
  __builtin_prefetch(&entries[bucket.count - ++bucket.tombstones]);
  tombstones_[tombstone_count_++] = {bucket_index, slot};
  tombstone_height_ += bucket.height;
}

bool EnvelopeSelector::SweepIfDue() noexcept {
  const bool due = tombstone_count_ == kTombstonesMax || tombstone_height_ > envelope_ / 8;
  if (due) Sweep();
  return due;
}

// Fills each tombstone, in the order of their deaths, with the last live entry
// of its bucket.
void EnvelopeSelector::Sweep() noexcept {
  std::array<std::uint32_t, kTombstonesMax> moved;
  std::size_t moved_count = 0;
  for (std::size_t t = 0; t < tombstone_count_; ++t) {
    const Tombstone& tombstone = tombstones_[t];
    Bucket& bucket = buckets_[tombstone.bucket];
    if (bucket.tombstones > 0) {
      AddToEnvelope(tombstone.bucket, 0 - bucket.tombstones * bucket.height);
      bucket.tombstones = 0;
    }
    Entry* const entries = entries_.data() + bucket.begin;
    while (bucket.count > 0 && entries[bucket.count - 1].weight == 0) --bucket.count;
    if (tombstone.slot >= bucket.count) continue;
    const Entry& last = entries[--bucket.count];
    entries[tombstone.slot].weight = last.weight;
    entries[tombstone.slot].item = last.item;
    moved[moved_count++] = bucket.begin + tombstone.slot;
    __builtin_prefetch(&entries_[last.item], 1);
  }
  for (std::size_t m = 0; m < moved_count; ++m) {
    entries_[entries_[moved[m]].item].slot_of_position = moved[m];
  }
  tombstone_count_ = 0;
  tombstone_height_ = 0;
}

void EnvelopeSelector::AddToEnvelope(std::uint32_t bucket, std::uint64_t change) noexcept {
  const std::size_t group = bucket / PrefixNode::kChildren;
  groups_[group].Add(bucket % PrefixNode::kChildren, change);
  root_.Add(group, change);
  envelope_ += change;
}

void EnvelopeSelector::PutLast(std::uint32_t bucket, const Entry& entry) noexcept {
  assert(buckets_[bucket].count < capacities_[bucket]);
  const std::uint32_t slot = buckets_[bucket].begin + buckets_[bucket].count++;
  entries_[slot].weight = entry.weight;
  entries_[slot].item = entry.item;
  if (entry.weight > 0) entries_[entry.item].slot_of_position = slot;
}

// Moves a full bucket to the free room at the end; its old room is lost until
// the next Relayout().
void EnvelopeSelector::MakeRoomIn(std::uint32_t bucket_index) {
  Bucket& bucket = buckets_[bucket_index];
  const std::size_t capacity = CapacityFor(bucket.count);
  if (allocated_ + capacity > entries_.size()) return Relayout(bucket_index);
  const std::size_t old_begin = bucket.begin;
  const std::size_t count = bucket.count;
  bucket.begin = static_cast<std::uint32_t>(allocated_);
  bucket.count = 0;
  capacities_[bucket_index] = static_cast<std::uint32_t>(capacity);
  allocated_ += capacity;
  for (std::size_t i = 0; i < count; ++i) PutLast(bucket_index, entries_[old_begin + i]);
}

// Copies all buckets to new memory, with room to grow in each and at the end.
void EnvelopeSelector::Relayout(std::uint32_t growing_bucket) {
  const std::array<Bucket, kBuckets> old_buckets = buckets_;
  std::size_t allocated = 0;
  for (std::uint32_t b = 0; b < kBuckets; ++b) {
    Bucket& bucket = buckets_[b];
    const bool used = bucket.count > 0 || b == growing_bucket;
    bucket.begin = static_cast<std::uint32_t>(allocated);
    capacities_[b] = used ? static_cast<std::uint32_t>(CapacityFor(bucket.count)) : 0;
    bucket.count = 0;
    allocated += capacities_[b];
  }
  std::vector<Entry> old_entries(std::max(size_, allocated + allocated / 8 + 64));
  old_entries.swap(entries_);
  allocated_ = allocated;
  for (std::uint32_t b = 0; b < kBuckets; ++b) {
    for (std::size_t i = 0; i < old_buckets[b].count; ++i) {
      PutLast(b, old_entries[old_buckets[b].begin + i]);
    }
  }
}

}  // namespace rewardpool::internal
