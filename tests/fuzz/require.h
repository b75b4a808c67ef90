// require.h - an assertion that fuzzers keep in every build.
#ifndef REWARDPOOL_TESTS_FUZZ_REQUIRE_H_
#define REWARDPOOL_TESTS_FUZZ_REQUIRE_H_

#include <cstdio>
#include <cstdlib>

namespace rewardpool::tests {

// Stops the fuzzer with a crash that it reports, unless `condition` holds.
inline void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

}  // namespace rewardpool::tests

#endif  // REWARDPOOL_TESTS_FUZZ_REQUIRE_H_
