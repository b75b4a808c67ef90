// golden_json.h - golden files of JSON entries: read, or written anew.
#ifndef REWARDPOOL_TESTS_SUPPORT_GOLDEN_JSON_H_
#define REWARDPOOL_TESTS_SUPPORT_GOLDEN_JSON_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace rewardpool::tests {

// The entries of a golden file, for comparison with `found`. With RP_UPDATE_GOLDEN
// `found` is written to it instead. An array without entries if the test has
// failed: because of that, or since the file is missing or of another version.
inline nlohmann::ordered_json GoldenEntries(const std::string& path,
                                            const nlohmann::ordered_json& found) {
  using Json = nlohmann::ordered_json;
  if (std::getenv("RP_UPDATE_GOLDEN") != nullptr) {
    std::ofstream file(path);
    file << "{\"version\": 1, \"entries\": [\n";
    for (const Json& entry : found) {
      file << entry.dump() << (&entry == &found.back() ? "\n" : ",\n");
    }
    file << "]}\n";
    ADD_FAILURE() << path << " was written anew; look at the difference and run without "
                  << "RP_UPDATE_GOLDEN";
    return Json::array();
  }
  std::ifstream file(path);
  const Json golden = Json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (golden.is_discarded() || golden.value("version", 0) != 1) {
    ADD_FAILURE() << path << " is missing, damaged or of another version";
    return Json::array();
  }
  return golden.at("entries");
}

}  // namespace rewardpool::tests

#endif  // REWARDPOOL_TESTS_SUPPORT_GOLDEN_JSON_H_
