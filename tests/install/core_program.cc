// A program of another project that uses the portable core alone.
#include <rewardpool/random.h>
#include <rewardpool/selector.h>

#include <cstdio>
#include <memory>
#include <vector>

int main() {
  auto selector = rewardpool::MakeSelector("auto");
  if (!selector.ok()) return 1;
  (*selector)->Assign(std::vector<rewardpool::Weight>{1, 0, 3});
  const std::unique_ptr<rewardpool::Random> random = rewardpool::MakeXoshiroRandom(7);
  for (int draw = 0; draw < 100; ++draw) {
    if ((*selector)->Select(*random) == 1) return 1;  // its weight is 0
  }
  std::puts("core works");
  return 0;
}
