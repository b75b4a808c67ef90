// JSON by its own path (RFC 8259), since YAML readers differ from it where it
// hurts: surrogate pairs in \u escapes, tabs, comments, unquoted words.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "config/config_document.h"
#include "config/whole_number.h"

namespace rewardpool::native::internal {
namespace {

using Kind = ConfigNode::Kind;

void AppendUtf8(std::string& out, std::uint32_t code_point) {
  const auto push = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xC0 | code_point >> 6);
    push(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    push(0xE0 | code_point >> 12);
    push(0x80 | (code_point >> 6 & 0x3F));
    push(0x80 | (code_point & 0x3F));
  } else {
    push(0xF0 | code_point >> 18);
    push(0x80 | (code_point >> 12 & 0x3F));
    push(0x80 | (code_point >> 6 & 0x3F));
    push(0x80 | (code_point & 0x3F));
  }
}

// Each Read...() returns false after the first error, which error_ then says.
class JsonReader {
 public:
  JsonReader(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  [[nodiscard]] Result<ConfigDocument> Read() {
    SkipSpace();
    if (!ReadValue()) return error_;
    SkipSpace();
    if (!AtEnd()) {
      Fail("unexpected text after the end of the document");
      return error_;
    }
    return std::move(document_);
  }

 private:
  [[nodiscard]] bool AtEnd() const { return at_ == text_.size(); }
  [[nodiscard]] char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  [[nodiscard]] ConfigPlace Here() const {
    return {line_, static_cast<std::uint32_t>(at_ - line_begin_) + 1};
  }

  bool Fail(std::string_view message) { return FailAt(Here(), message); }
  bool FailAt(ConfigPlace place, std::string_view message) {
    error_ = ConfigError(name_, place, message);
    return false;
  }
  bool FailUnexpected(std::string_view wanted) {
    std::string message = "expected ";
    message.append(wanted);
    if (AtEnd()) message.append(", found the end of the file");
    return Fail(message);
  }

  void SkipSpace() {
    for (; !AtEnd(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
        line_begin_ = at_ + 1;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return;
      }
    }
  }

  bool ReadValue() {
    const ConfigPlace place = Here();
    switch (Peek()) {
      case '{':
        return ReadContainer(Kind::kMap, '}');
      case '[':
        return ReadContainer(Kind::kSequence, ']');
      case '"':
        return ReadString();
      default:
        break;
    }
    for (const std::string_view word : {"null", "true", "false"}) {
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return Add(word == "null" ? Kind::kNull : Kind::kPlain, place, std::string(word));
      }
    }
    return ReadNumber();
  }

  // Recursion is bounded by kConfigDepthMax.
  bool ReadContainer(Kind kind, char close) {
    if (!document_.BeginContainer(kind, Here())) return Fail(document_.limit_message());
    ++at_;
    SkipSpace();
    if (Peek() != close) {
      while (true) {
        if (kind == Kind::kMap && !ReadKey()) return false;
        if (!ReadValue()) return false;
        SkipSpace();
        if (Peek() == close) break;
        if (Peek() != ',') return FailUnexpected(kind == Kind::kMap ? "',' or '}'" : "',' or ']'");
        ++at_;
        SkipSpace();
      }
    }
    ++at_;
    document_.EndContainer();
    return true;
  }

  bool ReadKey() {
    if (Peek() != '"') return FailUnexpected("a key in quotes");
    if (!ReadString()) return false;
    SkipSpace();
    if (Peek() != ':') return FailUnexpected("':'");
    ++at_;
    SkipSpace();
    return true;
  }

  bool ReadNumber() {
    const ConfigPlace place = Here();
    const std::size_t begin = at_;
    if (Peek() == '-') ++at_;
    if (Peek() == '0') {
      ++at_;
    } else if (!SkipDigits()) {
      at_ = begin;
      return FailUnexpected("a value");
    }
    if (Peek() == '.') {
      ++at_;
      if (!SkipDigits()) return FailUnexpected("a digit");
    }
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      if (Peek() == '+' || Peek() == '-') ++at_;
      if (!SkipDigits()) return FailUnexpected("a digit");
    }
    return Add(Kind::kPlain, place, std::string(text_.substr(begin, at_ - begin)));
  }

  bool SkipDigits() {
    if (!IsDigit(Peek())) return false;
    while (IsDigit(Peek())) ++at_;
    return true;
  }

  bool ReadString() {
    const ConfigPlace place = Here();
    std::string value;
    ++at_;
    while (true) {
      if (AtEnd()) return FailAt(place, "this text has no closing quote");
      const char c = text_[at_];
      if (c == '"') break;
      if (static_cast<unsigned char>(c) < 0x20) {
        return Fail("a line break or tab inside a text must be written \\n, \\r or \\t");
      }
      if (c == '\\') {
        if (!ReadEscape(value)) return false;
      } else {
        value.push_back(c);
        ++at_;
      }
    }
    ++at_;
    return Add(Kind::kText, place, std::move(value));
  }

  bool ReadEscape(std::string& value) {
    static constexpr std::string_view kLetters = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const ConfigPlace place = Here();
    ++at_;
    const char letter = Peek();
    if (letter != 'u') {
      const std::size_t found = AtEnd() ? std::string_view::npos : kLetters.find(letter);
      if (found == std::string_view::npos) return FailAt(place, "unknown escape");
      value.push_back(kMeanings[found]);
      ++at_;
      return true;
    }
    std::uint32_t code_point = 0;
    if (!ReadHexUnit(code_point)) return FailAt(place, "\\u needs four hexadecimal digits");
    if (code_point >= 0xD800 && code_point < 0xE000) {
      std::uint32_t low = 0;
      if (code_point >= 0xDC00 || Peek() != '\\' || text_.substr(at_ + 1, 1) != "u" ||
          (++at_, !ReadHexUnit(low)) || low < 0xDC00 || low >= 0xE000) {
        return FailAt(place, "half of a surrogate pair");
      }
      code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(value, code_point);
    return true;
  }

  // Reads "uXXXX".
  bool ReadHexUnit(std::uint32_t& unit) {
    ++at_;
    unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = Peek();
      if (IsDigit(c)) {
        unit = unit << 4 | static_cast<std::uint32_t>(c - '0');
      } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
        unit = unit << 4 | static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
      } else {
        return false;
      }
    }
    return true;
  }

  bool Add(Kind kind, ConfigPlace place, std::string value) {
    return document_.AddScalar(kind, place, std::move(value)) ||
           FailAt(place, document_.limit_message());
  }

  std::string_view text_;
  std::string_view name_;
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
  std::uint32_t line_ = 1;
  ConfigDocument document_;
  Status error_;
};

}  // namespace

Result<ConfigDocument> ReadJson(std::string_view text, std::string_view name) {
  return JsonReader(text, name).Read();
}

}  // namespace rewardpool::native::internal
