#include "cli/options.h"

#include <utility>

#include "config/whole_number.h"

namespace rewardpool::cli {

using native::internal::ParseQuantity;
using native::internal::ParseWholeNumber;

CLI::Option* AddNumberOption(CLI::App& verb, const std::string& name,
                             std::function<void(std::uint64_t)> set, std::uint64_t min,
                             std::uint64_t max, const std::string& help) {
  return verb
      .add_option_function<std::string>(
          name,
          [name, set = std::move(set), min, max](const std::string& text) {
            const std::optional<std::uint64_t> number = ParseWholeNumber(text);
            if (!number || *number < min || *number > max) {
              throw CLI::ValidationError(name, "must be a whole number from " +
                                                   std::to_string(min) + " to " +
                                                   std::to_string(max) + ", not " + Quoted(text));
            }
            set(*number);
          },
          help)
      ->type_name("N");
}

CLI::Option* AddWeight(CLI::App& verb, std::optional<Weight>& target) {
  return AddNumber(verb, "--weight", target, 0, kWeightMax,
                   "Chance relative to the other items; 0 is never drawn")
      ->type_name("W");
}

CLI::Option* AddQuantity(CLI::App& verb, std::optional<Quantity>& target) {
  return verb
      .add_option_function<std::string>(
          "--quantity",
          [&target](const std::string& text) {
            target = ParseQuantity(text);
            if (!target) {
              throw CLI::ValidationError(
                  "--quantity", "must be a whole number from 0 to " + std::to_string(kQuantityMax) +
                                    ", or \"unlimited\", not " + Quoted(text));
            }
          },
          "Units in stock from now on, or \"unlimited\"")
      ->type_name("Q");
}

CLI::Option* AddFolder(CLI::App& verb, std::string& target) {
  return verb.add_option("--dir", target, "Folder of the pool")->type_name("D")->required();
}

CLI::Option* AddJson(CLI::App& verb, bool& target, const std::string& help) {
  return verb.add_flag("--json", target, help);
}

}  // namespace rewardpool::cli
