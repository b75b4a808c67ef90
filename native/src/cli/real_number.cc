#include "cli/real_number.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "cli/text_table.h"

namespace rewardpool::cli {
namespace {

std::string Format(const char* format, double number) {
  char text[64];
  std::snprintf(text, sizeof(text), format, number);
  return text;
}

}  // namespace

std::string JsonNumber(double number) {
  char text[64];
  const std::to_chars_result result = std::to_chars(text, text + sizeof(text), number);
  return {text, result.ptr};
}

std::string Rounded(double number) {
  constexpr double kGroupedMin = 1'000;
  constexpr double kGroupedMax = 1e15;
  constexpr double kWholeMin = 1'000'000;
  if (std::isinf(number)) return "never";
  if (number < kGroupedMin || number >= kGroupedMax) return Format("%.6g", number);
  if (number >= kWholeMin) return Grouped(static_cast<std::uint64_t>(std::llround(number)));
  // Below a million two digits behind the point are six or more in all.
  const auto hundredths = static_cast<std::uint64_t>(std::llround(number * 100));
  const std::uint64_t fraction = hundredths % 100;
  if (fraction == 0) return Grouped(hundredths / 100);
  return Grouped(hundredths / 100) + (fraction < 10 ? ".0" : ".") + std::to_string(fraction);
}

std::string RoundedPercent(double probability) {
  constexpr double kPlainMin = 1e-6;
  if (probability != 0 && probability < kPlainMin) return Format("%.2e", probability);
  return Format("%.4f%%", 100 * probability);
}

}  // namespace rewardpool::cli
