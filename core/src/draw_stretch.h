// draw_stretch.h - frames of a log, one after the other, that hold nothing but
// plain draws. In which order those happened makes no difference to the state, so
// they can be counted in parts, by several workers, in place of being replayed.
//
// Nothing here needs the items: whether the draws were possible is for
// ItemTable::ApplyDrawCounts() to say.
#ifndef REWARDPOOL_SRC_DRAW_STRETCH_H_
#define REWARDPOOL_SRC_DRAW_STRETCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "position_counter.h"
#include "rewardpool/frame.h"
#include "rewardpool/item.h"
#include "rewardpool/large_memory.h"
#include "rewardpool/workers.h"

namespace rewardpool::internal {

struct DrawStretch {
  struct Part {
    FrameReader begin;
    std::uint64_t frames;
  };

  std::vector<Part> parts;
  FrameReader end;    // after the last frame
  unsigned bits = 0;  // of every position
  std::uint64_t frames = 0;
  std::uint64_t records = 0;
  std::uint64_t draws = 0;
};

// Looks ahead from `begin`, where request `due` is due: as far as frames seem to
// follow each other and hold draws only. Trusts checksums without looking.
//
// Inputs: part_bytes: parts are about so long.
// Cost:   a few ns a frame and a record.
[[nodiscard]] DrawStretch FindDrawStretch(const FrameReader& begin, RequestId due,
                                          std::size_t part_bytes);

class DrawCounter {
 public:
  explicit DrawCounter(Workers& workers) : workers_(workers) {}

  // Checks every frame of the stretch and counts its draws.
  //
  // Returns: 2^bits counts, by position, valid until the next call; nothing if a
  //          frame or a run is not what it seemed.
  // Memory:  8 * 2^bits bytes, or 64 KiB if that is more, for each task; there are
  //          no more tasks than draws / 2^bits, or one.
  [[nodiscard]] std::optional<std::span<const std::uint32_t>> Count(const DrawStretch& stretch);

 private:
  Workers& workers_;
  std::vector<PositionCounter> counters_;  // one a task
  LargeVector<std::uint32_t> counts_;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SRC_DRAW_STRETCH_H_
