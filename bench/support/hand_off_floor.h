// hand_off_floor.h - what answering threads from another thread costs at least:
// one thread puts values of an answer's size into a ring for each taker, in
// order, and does nothing else.
//
// Threads: one owner.
#ifndef REWARDPOOL_BENCH_SUPPORT_HAND_OFF_FLOOR_H_
#define REWARDPOOL_BENCH_SUPPORT_HAND_OFF_FLOOR_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "rewardpool/producer.h"
#include "support/crew.h"
#include "support/spsc_ring.h"

namespace rewardpool::bench {

// `Answer`: DrawResult for draws by themselves, BulkResult for bulks of them.
template <typename Answer>
class HandOffFloor {
 public:
  // `window`: answers that may be under way to each taker; with one, each answer
  // is a way there and back.
  HandOffFloor(std::size_t takers, std::size_t window) : crew_(takers + 1) {
    for (std::size_t taker = 0; taker < takers; ++taker) {
      rings_.push_back(std::make_unique<SpscRing<Answer>>(window));
    }
  }

  // Hands `answers` to each taker.
  std::chrono::nanoseconds Run(std::uint64_t answers) {
    return crew_.Run([&](std::size_t member) {
      member == rings_.size() ? Serve(answers) : Take(answers, *rings_[member]);
    });
  }

 private:
  static constexpr int kLooksBeforeYield = 64;
  static constexpr std::uint64_t kAnswersPerVisit = 4096;

  template <typename Try>
  static void Until(Try attempt) {
    for (int look = 0; !attempt(); ++look) {
      if (look % kLooksBeforeYield == kLooksBeforeYield - 1) std::this_thread::yield();
    }
  }

  static void Take(std::uint64_t answers, SpscRing<Answer>& ring) {
    Answer answer;
    for (std::uint64_t i = 0; i < answers; ++i) {
      Until([&] { return ring.Take(answer); });
    }
  }

  // Fills each ring as far as it goes, and turns to the next one.
  void Serve(std::uint64_t answers) {
    std::vector<std::uint64_t> put(rings_.size(), 0);
    std::size_t done = 0;
    const auto visit_all = [&] {
      bool worked = false;
      for (std::size_t taker = 0; taker < rings_.size(); ++taker) {
        Answer answer;
        std::uint64_t count = 0;
        for (; count < kAnswersPerVisit && put[taker] < answers; ++count, ++put[taker]) {
          if (!rings_[taker]->Put(answer)) break;
        }
        if (count == 0) continue;
        worked = true;
        if (put[taker] == answers) ++done;
      }
      return worked;
    };
    while (done < rings_.size()) Until(visit_all);
  }

  std::vector<std::unique_ptr<SpscRing<Answer>>> rings_;
  Crew crew_;
};

}  // namespace rewardpool::bench

#endif  // REWARDPOOL_BENCH_SUPPORT_HAND_OFF_FLOOR_H_
