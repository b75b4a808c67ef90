// text_table.h - aligned columns for people.
#ifndef REWARDPOOL_NATIVE_SRC_CLI_TEXT_TABLE_H_
#define REWARDPOOL_NATIVE_SRC_CLI_TEXT_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rewardpool/item.h"

namespace rewardpool::cli {

class TextTable {
 public:
  enum class Align : std::uint8_t { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kRight;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Requires one cell for each column.
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  // Appends titles and rows as lines, two spaces between columns.
  void AppendTo(std::string& out) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// 1234567 as "1,234,567".
[[nodiscard]] std::string Grouped(std::uint64_t number);
// "1,234,567" or "unlimited".
[[nodiscard]] std::string Grouped(Quantity quantity);
// part / whole as "12.3457%"; "-" if whole is 0.
[[nodiscard]] std::string Percent(std::uint64_t part, std::uint64_t whole);
// The id as it is, or quoted if it would not be clear where it begins and ends.
[[nodiscard]] std::string ShownId(std::string_view id);

}  // namespace rewardpool::cli

#endif  // REWARDPOOL_NATIVE_SRC_CLI_TEXT_TABLE_H_
