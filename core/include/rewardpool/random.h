// random.h - where random words come from, and how a bounded one is made.
//
// Random is a buffered stream of 64-bit words: Next() is inline and touches
// only the buffer; an implementation fills a whole buffer at a time. The order
// of words depends on the generator and its seed alone, never on the platform,
// the instruction set or the sizes of the calls, so the same seed gives the
// same draws on native and WebAssembly. Golden vectors pin that.
//
// Threads: one owner. Nothing here asks the operating system for anything:
// keys come from the platform (native: SecureKey(), web: crypto).
#ifndef REWARDPOOL_RANDOM_H_
#define REWARDPOOL_RANDOM_H_

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>

#include "rewardpool/status.h"

namespace rewardpool {

class Random {
 public:
  // A multiple of the words that a generator makes at a time.
  static constexpr std::size_t kBufferWords = 256;

  virtual ~Random() = default;
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;

  // The generator's name: "chacha20", "xoshiro256++".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  // The next word of the stream, uniform over all 2^64 values.
  [[nodiscard]] std::uint64_t Next() noexcept {
    if (position_ == kBufferWords) [[unlikely]] {
      FillBuffer();
    }
    return buffer_[position_++];
  }

  // Words that Next() will return, as far as they are already made; at least
  // one. Reading them consumes nothing, so a bulk loop may look ahead.
  [[nodiscard]] std::span<const std::uint64_t> Upcoming() noexcept {
    if (position_ == kBufferWords) [[unlikely]] {
      FillBuffer();
    }
    return std::span<const std::uint64_t>(buffer_).subspan(position_);
  }

  // Passes over the first `count` words of Upcoming(), at most all of them.
  void Skip(std::size_t count) noexcept {
    assert(count <= unread());
    position_ += count;
  }

 protected:
  Random() = default;

  // Writes the next kBufferWords words of the stream.
  virtual void Generate(std::span<std::uint64_t, kBufferWords> words) noexcept = 0;

  // How many generated words are still to be read.
  [[nodiscard]] std::size_t unread() const noexcept { return kBufferWords - position_; }

 private:
  void FillBuffer() noexcept {
    Generate(buffer_);
    position_ = 0;
  }

  std::size_t position_ = kBufferWords;
  alignas(64) std::array<std::uint64_t, kBufferWords> buffer_{};
};

namespace internal {

// The product of two words.
template <typename Word>
struct Product {
  Word high;
  Word low;
};

// `Wide` holds the product of two words.
template <typename Word, typename Wide>
[[nodiscard]] constexpr Product<Word> Multiply(Word a, Word b) noexcept {
  const Wide product = static_cast<Wide>(a) * b;
  return {static_cast<Word>(product >> std::numeric_limits<Word>::digits),
          static_cast<Word>(product)};
}

// Requires b < 2^32. For WebAssembly, which multiplies 64 bits with 64 bits by a
// call of a function.
[[nodiscard]] constexpr Product<std::uint64_t> MultiplyBy32(std::uint64_t a,
                                                            std::uint64_t b) noexcept {
  const std::uint64_t upper = (a >> 32) * b + ((a & 0xFFFF'FFFF) * b >> 32);
  return {upper >> 32, a * b};
}

// UniformBelow() for any word size: `next` returns uniform values of Word. A
// template so that a test can run every value of a small word through it.
template <typename Word, typename NextWord, typename MultiplyWords>
[[nodiscard]] constexpr Word BoundedWord(NextWord&& next, Word bound,
                                         MultiplyWords&& multiply) noexcept {
  Product<Word> product = multiply(next(), bound);
  if (product.low < bound) [[unlikely]] {
    // 2^(bits of a word) modulo bound: as many low parts as must be refused.
    const Word threshold = static_cast<Word>(Word{0} - bound) % bound;
    while (product.low < threshold) product = multiply(next(), bound);
  }
  return product.high;
}

}  // namespace internal

// A uniform integer in [0, bound). Requires bound > 0. `Words` is a Random, or
// anything else whose Next() returns uniform 64-bit words.
//
// Random: one word, and one more for each rejection (probability below
// bound / 2^64); a bound that is a power of two never rejects.
// Source: D. Lemire, "Fast Random Integer Generation in an Interval", ACM
// TOMACS 29(1), 2019: multiply, and reject the uneven remainder. Exact.
template <typename Words>
[[nodiscard]] std::uint64_t UniformBelow(Words& words, std::uint64_t bound) noexcept {
  __extension__ using Wide = unsigned __int128;
  const auto next = [&words] { return words.Next(); };
#ifdef __wasm__
  if (bound >> 32 == 0) return internal::BoundedWord(next, bound, internal::MultiplyBy32);
#endif
  return internal::BoundedWord(next, bound, internal::Multiply<std::uint64_t, Wide>);
}

inline constexpr std::size_t kSecureKeyBytes = 32;
using SecureKey = std::array<std::byte, kSecureKeyBytes>;

// The default: ChaCha20 (RFC 8439 block function, zero nonce, 64-bit block
// counter) keyed by the platform's entropy. Unpredictable, so fit for prizes.
[[nodiscard]] std::unique_ptr<Random> MakeChaCha20Random(const SecureKey& key);

// xoshiro256++ seeded through splitmix64. Fast and predictable: for simulation
// and tests only, never where a prize depends on it.
[[nodiscard]] std::unique_ptr<Random> MakeXoshiroRandom(std::uint64_t seed);

}  // namespace rewardpool

#endif  // REWARDPOOL_RANDOM_H_
