// json_line.h - one JSON object a line, in memory: the fields of JSON records.
//
// The reader takes the members in the order in which they are written, and
// nothing else: no tree is built, nothing recurses and nothing is skipped.
// Spec: docs/wal-format.md.
#ifndef REWARDPOOL_SRC_JSON_LINE_H_
#define REWARDPOOL_SRC_JSON_LINE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "rewardpool/byte_buffer.h"

namespace rewardpool::internal {

// Appends an object, member by member, and the end of the line.
class JsonLineOutput {
 public:
  explicit JsonLineOutput(ByteBuffer& out) : out_(out) {}

  // Begins a member; its value must follow.
  void PutName(std::string_view name);
  void PutEnd() { Put("}\n"); }

  void PutNumber(std::uint64_t number);
  void PutText(std::string_view text);
  // null, or a text in quotes that needs no escapes.
  void PutWord(std::string_view word) { Put(word); }

  // A list: for each element BeginElement() and a value.
  void PutListBegin() { Put("["); }
  void BeginElement(bool first) {
    if (!first) Put(",");
  }
  void PutListEnd() { Put("]"); }

 private:
  void Put(std::string_view piece) {
    out_.Append(std::as_bytes(std::span(piece.data(), piece.size())));
  }

  ByteBuffer& out_;
  bool in_object_ = false;
};

// Takes the members of an object from the front of a line. Sticky: after the
// first problem everything reads as zero or empty, and problem() says what it
// was.
class JsonLineInput {
 public:
  // `line`: without its end.
  explicit JsonLineInput(std::string_view line) : input_(line) {}

  // Null while all went well.
  [[nodiscard]] const char* problem() const noexcept { return problem_; }

  // The name of the next member, which must be this one; its value follows.
  void TakeName(std::string_view name);
  // The end of the object and of the line.
  void TakeEnd();

  // Values. Spaces before them are skipped.
  // A problem if it is not in its shortest form, or larger than `max`.
  [[nodiscard]] std::uint64_t TakeNumber(std::uint64_t max);
  // A problem if it is longer than kItemIdBytesMax. May hold anything, also
  // malformed UTF-8.
  void TakeText(std::string& text);
  // The same if it has no escapes: where it lies in the line. Otherwise, or if it is a
  // problem, nothing, and nothing is taken.
  [[nodiscard]] std::optional<std::string_view> TakePlainText() noexcept;
  // True, and it is taken, if this word comes next: null, or a text in quotes.
  [[nodiscard]] bool TakeWord(std::string_view word);

  // A list: while (NextElement(first)) take one value.
  void TakeListBegin() { TakeToken('['); }
  [[nodiscard]] bool NextElement(bool first);

  void Fail(const char* problem) noexcept;

 private:
  void SkipSpaces() noexcept;
  // '\0' at the end.
  [[nodiscard]] char Peek() noexcept;
  void TakeToken(char token);
  void TakeEscape(std::string& text);
  [[nodiscard]] std::uint32_t TakeHexDigits();

  std::string_view input_;
  std::string name_;
  bool in_object_ = false;
  const char* problem_ = nullptr;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SRC_JSON_LINE_H_
