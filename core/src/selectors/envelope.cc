#include "selectors/envelope.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "small_code.h"

namespace rewardpool::internal {
namespace {

constexpr std::size_t kExactBuckets = 4;
constexpr std::size_t kBucketsPerOctave = 4;

}  // namespace

RP_SMALL_CODE EnvelopeSelector::EnvelopeSelector(std::size_t look_ahead,
                                                 std::size_t look_ahead_items_min,
                                                 std::size_t pipeline_items_min)
    : look_ahead_(look_ahead),
      look_ahead_items_min_(look_ahead_items_min),
      pipeline_items_min_(pipeline_items_min) {
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

RP_SMALL_CODE void EnvelopeSelector::Assign(std::span<const Weight> weights) {
  size_ = weights.size();
  total_ = 0;
  sums_.Clear();
  tombstone_count_ = 0;
  tombstone_height_ = 0;
  pace_ = {};
  capacities_ = {};
  Weight weight_max = 0;
  for (const Weight weight : weights) {
    if (weight > 0) ++capacities_[BucketOf(weight)];
    weight_max = std::max(weight_max, weight);
  }
  allocated_ = 0;
  for (std::size_t b = 0; b < kBuckets; ++b) {
    buckets_[b].begin = static_cast<std::uint32_t>(allocated_);
    buckets_[b].count = buckets_[b].tombstones = 0;
    allocated_ += capacities_[b];
  }
  slots_ = LargeVector<Slot>(allocated_);
  is_wide_ = false;
  high_weights_ = {};
  WidenFor(weight_max);
  change_ = {};
  slot_of_position_ = {};
  slot_of_position_.Resize(size_);
  for (std::size_t i = 0; i < size_; ++i) {
    if (weights[i] == 0) continue;
    PutLast(BucketOf(weights[i]), weights[i], static_cast<ItemIndex>(i));
    total_ += weights[i];
  }
  for (std::uint32_t b = 0; b < kBuckets; ++b) {
    if (buckets_[b].count > 0) sums_.Add(b, buckets_[b].count * buckets_[b].height);
  }
}

Weight EnvelopeSelector::WeightAt(ItemIndex index) const noexcept {
  if (change_.is_open && change_.index == index) {
    return change_.new_slot != kNone ? WeightIn(change_.new_slot) : change_.weight_in_slot;
  }
  const std::size_t slot = slot_of_position_[index];
  return slot < slots_.size() && slots_[slot].item == index ? WeightIn(slot) : 0;
}

std::uint32_t EnvelopeSelector::AddTombstone(std::uint32_t bucket_index, Weight weight) noexcept {
  Bucket& bucket = buckets_[bucket_index];
  total_ -= weight;
  // The one that will probably take its place.
  __builtin_prefetch(&slots_[bucket.begin + bucket.count - ++bucket.tombstones]);
  tombstone_height_ += bucket.height;
  tombstones_[tombstone_count_].bucket = bucket_index;
  return static_cast<std::uint32_t>(tombstone_count_++);
}

bool EnvelopeSelector::SweepIsDue() const noexcept {
  return tombstone_count_ == kTombstonesMax || tombstone_height_ > envelope() / 8;
}

void EnvelopeSelector::Bury(const Place& place, Weight weight) noexcept {
  tombstones_[AddTombstone(place.bucket, weight)].slot = place.slot - buckets_[place.bucket].begin;
  SetWeightIn(place.slot, 0);
}

RP_SMALL_CODE void EnvelopeSelector::ChangeWeight(ItemIndex index, Weight before, Weight after) {
  assert(index <= size_ && before == (index == size_ ? 0 : WeightAt(index)));
  FinishChange();
  if (index == size_) {
    slot_of_position_.Resize(++size_);
  }
  if (after == before) return;
  WidenFor(after);

  change_ = {.is_open = true, .index = index};
  slot_of_position_.Prefetch(index);
  if (before > 0) {
    const std::uint32_t bucket = BucketOf(before);
    change_.has_slot = true;
    if (after > 0 && BucketOf(after) == bucket) {
      total_ += after - before;
      change_.weight_in_slot = after;
      return;
    }
    change_.tombstone = AddTombstone(bucket, before);
  }
  // With an enormous tombstone and its successor in it, the envelope may pass
  // 2^64 here. Then the sweep is due, and takes it back: sums are modulo 2^64.
  if (after > 0) Insert(index, after);
  if (SweepIsDue()) Sweep();
}

void EnvelopeSelector::FinishChange() noexcept {
  if (!change_.is_open) return;
  const Change change = std::exchange(change_, {});
  if (change.has_slot) {
    const auto slot = static_cast<std::uint32_t>(slot_of_position_[change.index]);
    SetWeightIn(slot, change.weight_in_slot);
    if (change.tombstone != kNone) {
      Tombstone& tombstone = tombstones_[change.tombstone];
      tombstone.slot = slot - buckets_[tombstone.bucket].begin;
    }
  }
  if (change.new_slot != kNone) slot_of_position_.Set(change.index, change.new_slot);
}

std::size_t EnvelopeSelector::DrawMany(Random& random, Stock& stock, std::span<ItemIndex> picks) {
  if (look_ahead_ > 0 && size_ >= look_ahead_items_min_) return DrawAhead(random, stock, picks);
  FinishChange();
  WordReader words(random);
  std::size_t drawn = 0;
  while (drawn < picks.size() && total_ > 0) {
    sums_.PrepareToFind();
    const Place place = PickPlace(words);
    const ItemIndex index = slots_[place.slot].item;
    picks[drawn++] = index;
    if (stock.TakeOne(index)) {
      Bury(place, WeightIn(place.slot));
      if (SweepIsDue()) Sweep();
    }
  }
  return drawn;
}

// DrawMany() with words placed before their turn. A word goes through three steps: it is
// placed and its slot fetched; the stock of the item in that slot is fetched; it is drawn.
// In a large pool they are a pipeline: each turn of the loop takes some words through each
// step, with the words of two turns between a fetch and its use. So computing and fetching
// go on side by side, and only so many fetches are under way as the processor can hold
// (of many at once Zen 3 seems to drop those beyond its 24). Else each turn takes its words
// through all steps.
//
// A sweep moves slots: what was placed before it is placed again. A change that came before
// the draws is finished when some are placed: by then its memory has come.
std::size_t EnvelopeSelector::DrawAhead(Random& random, Stock& stock, std::span<ItemIndex> picks) {
  __extension__ using Wide = unsigned __int128;
  Ahead ahead;
  const auto place_words = [&](std::span<const std::uint64_t> words, std::size_t begin,
                               std::size_t end) {
#ifdef __wasm__
    if (envelope() >> 32 == 0) return PlaceWords(words, begin, end, ahead, MultiplyBy32);
#endif
    PlaceWords(words, begin, end, ahead, Multiply<std::uint64_t, Wide>);
  };
  const bool is_large = size_ >= pipeline_items_min_;
  Progress progress;
  while (progress.drawn < picks.size() && total_ > 0) {
    const std::span<const std::uint64_t> words = random.Upcoming();
    // Some words will be refused.
    const std::size_t wanted = picks.size() - progress.drawn;
    const std::size_t usable = std::min(words.size(), WordsUntilSweep());
    const std::size_t end = std::min(usable, wanted + wanted / 4);
    // Of a large pool as many as are wanted again are placed for the next call, which finds
    // their slots fetched.
    const std::size_t place_end = is_large ? std::min(usable, end + wanted) : end;
    const bool is_pipeline = is_large && place_end > look_ahead_ / 4;
    const std::size_t turn = is_pipeline ? std::max<std::size_t>(1, look_ahead_ / 8) : look_ahead_;
    const std::size_t lag = is_pipeline ? 2 * turn : 0;
    sums_.PrepareToFind();
    std::size_t placed = 0;
    std::size_t fetched = 0;
    const std::size_t tombstones_before = tombstone_count_;
    const std::uint64_t height_before = tombstone_height_;
    progress.used = 0;
    bool is_sweep_due = false;
    do {
      const std::size_t place_to = std::min(placed + turn, place_end);
      place_words(words, placed, place_to);
      placed = place_to;
      FinishChange();

      const std::size_t may_fetch =
          placed == place_end ? end : std::min(end, placed - std::min(placed, lag));
      const std::size_t fetch_to = std::min(fetched + turn, may_fetch);
      for (std::size_t i = fetched; i < fetch_to; ++i) {
        ahead.items[i] = slots_[ahead.places[i].slot].item;
      }
      for (std::size_t i = fetched; i < fetch_to; ++i) stock.Prefetch(ahead.items[i]);
      fetched = fetch_to;

      const std::size_t may_draw = fetched == end ? end : fetched - std::min(fetched, lag);
      const std::size_t draw_to = std::min(progress.used + turn, may_draw);
      is_sweep_due = is_wide_ ? DrawPlaced<true>(ahead, draw_to, stock, picks, progress)
                              : DrawPlaced<false>(ahead, draw_to, stock, picks, progress);
    } while (progress.used < end && progress.drawn < picks.size() && !is_sweep_due);
    random.Skip(progress.used);
    pace_ = {.words = progress.used,
             .tombstones = tombstone_count_ - tombstones_before,
             .height = tombstone_height_ - height_before};
    if (is_sweep_due) Sweep();
  }
  return progress.drawn;
}

template <bool kHasHighWeights>
bool EnvelopeSelector::DrawPlaced(const Ahead& ahead, std::size_t end, Stock& stock,
                                  std::span<ItemIndex> picks, Progress& progress) noexcept {
  std::size_t used = progress.used;
  ItemIndex* next_pick = picks.data() + progress.drawn;
  ItemIndex* const picks_end = picks.data() + picks.size();
  bool is_sweep_due = false;
  while (used < end && next_pick < picks_end && !is_sweep_due) {
    // So many need no look at how many picks are left.
    const std::size_t stretch_end =
        used + std::min(end - used, static_cast<std::size_t>(picks_end - next_pick));
    while (used < stretch_end) {
      const Place& place = ahead.places[used];
      const ItemIndex item = ahead.items[used++];
      const Weight weight = WeightIn<kHasHighWeights>(place.slot);
      if (place.offset >= weight) continue;
      *next_pick++ = item;
      if (stock.TakeOne(item)) {
        Bury(place, weight);
        is_sweep_due = SweepIsDue();
        if (is_sweep_due) break;
      }
    }
  }
  progress.used = used;
  progress.drawn = static_cast<std::size_t>(next_pick - picks.data());
  return is_sweep_due;
}

// Fetches are in loops of their own. A hint may keep its place among the instructions
// under way until its address is translated (Zen 5 looks so), and those are some hundreds:
// many fetches by themselves, few among the instructions that place a word.
template <typename MultiplyWords>
void EnvelopeSelector::PlaceWords(std::span<const std::uint64_t> words, std::size_t begin,
                                  std::size_t end, Ahead& ahead,
                                  const MultiplyWords& multiply) noexcept {
  const std::uint64_t below = envelope();
  for (std::size_t i = begin; i < end; ++i) {
    const Product<std::uint64_t> product = multiply(words[i], below);
    ahead.places[i] = PlaceOf(product.high);
    if (product.low < below && product.low < (0 - below) % below) [[unlikely]] {
      // UniformBelow() would refuse this word. So does an offset above all weights.
      ahead.places[i].offset = ~std::uint64_t{0};
    }
  }
  for (std::size_t i = begin; i < end; ++i) __builtin_prefetch(&slots_[ahead.places[i].slot]);
  if (is_wide_) {
    for (std::size_t i = begin; i < end; ++i) {
      __builtin_prefetch(&high_weights_[ahead.places[i].slot]);
    }
  }
}

// About as many words as it takes until a sweep is due, if the next ones are like the latest,
// and a few more. What is placed beyond a sweep is placed in vain.
std::size_t EnvelopeSelector::WordsUntilSweep() const noexcept {
  if (pace_.tombstones == 0) return Random::kBufferWords;
  const std::size_t by_count = (kTombstonesMax - tombstone_count_) * pace_.words / pace_.tombstones;
  const std::uint64_t by_height =
      (envelope() / 8 - tombstone_height_) / (pace_.height / pace_.words + 1);
  return static_cast<std::size_t>(std::min<std::uint64_t>(by_count, by_height)) + kWordsToSpare;
}

RP_SMALL_CODE std::size_t EnvelopeSelector::MemoryBytes() const noexcept {
  return slots_.capacity() * sizeof(Slot) + high_weights_.capacity() * sizeof(high_weights_[0]) +
         slot_of_position_.MemoryBytes();
}

RP_SMALL_CODE void EnvelopeSelector::WidenFor(Weight weight) {
  if (is_wide_ || weight <= kLowWeightMax) return;
  is_wide_ = true;
  high_weights_.resize(slots_.size());
}

// Requires an open change of this item.
RP_SMALL_CODE void EnvelopeSelector::Insert(ItemIndex index, Weight weight) {
  assert(change_.is_open && change_.index == index);
  const std::uint32_t bucket = BucketOf(weight);
  if (buckets_[bucket].count == capacities_[bucket]) MakeRoomIn(bucket);
  change_.new_slot = AddSlot(bucket, weight, index);
  sums_.Add(bucket, buckets_[bucket].height);
  total_ += weight;
}

// Fills each tombstone, in the order of their deaths, with the last live slot
// of its bucket.
[[gnu::noinline]] RP_SMALL_CODE void EnvelopeSelector::Sweep() noexcept {
  FinishChange();
  std::array<std::uint32_t, kTombstonesMax> moved;
  std::size_t moved_count = 0;
  // To add up all buckets takes as long as to change the sums after some.
  const bool is_few = tombstone_count_ < kTombstonesOfFew;
  for (std::size_t t = 0; t < tombstone_count_; ++t) {
    const Tombstone& tombstone = tombstones_[t];
    Bucket& bucket = buckets_[tombstone.bucket];
    if (is_few) sums_.Add(tombstone.bucket, 0 - bucket.height);
    bucket.tombstones = 0;
    // Chance decides what is dead, so without branches but for the second one in a row.
    std::uint32_t count = bucket.count;
    const auto last = [&] { return bucket.begin + count - 1; };
    count -= std::uint32_t{count > 0 && WeightIn(last()) == 0};
    while (count > 0 && WeightIn(last()) == 0) --count;
    const std::uint32_t slot = bucket.begin + tombstone.slot;
    const bool is_filled = tombstone.slot < count;
    const std::uint32_t from = slot + std::uint32_t{is_filled} * (last() - slot);
    slots_[slot] = slots_[from];
    if (is_wide_) high_weights_[slot] = high_weights_[from];
    bucket.count = count - std::uint32_t{is_filled};
    moved[moved_count] = slot;
    moved_count += std::size_t{is_filled};
  }
  // In a loop of its own, as in DrawAhead().
  for (std::size_t m = 0; m < moved_count; ++m) slot_of_position_.Prefetch(slots_[moved[m]].item);
  for (std::size_t m = 0; m < moved_count; ++m) {
    slot_of_position_.Set(slots_[moved[m]].item, moved[m]);
  }
  if (!is_few) {
    sums_.AssignUsed([this](std::size_t b) { return buckets_[b].count * buckets_[b].height; });
  }
  tombstone_count_ = 0;
  tombstone_height_ = 0;
}

std::uint32_t EnvelopeSelector::AddSlot(std::uint32_t bucket, Weight weight,
                                        ItemIndex item) noexcept {
  assert(buckets_[bucket].count < capacities_[bucket]);
  const std::uint32_t slot = buckets_[bucket].begin + buckets_[bucket].count++;
  slots_[slot].item = item;
  SetWeightIn(slot, weight);
  return slot;
}

void EnvelopeSelector::PutLast(std::uint32_t bucket, Weight weight, ItemIndex item) noexcept {
  const std::uint32_t slot = AddSlot(bucket, weight, item);
  if (weight > 0) slot_of_position_.Set(item, slot);
}

// Moves a full bucket to the free room at the end; its old room is lost until
// the next Relayout(). A slot that a change is still to clear moves like any other.
RP_SMALL_CODE void EnvelopeSelector::MakeRoomIn(std::uint32_t bucket_index) {
  Bucket& bucket = buckets_[bucket_index];
  const std::size_t capacity = CapacityFor(bucket.count);
  if (allocated_ + capacity > slots_.size()) return Relayout(bucket_index);
  const std::size_t old_begin = bucket.begin;
  const std::size_t count = bucket.count;
  bucket.begin = static_cast<std::uint32_t>(allocated_);
  bucket.count = 0;
  capacities_[bucket_index] = static_cast<std::uint32_t>(capacity);
  allocated_ += capacity;
  for (std::size_t slot = old_begin; slot < old_begin + count; ++slot) {
    PutLast(bucket_index, WeightIn(slot), slots_[slot].item);
  }
}

// Copies all buckets to new memory, with room to grow in each and at the end.
RP_SMALL_CODE void EnvelopeSelector::Relayout(std::uint32_t growing_bucket) {
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
  const std::size_t slot_count = allocated + allocated / 8 + 64;
  LargeVector<Slot> old_slots(slot_count);
  old_slots.swap(slots_);
  LargeVector<std::uint32_t> old_high_weights(is_wide_ ? slot_count : 0);
  old_high_weights.swap(high_weights_);
  allocated_ = allocated;
  for (std::uint32_t b = 0; b < kBuckets; ++b) {
    const std::size_t begin = old_buckets[b].begin;
    for (std::size_t slot = begin; slot < begin + old_buckets[b].count; ++slot) {
      const Weight high = is_wide_ ? old_high_weights[slot] : 0;
      PutLast(b, high << 32 | old_slots[slot].low_weight, old_slots[slot].item);
    }
  }
}

}  // namespace rewardpool::internal
