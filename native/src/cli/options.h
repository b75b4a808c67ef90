// options.h - options that several verbs share, parsed as strictly as the
// configuration is.
#ifndef REWARDPOOL_NATIVE_SRC_CLI_OPTIONS_H_
#define REWARDPOOL_NATIVE_SRC_CLI_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "rewardpool/item.h"

namespace rewardpool::cli {

// An option that takes a whole number from min to max, in plain digits.
CLI::Option* AddNumberOption(CLI::App& verb, const std::string& name,
                             std::function<void(std::uint64_t)> set, std::uint64_t min,
                             std::uint64_t max, const std::string& help);

// The same, into a number or an optional number.
template <typename Target>
CLI::Option* AddNumber(CLI::App& verb, const std::string& name, Target& target, std::uint64_t min,
                       std::uint64_t max, const std::string& help) {
  return AddNumberOption(
      verb, name, [&target](std::uint64_t number) { target = number; }, min, max, help);
}

// An option that takes a weight.
CLI::Option* AddWeight(CLI::App& verb, std::optional<Weight>& target);

// An option that takes a number of units or "unlimited".
CLI::Option* AddQuantity(CLI::App& verb, std::optional<Quantity>& target);

// --dir, required.
CLI::Option* AddFolder(CLI::App& verb, std::string& target);

// --json.
CLI::Option* AddJson(CLI::App& verb, bool& target, const std::string& help);

}  // namespace rewardpool::cli

#endif  // REWARDPOOL_NATIVE_SRC_CLI_OPTIONS_H_
