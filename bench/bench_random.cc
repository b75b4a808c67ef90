// How long a random word takes, and a bounded one, beside the bare arithmetic.
//
// Names: BM_Random/<generator>/<what>
//   generator  chacha20  the generator of pools
//              xoshiro   that of simulations
//              chacha20-portable, -avx2, -avx512
//                        each of its kernels that this machine has; chacha20 uses
//                        the last of them
//              mt19937   std::mt19937_64, a peer
//   what       word      a word, read as bulk draws read them
//              next      a word by Random::Next()
//              bounded   a number below 1,000,003 (mt19937: by
//                        std::uniform_int_distribution)
//
// The reference is xoshiro256++ in a loop of its own, state in registers: what a
// 64-bit word costs at least; for `bounded`, that and a multiplication. The
// counter heap_bytes_per_draw is for a word.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "chacha20.h"
#include "rewardpool/random.h"
#include "support/allocation_counter.h"
#include "support/paired_timing.h"

namespace rewardpool::bench {
namespace {

constexpr std::size_t kWords = 1'000'000;
constexpr std::uint64_t kBound = 1'000'003;

// The floor. Source: as core/src/xoshiro.cc.
class BareXoshiro {
 public:
  std::uint64_t Next() noexcept {
    const std::uint64_t word = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return word;
  }

 private:
  std::array<std::uint64_t, 4> state_ = {1, 2, 3, 4};
};

// Sums up, so that no word can be left out.
template <typename NextNumber>
void SumUp(NextNumber next) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kWords; ++i) sum += next();
  benchmark::DoNotOptimize(sum);
}

template <typename Subject>
void TimeWords(benchmark::State& state, bool is_bounded, Subject subject) {
  const auto reference = [is_bounded, generator = BareXoshiro()]() mutable {
    BareXoshiro local = generator;
    if (is_bounded) {
      SumUp([&] { return UniformBelow(local, kBound); });
    } else {
      SumUp([&] { return local.Next(); });
    }
    generator = local;
  };
  std::uint64_t bytes = 0;
  std::uint64_t words = 0;
  {
    PairedTiming timing(state, "bare xoshiro256++");
    for (auto _ : state) {
      timing.Time(
          kWords,
          [&] {
            const std::uint64_t before = AllocationsSoFar().bytes;
            subject();
            bytes += AllocationsSoFar().bytes - before;
          },
          reference);
      words += kWords;
    }
  }
  state.counters["heap_bytes_per_draw"] = static_cast<double>(bytes) / static_cast<double>(words);
}

void TimeWord(benchmark::State& state, Random& random) {
  TimeWords(state, false, [&] {
    std::uint64_t sum = 0;
    std::size_t left = kWords;
    while (left > 0) {
      const std::span<const std::uint64_t> upcoming = random.Upcoming();
      const auto words = upcoming.first(std::min(left, upcoming.size()));
      for (const std::uint64_t word : words) sum += word;
      random.Skip(words.size());
      left -= words.size();
    }
    benchmark::DoNotOptimize(sum);
  });
}

void TimeNext(benchmark::State& state, Random& random) {
  TimeWords(state, false, [&] { SumUp([&] { return random.Next(); }); });
}

void TimeBounded(benchmark::State& state, Random& random) {
  TimeWords(state, true, [&] { SumUp([&] { return UniformBelow(random, kBound); }); });
}

void TimeKernel(benchmark::State& state, internal::ChaChaFunction kernel) {
  TimeWords(state, false, [&] {
    std::array<std::uint64_t, Random::kBufferWords> words;
    for (std::uint64_t block = 0; block < kWords / internal::kChaChaBlockWords;
         block += internal::kChaChaBlocksPerBuffer) {
      kernel(internal::ChaChaKey{}, block, words);
      benchmark::DoNotOptimize(words);
    }
  });
}

void TimeMt19937(benchmark::State& state, bool is_bounded) {
  std::mt19937_64 generator;
  std::uniform_int_distribution<std::uint64_t> below(0, kBound - 1);
  TimeWords(state, is_bounded, [&] {
    if (is_bounded) {
      SumUp([&] { return below(generator); });
    } else {
      SumUp([&] { return generator(); });
    }
  });
}

template <typename Function>
void Register(const std::string& name, Function function) {
  benchmark::RegisterBenchmark(("BM_Random/" + name).c_str(), function)->UseManualTime();
}

const bool kRegistered = [] {
  using TimeFunction = void (*)(benchmark::State&, Random&);
  constexpr std::pair<std::string_view, TimeFunction> kWhats[] = {
      {"word", &TimeWord}, {"next", &TimeNext}, {"bounded", &TimeBounded}};
  for (const auto& [what, time] : kWhats) {
    Register("chacha20/" + std::string(what), [time = time](benchmark::State& state) {
      time(state, *MakeChaCha20Random(SecureKey{}));
    });
    Register("xoshiro/" + std::string(what),
             [time = time](benchmark::State& state) { time(state, *MakeXoshiroRandom(1)); });
  }
  const std::pair<std::string_view, internal::ChaChaFunction> kernels[] = {
      {"portable", &internal::ChaCha20Portable},
      {"avx2", internal::ChaCha20Avx2()},
      {"avx512", internal::ChaCha20Avx512()}};
  for (const auto& [name, kernel] : kernels) {
    if (kernel == nullptr) continue;
    Register("chacha20-" + std::string(name) + "/word",
             [kernel = kernel](benchmark::State& state) { TimeKernel(state, kernel); });
  }
  Register("mt19937/word", [](benchmark::State& state) { TimeMt19937(state, false); });
  Register("mt19937/bounded", [](benchmark::State& state) { TimeMt19937(state, true); });
  return true;
}();

}  // namespace
}  // namespace rewardpool::bench
