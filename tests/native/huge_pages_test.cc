#include "rewardpool/native/huge_pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <sstream>
#include <string>

#include "rewardpool/large_memory.h"

namespace rewardpool::native {
namespace {

// Does the kernel know that huge pages are wanted at this address?
bool HugePagesAreWantedAt(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream mappings("/proc/self/smaps");
  bool is_here = false;
  for (std::string line; std::getline(mappings, line);) {
    std::istringstream words(line);
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    if (words >> std::hex >> begin >> dash >> end && dash == '-') {
      is_here = begin <= wanted && wanted < end;
    } else if (is_here && line.starts_with("VmFlags:")) {
      return line.find(" hg") != std::string::npos;
    }
  }
  return false;
}

TEST(HugePagesTest, TheyAreAskedForLargeBlocksUntilTheProgramSaysOtherwise) {
  if (!std::filesystem::exists("/sys/kernel/mm/transparent_hugepage")) {
    GTEST_SKIP() << "this kernel has no transparent huge pages";
  }
  AskForHugePages();
  const LargeVector<std::uint64_t> numbers(3'000'000);
  EXPECT_TRUE(HugePagesAreWantedAt(numbers.data()));
  EXPECT_TRUE(HugePagesAreWantedAt(&numbers.back()));

  SetLargeBlockAdvice(nullptr);
  AskForHugePages();
  const LargeVector<std::uint64_t> others(6'000'000);
  EXPECT_FALSE(HugePagesAreWantedAt(others.data()));
}

}  // namespace
}  // namespace rewardpool::native
