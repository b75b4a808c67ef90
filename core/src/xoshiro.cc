#include <bit>

#include "rewardpool/random.h"

namespace rewardpool {
namespace {

// Source: D. Blackman and S. Vigna, "Scrambled Linear Pseudorandom Number
// Generators", ACM TOMS 47(4), 2021; splitmix64 as they advise for seeding.
class XoshiroRandom final : public Random {
 public:
  explicit XoshiroRandom(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_) {
      seed += 0x9E3779B97F4A7C15;
      std::uint64_t mixed = seed;
      mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
      mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
      word = mixed ^ (mixed >> 31);
    }
  }

  [[nodiscard]] std::string_view name() const noexcept override { return "xoshiro256++"; }

 private:
  void Generate(std::span<std::uint64_t, kBufferWords> words) noexcept override {
    auto [s0, s1, s2, s3] = state_;
    for (std::uint64_t& word : words) {
      word = std::rotl(s0 + s3, 23) + s0;
      const std::uint64_t shifted = s1 << 17;
      s2 ^= s0;
      s3 ^= s1;
      s1 ^= s2;
      s0 ^= s3;
      s2 ^= shifted;
      s3 = std::rotl(s3, 45);
    }
    state_ = {s0, s1, s2, s3};
  }

  std::array<std::uint64_t, 4> state_;
};

}  // namespace

std::unique_ptr<Random> MakeXoshiroRandom(std::uint64_t seed) {
  return std::make_unique<XoshiroRandom>(seed);
}

}  // namespace rewardpool
