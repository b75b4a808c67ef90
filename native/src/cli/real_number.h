// real_number.h - numbers with a fraction, for programs and for people.
#ifndef REWARDPOOL_NATIVE_SRC_CLI_REAL_NUMBER_H_
#define REWARDPOOL_NATIVE_SRC_CLI_REAL_NUMBER_H_

#include <string>

namespace rewardpool::cli {

// The shortest text that reads back as the same number. Requires: finite.
[[nodiscard]] std::string JsonNumber(double number);

// Six significant digits, with commas between thousands: "1,234.57", "1.2e-09",
// "never" if infinite.
[[nodiscard]] std::string Rounded(double number);

// A probability as "12.3457%", and small ones as "1.2e-09".
[[nodiscard]] std::string RoundedPercent(double probability);

}  // namespace rewardpool::cli

#endif  // REWARDPOOL_NATIVE_SRC_CLI_REAL_NUMBER_H_
