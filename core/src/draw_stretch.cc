#include "draw_stretch.h"

#include <algorithm>
#include <atomic>
#include <optional>

#include "rewardpool/record_codec.h"

namespace rewardpool::internal {
namespace {

// So that no count of 32 bits can pass over.
constexpr std::uint64_t kDrawsMax = std::uint64_t{1} << 31;

struct FrameDraws {
  std::uint64_t draws = 0;
  std::uint64_t records = 0;
  unsigned bits = 0;
};

// What a frame holds if it is nothing but draw-runs, all of the same width. Calls
// `take` with each; stops when it returns false.
template <typename Take>
std::optional<FrameDraws> TakeFrameDraws(const Frame& frame, const Take& take) {
  const RecordDecoder* const codec = FindRecordDecoder(frame.codec);
  if (codec == nullptr) return std::nullopt;
  FrameDraws found;
  for (std::span<const std::byte> payload = frame.payload; !payload.empty();) {
    const std::optional<PackedDraws> draws = codec->TakePackedDraws(payload);
    if (!draws || (found.records != 0 && draws->bits != found.bits) || !take(*draws)) {
      return std::nullopt;
    }
    found.bits = draws->bits;
    found.draws += draws->count;
    ++found.records;
  }
  return found;
}

bool CountPart(const DrawStretch::Part& part, PositionCounter& counter) {
  FrameReader reader = part.begin;
  for (std::uint64_t i = 0; i < part.frames; ++i) {
    const std::optional<Frame> frame = reader.Next();
    if (!frame) return false;
    const auto count = [&counter](const PackedDraws& draws) { return counter.Count(draws); };
    if (!TakeFrameDraws(*frame, count)) return false;
  }
  return true;
}

}  // namespace

DrawStretch FindDrawStretch(const FrameReader& begin, RequestId due, std::size_t part_bytes) {
  DrawStretch stretch{.parts = {}, .end = begin};
  for (FrameReader reader = begin;;) {
    const std::optional<Frame> frame = reader.NextUnchecked();
    if (!frame || frame->request_id_low != static_cast<std::uint32_t>(due + stretch.draws)) break;
    const auto found = TakeFrameDraws(*frame, [](const PackedDraws&) { return true; });
    if (!found || (stretch.frames != 0 && found->bits != stretch.bits) ||
        stretch.draws + found->draws > kDrawsMax) {
      break;
    }
    if (stretch.parts.empty() ||
        stretch.end.valid_length() - stretch.parts.back().begin.valid_length() >= part_bytes) {
      stretch.parts.push_back({stretch.end, 0});
    }
    ++stretch.parts.back().frames;
    ++stretch.frames;
    stretch.bits = found->bits;
    stretch.records += found->records;
    stretch.draws += found->draws;
    stretch.end = reader;
  }
  return stretch;
}

std::optional<std::span<const std::uint32_t>> DrawCounter::Count(const DrawStretch& stretch) {
  const std::size_t tasks = static_cast<std::size_t>(std::clamp<std::uint64_t>(
      stretch.draws >> stretch.bits, 1, std::min(workers_.count(), stretch.parts.size())));
  const PositionCounter::Layout layout(stretch.bits, stretch.draws / tasks);
  if (!counters_.empty() && counters_.front().layout() != layout) counters_.clear();
  while (counters_.size() < tasks) counters_.emplace_back(layout);

  std::atomic<std::size_t> next_part = 0;
  std::atomic<bool> holds = true;
  workers_.Run(tasks, [&](std::size_t task) {
    while (holds.load(std::memory_order_relaxed)) {
      const std::size_t part = next_part.fetch_add(1, std::memory_order_relaxed);
      if (part >= stretch.parts.size()) return;
      if (!CountPart(stretch.parts[part], counters_[task])) {
        holds.store(false, std::memory_order_relaxed);
      }
    }
  });

  counts_.assign(std::size_t{1} << stretch.bits, 0);
  for (std::size_t task = 0; task < tasks; ++task) counters_[task].MoveTo(counts_);
  if (!holds) return std::nullopt;
  return counts_;
}

}  // namespace rewardpool::internal
