#include "rewardpool/item.h"

#include <cstring>

namespace rewardpool {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `text`, or 0.
// Source: Unicode 15, table 3-7 (no overlong forms, no surrogates, at most
// U+10FFFF).
std::size_t Utf8SequenceLength(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i, unsigned char low = 0x80, unsigned char high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

// How many bytes at the start of `text`, which are looked at eight at a time, are
// surely ASCII without NUL.
std::size_t PlainLength([[maybe_unused]] std::string_view text) noexcept {
  std::size_t length = 0;
#ifndef __EMSCRIPTEN__  // a module is downloaded
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  for (std::uint64_t word = 0; text.size() - length >= sizeof(word); length += sizeof(word)) {
    std::memcpy(&word, &text[length], sizeof(word));
    if (((word | (word - kOnes)) & (kOnes << 7)) != 0) break;
  }
#endif
  return length;
}

// How many bytes at the start of `text` are well-formed UTF-8 without NUL.
std::size_t ProperLength(std::string_view text) noexcept {
  std::size_t length = PlainLength(text);
  while (length < text.size() && text[length] != '\0') {
    const std::size_t bytes = Utf8SequenceLength(text.substr(length));
    if (bytes == 0) break;
    length += bytes;
  }
  return length;
}

void AppendHexByte(std::string& out, unsigned char byte) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  out.append("\\x");
  out.push_back(kDigits[byte >> 4]);
  out.push_back(kDigits[byte & 0xF]);
}

}  // namespace

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = Utf8SequenceLength(text);
    const auto lead = static_cast<unsigned char>(text[0]);
    if (length == 0 || lead < 0x20 || lead == 0x7F) {
      AppendHexByte(out, lead);
      text.remove_prefix(1);
      continue;
    }
    if (lead == '"' || lead == '\\') out.push_back('\\');
    out.append(text.substr(0, length));
    text.remove_prefix(length);
  }
  out.push_back('"');
  return out;
}

bool IsItemId(std::string_view id) noexcept {
  return !id.empty() && id.size() <= kItemIdBytesMax && ProperLength(id) == id.size();
}

Status ValidateItemId(std::string_view id) {
  if (id.empty()) return {StatusCode::kInvalidArgument, "item id is empty"};
  if (id.size() > kItemIdBytesMax) {
    return {StatusCode::kInvalidArgument, "item id of " + std::to_string(id.size()) +
                                              " bytes is longer than " +
                                              std::to_string(kItemIdBytesMax)};
  }
  const std::size_t length = ProperLength(id);
  if (length == id.size()) return Status::Ok();
  return {StatusCode::kInvalidArgument, "item id " + Quoted(id) +
                                            (id[length] == '\0' ? " has a NUL" : " is not UTF-8") +
                                            " at byte " + std::to_string(length)};
}

Status ValidateItem(const Item& item) {
  RP_RETURN_IF_ERROR(ValidateItemId(item.id));
  if (item.weight > kWeightMax) {
    return {StatusCode::kInvalidArgument,
            "weight of " + Quoted(item.id) + " is larger than 2^63-1"};
  }
  return Status::Ok();
}

}  // namespace rewardpool
