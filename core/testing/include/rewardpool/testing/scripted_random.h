// scripted_random.h - a Random that plays the words it is given, over and over.
//
// With WordFor() a test chooses the very number that a draw gets, and so can go
// through all of them: what sampling can only make likely, this shows.
//
// Example: which positions do all the numbers below the total lead to?
//   ScriptedRandom random = ScriptedRandom::AllBelow(selector.total());
//   for (Weight x = 0; x < selector.total(); ++x) ++hits[selector.Select(random)];
#ifndef REWARDPOOL_TESTING_SCRIPTED_RANDOM_H_
#define REWARDPOOL_TESTING_SCRIPTED_RANDOM_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "rewardpool/random.h"

namespace rewardpool::testing {

class ScriptedRandom final : public Random {
 public:
  // Plays `words` in order, and then again from the first. Requires some.
  explicit ScriptedRandom(std::vector<std::uint64_t> words) : words_(std::move(words)) {
    assert(!words_.empty());
  }

  // A word that UniformBelow(bound) turns into `value` and never refuses.
  // Requires value < bound <= 2^32.
  [[nodiscard]] static std::uint64_t WordFor(std::uint64_t value, std::uint64_t bound) noexcept {
    assert(value < bound && bound <= std::uint64_t{1} << 32);
    // The words for `value` start at 2^64 value / bound, rounded up. Only the
    // first of them can be refused.
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>(((Wide{value} << 64) + bound - 1) / bound) + 1;
  }

  // Plays the words for 0, 1, ..., bound - 1.
  [[nodiscard]] static ScriptedRandom AllBelow(std::uint64_t bound) {
    std::vector<std::uint64_t> words(bound);
    for (std::uint64_t value = 0; value < bound; ++value) words[value] = WordFor(value, bound);
    return ScriptedRandom(std::move(words));
  }

  [[nodiscard]] std::string_view name() const noexcept override { return "scripted"; }

  // How many words have been read.
  [[nodiscard]] std::size_t consumed() const noexcept { return generated_ - unread(); }

 private:
  void Generate(std::span<std::uint64_t, kBufferWords> words) noexcept override {
    for (std::uint64_t& word : words) word = words_[generated_++ % words_.size()];
  }

  std::vector<std::uint64_t> words_;
  std::size_t generated_ = 0;
};

}  // namespace rewardpool::testing

#endif  // REWARDPOOL_TESTING_SCRIPTED_RANDOM_H_
