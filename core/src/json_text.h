// json_text.h - texts as JSON wants them, for whatever they are appended to.
#ifndef REWARDPOOL_SRC_JSON_TEXT_H_
#define REWARDPOOL_SRC_JSON_TEXT_H_

#include <cstddef>
#include <string_view>

namespace rewardpool::internal {

// Calls `append` with the pieces of `text` in double quotes, one after the other:
// quotes, backslashes and control characters escaped, all else as it is.
template <typename Append>
void AppendJsonText(std::string_view text, const Append& append) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  append(std::string_view("\""));
  std::size_t plain_begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    append(text.substr(plain_begin, i - plain_begin));
    plain_begin = i + 1;
    switch (byte) {
      case '"':
        append(std::string_view("\\\""));
        break;
      case '\\':
        append(std::string_view("\\\\"));
        break;
      case '\b':
        append(std::string_view("\\b"));
        break;
      case '\f':
        append(std::string_view("\\f"));
        break;
      case '\n':
        append(std::string_view("\\n"));
        break;
      case '\r':
        append(std::string_view("\\r"));
        break;
      case '\t':
        append(std::string_view("\\t"));
        break;
      default: {
        const char escape[] = {'\\', 'u', '0', '0', kDigits[byte >> 4], kDigits[byte & 0xF]};
        append(std::string_view(escape, sizeof(escape)));
      }
    }
  }
  append(text.substr(plain_begin));
  append(std::string_view("\""));
}

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SRC_JSON_TEXT_H_
