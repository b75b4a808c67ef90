// envelope.h - rejection from an envelope of buckets: O(1) a draw and a change,
// one random cache line a draw. For large pools.
//
// Items of similar weight share a bucket, and each bucket has one height that
// no weight in it exceeds: the weight itself up to 4, above that four heights
// an octave (5, 6, 7 or 8 times a power of two). One uniform number below
// E = sum of count x height names a bucket, a slot in it and an offset below
// the height; the item in the slot is picked if offset < weight, else the next
// number is tried. So each item is picked with probability exactly
// weight / total. A try succeeds with a chance of 0.8 at least, or 0.7 with
// tombstones.
//
// An item that leaves stays behind as a tombstone: a slot of weight 0, which is
// never picked. Tombstones are swept away in groups, when there are
// kTombstonesMax of them or their height exceeds E / 8. While the layout stands
// still, the words to come can be placed, and their cache lines fetched, before
// their turn. This look-ahead is a hint: words are used one by one in order, so
// the picks are the same for each depth.
//
// The picks depend on the order of slots, so the rules here (buckets, where an
// item is put, when and how tombstones are swept) are fixed: they are version 1
// of the envelope, and its golden vectors pin them. How memory is laid out is
// not part of them.
//
// Source: Y. Matias, J. S. Vitter, W.-C. Ni, "Dynamic Generation of Discrete
// Random Variates", Theory of Computing Systems 36, 2003, cut down to one level;
// an alias table would be no quicker here, and costs O(n) for each change.
#ifndef REWARDPOOL_SELECTORS_ENVELOPE_H_
#define REWARDPOOL_SELECTORS_ENVELOPE_H_

#include <array>
#include <limits>

#include "rewardpool/large_memory.h"
#include "rewardpool/packed_column.h"
#include "selectors/bucket_sums.h"
#include "selectors/bulk_selector.h"

namespace rewardpool::internal {

class EnvelopeSelector final : public BulkSelector<EnvelopeSelector> {
 public:
  static constexpr std::size_t kTombstonesMax = 256;
  static constexpr std::size_t kLookAheadMax = 128;
  static constexpr std::size_t kLookAheadDefault = 96;
  // When a smaller pool runs out, sweeps follow too soon on one another.
  static constexpr std::size_t kLookAheadItemsMin = 1'024;
#ifdef __wasm__
  // There is no hint to fetch memory.
  static constexpr std::size_t kPipelineItemsMin = std::numeric_limits<std::size_t>::max();
#else
  // Smaller pools are in the nearer caches.
  static constexpr std::size_t kPipelineItemsMin = 65'536;
#endif

  // `look_ahead`: how many words at most DrawMany() places ahead, 0 (none) to
  // kLookAheadMax, in pools of `look_ahead_items_min` positions and more; step by step
  // as their memory comes in those of `pipeline_items_min` and more.
  explicit EnvelopeSelector(std::size_t look_ahead = kLookAheadDefault,
                            std::size_t look_ahead_items_min = kLookAheadItemsMin,
                            std::size_t pipeline_items_min = kPipelineItemsMin);

  [[nodiscard]] std::string_view name() const noexcept override { return "envelope"; }
  void Assign(std::span<const Weight> weights) override;
  [[nodiscard]] std::size_t size() const noexcept override { return size_; }
  [[nodiscard]] Weight total() const noexcept override { return total_; }
  [[nodiscard]] Weight WeightAt(ItemIndex index) const noexcept override;
  void ChangeWeight(ItemIndex index, Weight before, Weight after) override;
  [[nodiscard]] std::size_t DrawMany(Random& random, Stock& stock,
                                     std::span<ItemIndex> picks) override;
  [[nodiscard]] std::size_t MemoryBytes() const noexcept override;

  // E: what a draw takes its uniform number below.
  [[nodiscard]] std::uint64_t envelope() const noexcept { return sums_.total(); }

  template <typename Words>
  [[nodiscard]] ItemIndex Pick(Words& words) noexcept {
    FinishChange();
    sums_.PrepareToFind();
    return slots_[PickPlace(words).slot].item;
  }

 private:
  // 4 exact ones, and 4 for each of 61 octaves, are used.
  static constexpr std::size_t kBuckets = BucketSums::kBuckets;

  // Half of a weight and the item that has it, so that a draw fetches 8 bytes.
  // The other half is in high_weights_, which most pools do not need.
  struct Slot {
    std::uint32_t low_weight = 0;
    ItemIndex item = 0;
  };
  static constexpr Weight kLowWeightMax = 0xFFFF'FFFF;

  // The slots begin to begin + count - 1.
  struct Bucket {
    std::uint64_t height = 0;
    std::uint64_t reciprocal = 0;  // divides by the height; see PlaceOf()
    std::uint32_t shift = 0;
    std::uint32_t begin = 0;
    std::uint32_t count = 0;       // tombstones included
    std::uint32_t tombstones = 0;  // among them; for a hint only
  };

  // Where a number below E falls.
  struct Place {
    std::uint32_t bucket;
    std::uint32_t slot;
    std::uint64_t offset;  // below the bucket's height
  };

  struct Tombstone {
    std::uint32_t bucket;
    std::uint32_t slot;  // within the bucket
  };

  // Upcoming words that are placed, and the items that they may pick.
  struct Ahead {
    std::array<Place, Random::kBufferWords> places;
    std::array<ItemIndex, Random::kBufferWords> items;
  };

  // How far DrawMany() has come.
  struct Progress {
    std::size_t drawn = 0;
    std::size_t used = 0;  // of the words that are placed
  };

  // What some words in a row made.
  struct Pace {
    std::size_t words = 0;
    std::size_t tombstones = 0;
    std::uint64_t height = 0;  // of the tombstones
  };

  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

  // What is left to do of the latest ChangeWeight(): all that needs the old slot of the
  // item, for which memory has been asked. The next draws are placed in the meantime.
  struct Change {
    bool is_open = false;
    bool has_slot = false;
    ItemIndex index = 0;
    std::uint32_t tombstone = kNone;  // which one the slot becomes
    std::uint32_t new_slot = kNone;
    Weight weight_in_slot = 0;
  };

  static constexpr int kReciprocalBits = 35;
  // Placed beyond the word at which a sweep is expected; at least one, which may be that.
  static constexpr std::size_t kWordsToSpare = 8;
  // As many change sums in less time than it takes to add all up.
  static constexpr std::size_t kTombstonesOfFew = 8;

  [[nodiscard]] static std::uint32_t BucketOf(Weight weight) noexcept;
  [[nodiscard]] static std::size_t CapacityFor(std::size_t count) noexcept {
    return count + count / 8 + 4;
  }

  [[nodiscard]] Place PlaceOf(std::uint64_t target) noexcept {
    const std::size_t index = sums_.Find(target);
    target -= sums_.BeginOf(index);
    const Bucket& bucket = buckets_[index];
    // target / height without a division. target >> shift is below 2^30, and
    // the height over 2^shift is 1 to 8, so 35 bits of reciprocal are exact.
    const std::uint64_t slot = ((target >> bucket.shift) * bucket.reciprocal) >> kReciprocalBits;
    return {static_cast<std::uint32_t>(index), bucket.begin + static_cast<std::uint32_t>(slot),
            target - slot * bucket.height};
  }
  template <typename Words>
  [[nodiscard]] Place PickPlace(Words& words) noexcept {
    for (;;) {
      const Place place = PlaceOf(UniformBelow(words, envelope()));
      if (place.offset < WeightIn(place.slot)) return place;
    }
  }

  // kHasHighWeights: is_wide_, for a loop that need not ask each time.
  template <bool kHasHighWeights>
  [[nodiscard]] Weight WeightIn(std::size_t slot) const noexcept {
    const Weight low = slots_[slot].low_weight;
    return kHasHighWeights ? Weight{high_weights_[slot]} << 32 | low : low;
  }
  [[nodiscard]] Weight WeightIn(std::size_t slot) const noexcept {
    return is_wide_ ? WeightIn<true>(slot) : WeightIn<false>(slot);
  }
  void SetWeightIn(std::size_t slot, Weight weight) noexcept {
    slots_[slot].low_weight = static_cast<std::uint32_t>(weight);
    if (is_wide_) high_weights_[slot] = static_cast<std::uint32_t>(weight >> 32);
  }
  // Makes room for high halves if the weight needs one.
  void WidenFor(Weight weight);

  void Insert(ItemIndex index, Weight weight);
  // Before slots are looked into or moved.
  void FinishChange() noexcept;
  // Leaves a tombstone in a place that holds `weight`.
  void Bury(const Place& place, Weight weight) noexcept;
  // Returns: which one. Its slot is for the caller to note and to clear.
  [[nodiscard]] std::uint32_t AddTombstone(std::uint32_t bucket, Weight weight) noexcept;
  [[nodiscard]] bool SweepIsDue() const noexcept;
  void Sweep() noexcept;
  // Returns: the slot.
  std::uint32_t AddSlot(std::uint32_t bucket, Weight weight, ItemIndex item) noexcept;
  void PutLast(std::uint32_t bucket, Weight weight, ItemIndex item) noexcept;
  void MakeRoomIn(std::uint32_t bucket);
  void Relayout(std::uint32_t growing_bucket);
  [[nodiscard]] std::size_t WordsUntilSweep() const noexcept;
  // Those from `begin` to `end`.
  template <typename MultiplyWords>
  void PlaceWords(std::span<const std::uint64_t> words, std::size_t begin, std::size_t end,
                  Ahead& ahead, const MultiplyWords& multiply) noexcept;
  // Draws with placed words, to the one before `end`, the last pick, or until a sweep is due.
  // Returns: is one due?
  template <bool kHasHighWeights>
  bool DrawPlaced(const Ahead& ahead, std::size_t end, Stock& stock, std::span<ItemIndex> picks,
                  Progress& progress) noexcept;
  std::size_t DrawAhead(Random& random, Stock& stock, std::span<ItemIndex> picks);

  std::size_t look_ahead_;
  std::size_t look_ahead_items_min_;
  std::size_t pipeline_items_min_;

  std::size_t size_ = 0;
  Weight total_ = 0;

  BucketSums sums_;  // of all that the buckets are high
  std::array<Bucket, kBuckets> buckets_;
  std::array<std::uint32_t, kBuckets> capacities_ = {};

  LargeVector<Slot> slots_;  // the first allocated_ belong to buckets
  std::size_t allocated_ = 0;
  // While all weights fit into the low halves there are no high ones. Widened
  // once, a selector stays so until Assign().
  bool is_wide_ = false;
  LargeVector<std::uint32_t> high_weights_;
  // Not cleared when an item leaves: the slot then holds a tombstone or another
  // item, or is gone itself.
  PackedColumn slot_of_position_;

  Change change_;
  std::array<Tombstone, kTombstonesMax> tombstones_;
  std::size_t tombstone_count_ = 0;
  std::uint64_t tombstone_height_ = 0;

  Pace pace_;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_ENVELOPE_H_
