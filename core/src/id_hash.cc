#include "rewardpool/id_hash.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace rewardpool {
#ifdef __EMSCRIPTEN__

// A module is downloaded, and has this hash anyway. It has 32 bits; both halves of the
// product depend on them all.
IdHash::Value IdHash::ValueOf(std::string_view id) noexcept {
  return std::hash<std::string_view>()(id) * Value{0x9E37'79B9'7F4A'7C15};
}

#else

namespace {

std::uint64_t LoadWord(const char* from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// The halves of a product, folded into one.
std::uint64_t Mix(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

// A few cycles for eight bytes.
// Source: the idea is wyhash's (Wang Yi); the constants are digits of pi.
IdHash::Value IdHash::ValueOf(std::string_view id) noexcept {
  constexpr std::uint64_t kFirst = 0x243F6A8885A308D3;
  constexpr std::uint64_t kSecond = 0x13198A2E03707344;
  const char* const end = id.data() + id.size();
  std::uint64_t hash = kFirst;
  std::uint64_t last = 0;
  if (id.size() >= 8) {
    for (const char* at = id.data(); end - at > 8; at += 8) hash = Mix(hash ^ LoadWord(at), kFirst);
    last = LoadWord(end - 8);
  } else {
    for (const char c : id) last = last << 8 | static_cast<unsigned char>(c);
  }
  return Mix(hash ^ last, kSecond ^ id.size());
}

#endif

void IdHash::Reset(std::size_t count) {
  entries_ = LargeVector<Entry>(std::max(kEntriesMin, count + count / 5 + 1), kEmpty);
}

}  // namespace rewardpool
