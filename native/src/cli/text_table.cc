#include "cli/text_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>

namespace rewardpool::cli {
namespace {

// Characters, for alignment: bytes that do not continue a UTF-8 sequence.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

void TextTable::AppendTo(std::string& out) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(Width(column.title));
  for (const std::vector<std::string>& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  const auto append_cell = [&](std::size_t i, std::string_view text) {
    const std::size_t padding = widths[i] - Width(text);
    if (i != 0) out.append("  ");
    if (columns_[i].align == Align::kRight) out.append(padding, ' ');
    out.append(text);
    const bool is_last = i + 1 == columns_.size();
    if (columns_[i].align == Align::kLeft && !is_last) out.append(padding, ' ');
    if (is_last) out.push_back('\n');
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) append_cell(i, columns_[i].title);
  for (const std::vector<std::string>& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) append_cell(i, row[i]);
  }
}

std::string Grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

std::string Grouped(Quantity quantity) {
  return quantity.is_unlimited() ? "unlimited" : Grouped(quantity.count());
}

std::string Percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  char text[32];
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  std::snprintf(text, sizeof(text), "%.4f%%", percent);
  return text;
}

std::string ShownId(std::string_view id) {
  std::string quoted = Quoted(id);
  const bool is_plain = quoted.size() == id.size() + 2 && id.find(' ') == std::string_view::npos;
  return is_plain ? std::string(id) : quoted;
}

}  // namespace rewardpool::cli
