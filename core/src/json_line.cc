#include "json_line.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "json_text.h"
#include "rewardpool/item.h"

namespace rewardpool::internal {
namespace {

void AppendUtf8(std::string& text, std::uint32_t code_point) {
  const auto put = [&text](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
    return;
  }
  if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      put(0xE0 | code_point >> 12);
    } else {
      put(0xF0 | code_point >> 18);
      put(0x80 | (code_point >> 12 & 0x3F));
    }
    put(0x80 | (code_point >> 6 & 0x3F));
  }
  put(0x80 | (code_point & 0x3F));
}

}  // namespace

void JsonLineOutput::PutName(std::string_view name) {
  Put(in_object_ ? ",\"" : "{\"");
  in_object_ = true;
  Put(name);
  Put("\":");
}

void JsonLineOutput::PutNumber(std::uint64_t number) {
  char digits[20];
  const std::to_chars_result end = std::to_chars(std::begin(digits), std::end(digits), number);
  Put({digits, static_cast<std::size_t>(end.ptr - digits)});
}

void JsonLineOutput::PutText(std::string_view text) {
  AppendJsonText(text, [this](std::string_view piece) { Put(piece); });
}

void JsonLineInput::Fail(const char* problem) noexcept {
  if (problem_ == nullptr) problem_ = problem;
  input_ = {};
}

void JsonLineInput::SkipSpaces() noexcept {
  input_.remove_prefix(std::min(input_.find_first_not_of(' '), input_.size()));
}

char JsonLineInput::Peek() noexcept {
  SkipSpaces();
  return input_.empty() ? '\0' : input_.front();
}

void JsonLineInput::TakeToken(char token) {
  SkipSpaces();
  if (input_.empty() || input_.front() != token) return Fail("malformed JSON");
  input_.remove_prefix(1);
}

void JsonLineInput::TakeName(std::string_view name) {
  TakeToken(in_object_ ? ',' : '{');
  in_object_ = true;
  TakeText(name_);
  if (problem_ == nullptr && name_ != name) Fail("a member is missing or out of place");
  TakeToken(':');
}

void JsonLineInput::TakeEnd() {
  TakeToken('}');
  SkipSpaces();
  if (!input_.empty()) Fail("something follows the end");
}

std::uint64_t JsonLineInput::TakeNumber(std::uint64_t max) {
  SkipSpaces();
  const std::size_t length = std::min(input_.find_first_not_of("0123456789"), input_.size());
  const std::string_view digits = input_.substr(0, length);
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) {
    Fail("a number is missing or malformed");
    return 0;
  }
  std::uint64_t number = 0;
  for (const char c : digits) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (digit > max || number > (max - digit) / 10) {
      Fail("a number is too large");
      return 0;
    }
    number = 10 * number + digit;
  }
  input_.remove_prefix(length);
  return number;
}

void JsonLineInput::TakeText(std::string& text) {
  text.clear();
  TakeToken('"');
  while (problem_ == nullptr) {
    const std::size_t plain =
        std::min(input_.find_first_of(std::string_view("\"\\")), input_.size());
    text.append(input_.substr(0, std::min(plain, kItemIdBytesMax + 1)));
    if (text.size() > kItemIdBytesMax) return Fail("a text is too long");
    if (plain == input_.size()) return Fail("a text without an end");
    const bool at_end = input_[plain] == '"';
    input_.remove_prefix(plain + 1);
    if (at_end) return;
    TakeEscape(text);
  }
  text.clear();
}

std::optional<std::string_view> JsonLineInput::TakePlainText() noexcept {
  if (Peek() != '"') return std::nullopt;
  const std::string_view text = input_.substr(1, kItemIdBytesMax + 1);
  std::size_t length = 0;
  while (length < text.size() && text[length] != '"' && text[length] != '\\') ++length;
  if (length == text.size() || text[length] != '"') return std::nullopt;
  input_.remove_prefix(length + 2);
  return text.substr(0, length);
}

void JsonLineInput::TakeEscape(std::string& text) {
  if (input_.empty()) return Fail("a text without an end");
  const char kind = input_.front();
  input_.remove_prefix(1);
  switch (kind) {
    case '"':
    case '\\':
    case '/':
      return text.push_back(kind);
    case 'b':
      return text.push_back('\b');
    case 'f':
      return text.push_back('\f');
    case 'n':
      return text.push_back('\n');
    case 'r':
      return text.push_back('\r');
    case 't':
      return text.push_back('\t');
    case 'u':
      break;
    default:
      return Fail("an unknown escape in a text");
  }
  std::uint32_t code_point = TakeHexDigits();
  if (code_point >= 0xD800 && code_point < 0xDC00 && input_.substr(0, 2) == "\\u") {
    input_.remove_prefix(2);
    const std::uint32_t low = TakeHexDigits();
    if (low < 0xDC00 || low > 0xDFFF) return Fail("half of a character in a text");
    code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
  }
  AppendUtf8(text, code_point);
}

std::uint32_t JsonLineInput::TakeHexDigits() {
  std::uint32_t number = 0;
  for (const char c : input_.substr(0, 4)) {
    std::uint32_t digit = 16;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A') + 10;
    if (digit == 16) Fail("an unknown escape in a text");
    number = 16 * number + digit;
  }
  if (input_.size() < 4) {
    Fail("an unknown escape in a text");
    return 0;
  }
  input_.remove_prefix(4);
  return number;
}

bool JsonLineInput::TakeWord(std::string_view word) {
  SkipSpaces();
  if (!input_.starts_with(word)) return false;
  input_.remove_prefix(word.size());
  return true;
}

bool JsonLineInput::NextElement(bool first) {
  if (Peek() == ']') {
    input_.remove_prefix(1);
    return false;
  }
  if (!first) TakeToken(',');
  return problem_ == nullptr;
}

}  // namespace rewardpool::internal
