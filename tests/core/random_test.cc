#include "rewardpool/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "chacha20.h"
#include "rewardpool/testing/scripted_random.h"

namespace rewardpool {
namespace {

using testing::ScriptedRandom;

std::vector<std::uint64_t> FirstWords(Random& random, std::size_t count) {
  std::vector<std::uint64_t> words(count);
  for (std::uint64_t& word : words) word = random.Next();
  return words;
}

// The bytes of a keystream as the RFC prints them.
std::string KeystreamHex(std::span<const std::uint64_t> words) {
  std::string hex;
  for (const std::uint64_t word : words) {
    for (int byte = 0; byte < 8; ++byte) {
      constexpr char kDigits[] = "0123456789abcdef";
      hex += kDigits[(word >> (8 * byte + 4)) & 15];
      hex += kDigits[(word >> (8 * byte)) & 15];
    }
  }
  return hex;
}

// RFC 8439, appendix A.1, test vectors 1 to 4: those with a zero nonce.
TEST(ChaCha20Test, KeystreamMatchesTheRfc) {
  const struct {
    std::size_t key_byte;
    std::uint8_t value;
    std::size_t block;
    const char* keystream;
  } vectors[] = {
      {0, 0x00, 0,
       "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
       "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"},
      {0, 0x00, 1,
       "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
       "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"},
      {31, 0x01, 1,
       "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
       "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0"},
      {1, 0xFF, 2,
       "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca"
       "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096"},
  };
  for (const auto& vector : vectors) {
    SecureKey key{};
    key[vector.key_byte] = std::byte{vector.value};
    const auto random = MakeChaCha20Random(key);
    const std::vector<std::uint64_t> words = FirstWords(*random, 8 * (vector.block + 1));
    EXPECT_EQ(KeystreamHex(std::span(words).last(8)), vector.keystream);
  }
}

// Key bytes 0, 1, ..., 31. Expected values: the RFC's pseudocode written out in
// Python, block by block.
TEST(ChaCha20Test, TheStreamGoesOnAcrossBuffers) {
  SecureKey key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(i);
  const auto random = MakeChaCha20Random(key);
  EXPECT_EQ(random->name(), "chacha20");
  const std::vector<std::uint64_t> words = FirstWords(*random, 10'000);
  EXPECT_EQ(words[0], 0x6a19c5d97d2bfd39);
  EXPECT_EQ(words[1], 0x494adcb87703bd8d);
  EXPECT_EQ(words[255], 0x7343d61fb3c443b8);
  EXPECT_EQ(words[256], 0x088edc6d6bf81dff);
  EXPECT_EQ(words[9'999], 0xb23ab57d6a9ef3d9);
}

using Buffer = std::array<std::uint64_t, Random::kBufferWords>;

internal::ChaChaKey CountingKey() {
  internal::ChaChaKey key;
  for (std::uint32_t i = 0; i < key.size(); ++i) key[i] = 0x03020100 + 0x04040404 * i;
  return key;
}

TEST(ChaCha20Test, TheBlockCounterHas64Bits) {
  Buffer words;
  internal::ChaCha20Portable(CountingKey(), 0xFFFFFFFF, words);
  EXPECT_EQ(words[0], 0xeacc5f92b8dee01c);  // block 2^32 - 1
  EXPECT_EQ(words[8], 0x3a2e6e5309fb38d8);  // block 2^32
}

TEST(ChaCha20Test, TheBlockCounterCarriesWhereverABufferBegins) {
  constexpr std::uint64_t kBegin = 0xFFFFFFF0;
  constexpr std::size_t kBlockWords = 8;
  Buffer whole;
  internal::ChaCha20Portable(CountingKey(), kBegin, whole);
  for (std::size_t block = 1; block < 20; ++block) {
    Buffer words;
    internal::ChaCha20Portable(CountingKey(), kBegin + block, words);
    const auto rest = std::span(whole).subspan(block * kBlockWords);
    EXPECT_TRUE(std::equal(rest.begin(), rest.end(), words.begin())) << "from block " << block;
  }
}

TEST(ChaCha20Test, EveryInstructionSetGivesTheSameWords) {
  const auto expect_same = [](internal::ChaChaFunction keystream) {
    for (const std::uint64_t block : {0ull, 32ull, 0xFFFFFFE5ull, 0xFFFFFFFFFFFFFFF0ull}) {
      Buffer portable_words;
      Buffer words;
      internal::ChaCha20Portable(CountingKey(), block, portable_words);
      keystream(CountingKey(), block, words);
      EXPECT_EQ(portable_words, words) << "from block " << block;
    }
  };
  const internal::ChaChaFunction avx2 = internal::ChaCha20Avx2();
  const internal::ChaChaFunction avx512 = internal::ChaCha20Avx512();
  if (avx2 != nullptr) expect_same(avx2);
  if (avx512 != nullptr) expect_same(avx512);
  if (avx2 == nullptr || avx512 == nullptr) {
    GTEST_SKIP() << "this processor has no " << (avx2 == nullptr ? "AVX2" : "AVX-512");
  }
}

// Expected values: the reference algorithms (prng.di.unimi.it) written out in
// Python; the first one is also what Rust's rand_xoshiro gives for seed 0.
TEST(XoshiroTest, WordsMatchTheReference) {
  const auto zero = MakeXoshiroRandom(0);
  EXPECT_EQ(zero->name(), "xoshiro256++");
  const std::vector<std::uint64_t> from_zero = FirstWords(*zero, 1'000);
  EXPECT_EQ(from_zero[0], 0x53175d61490b23df);
  EXPECT_EQ(from_zero[1], 0x61da6f3dc380d507);
  EXPECT_EQ(from_zero[255], 0x4a30db9483005ab1);
  EXPECT_EQ(from_zero[256], 0x5d90c075e4094d0a);
  EXPECT_EQ(from_zero[999], 0x376300fa032f6483);
  const std::vector<std::uint64_t> from_42 = FirstWords(*MakeXoshiroRandom(42), 1'000);
  EXPECT_EQ(from_42[0], 0xd0764d4f4476689f);
  EXPECT_EQ(from_42[999], 0xa3ed059c1cc38790);
}

TEST(RandomTest, LookingAheadConsumesNothing) {
  const auto random = MakeXoshiroRandom(1);
  const std::vector<std::uint64_t> expected = FirstWords(*MakeXoshiroRandom(1), 600);
  std::size_t read = 0;
  while (read < 500) {
    const std::span<const std::uint64_t> upcoming = random->Upcoming();
    ASSERT_FALSE(upcoming.empty());
    EXPECT_EQ(upcoming[0], expected[read]);
    EXPECT_EQ(random->Next(), expected[read++]);
    const std::size_t skipped = std::min<std::size_t>(37, random->Upcoming().size());
    random->Skip(skipped);
    read += skipped;
  }
}

TEST(UniformBelowTest, AScriptedWordGivesTheValueItWasMadeFor) {
  for (const std::uint64_t bound : {1ull, 2ull, 3ull, 10ull, 255ull, 256ull, 1'000ull, 65'537ull}) {
    ScriptedRandom random = ScriptedRandom::AllBelow(bound);
    for (std::uint64_t value = 0; value < bound; ++value) {
      ASSERT_EQ(UniformBelow(random, bound), value) << "below " << bound;
    }
    EXPECT_EQ(random.consumed(), bound);
  }
}

TEST(UniformBelowTest, TheLargestBoundsStayBelow) {
  const auto random = MakeXoshiroRandom(3);
  for (const std::uint64_t bound : {1ull << 63, (1ull << 63) + 1, ~0ull}) {
    for (int i = 0; i < 1'000; ++i) ASSERT_LT(UniformBelow(*random, bound), bound);
  }
}

TEST(UniformBelowTest, AnUnevenWordIsRefused) {
  // 2^64 mod 3 = 1, so one word has to go: 0, whose low part is 0.
  ScriptedRandom random({0, ScriptedRandom::WordFor(2, 3)});
  EXPECT_EQ(UniformBelow(random, 3), 2u);
  EXPECT_EQ(random.consumed(), 2u);
}

// Sends each of the 65,536 values of a small word through `bounded`, which
// returns bound for "refused", and tells if all results are equally frequent.
template <typename Bounded>
bool IsUniform(Bounded&& bounded, std::uint16_t bound) {
  std::vector<int> counts(std::size_t{bound} + 1);
  for (std::uint32_t word = 0; word <= 0xFFFF; ++word) {
    ++counts[bounded(static_cast<std::uint16_t>(word), bound)];
  }
  for (std::size_t value = 0; value < bound; ++value) {
    if (counts[value] != counts[0]) return false;
  }
  // Refusing is right, but not more often than needed.
  return counts[bound] == 0x10000 % bound;
}

constexpr std::uint16_t kSmallBoundMax = 400;

TEST(UniformBelowTest, EverySmallWordMakesEveryBoundExactlyUniform) {
  const auto lemire = [](std::uint16_t word, std::uint16_t bound) {
    bool refused = false;
    bool first = true;
    const auto next = [&] {
      refused = !first;
      return std::exchange(first, false) ? word : std::uint16_t{0xFFFF};
    };
    const auto value =
        internal::BoundedWord(next, bound, internal::Multiply<std::uint16_t, std::uint32_t>);
    return refused ? bound : value;
  };
  for (std::uint16_t bound = 1; bound <= kSmallBoundMax; ++bound) {
    ASSERT_TRUE(IsUniform(lemire, bound)) << "below " << bound;
  }
}

TEST(UniformBelowTest, TheProductThatWebAssemblyMakesIsTheWholeProduct) {
  __extension__ using Wide = unsigned __int128;
  constexpr std::uint64_t kWords[] = {0, 1, 0xFFFF'FFFF, 0x1'0000'0000, ~std::uint64_t{0}};
  constexpr std::uint64_t kBounds[] = {1, 2, 3, 0x7FFF'FFFF, 0x8000'0000, 0xFFFF'FFFF};
  const auto random = MakeXoshiroRandom(1);
  const auto check = [](std::uint64_t word, std::uint64_t bound) {
    const auto product = internal::MultiplyBy32(word, bound);
    const auto expected = internal::Multiply<std::uint64_t, Wide>(word, bound);
    ASSERT_EQ(product.high, expected.high) << word << " * " << bound;
    ASSERT_EQ(product.low, expected.low) << word << " * " << bound;
  };
  for (const std::uint64_t bound : kBounds) {
    for (const std::uint64_t word : kWords) check(word, bound);
  }
  for (int i = 0; i < 1'000; ++i) check(random->Next(), random->Next() >> 32);
}

// The check must be able to fail: two usual ways to get it wrong.
TEST(UniformBelowTest, ModuloAndTheUnrejectedMultiplyFailTheSameCheck) {
  const auto modulo = [](std::uint16_t word, std::uint16_t bound) {
    return static_cast<std::uint16_t>(word % bound);
  };
  const auto multiply = [](std::uint16_t word, std::uint16_t bound) {
    return static_cast<std::uint16_t>((std::uint32_t{word} * bound) >> 16);
  };
  for (std::uint16_t bound = 1; bound <= kSmallBoundMax; ++bound) {
    const bool divides = 0x10000 % bound == 0;
    ASSERT_EQ(IsUniform(modulo, bound), divides) << "below " << bound;
    ASSERT_EQ(IsUniform(multiply, bound), divides) << "below " << bound;
  }
}

}  // namespace
}  // namespace rewardpool
