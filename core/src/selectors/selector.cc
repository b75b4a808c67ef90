#include "rewardpool/selector.h"

#include <algorithm>
#include <array>
#include <string>

#include "selectors/auto_selector.h"
#include "selectors/envelope.h"
#include "selectors/fenwick.h"
#include "selectors/flat.h"
#include "selectors/linear.h"
#include "selectors/prefix_sum.h"
#include "selectors/wide.h"

namespace rewardpool {
namespace {

template <typename Implementation>
std::unique_ptr<Selector> Make(std::string_view /*name*/) {
  return std::make_unique<Implementation>();
}

constexpr std::array<std::string_view, 7> kNames = {"linear", "prefix-sum", "fenwick", "flat",
                                                    "wide",   "envelope",   "auto"};
using Maker = std::unique_ptr<Selector> (*)(std::string_view name);

#ifdef __wasm_simd128__
// The picks of the first five are the same, the tree is the quickest of them, and a page
// loads less if it is the only one.
std::unique_ptr<Selector> MakeWide(std::string_view name) {
  return std::make_unique<internal::WideSelector>(name);
}
constexpr std::array<Maker, kNames.size()> kMakers = {&MakeWide,
                                                      &MakeWide,
                                                      &MakeWide,
                                                      &MakeWide,
                                                      &MakeWide,
                                                      &Make<internal::EnvelopeSelector>,
                                                      &Make<internal::AutoSelector>};
#else
constexpr std::array<Maker, kNames.size()> kMakers = {
    &Make<internal::LinearSelector>,  &Make<internal::PrefixSumSelector>,
    &Make<internal::FenwickSelector>, &Make<internal::FlatSelector>,
    &Make<internal::WideSelector>,    &Make<internal::EnvelopeSelector>,
    &Make<internal::AutoSelector>};
#endif

}  // namespace

Result<std::unique_ptr<Selector>> MakeSelector(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found != kNames.end()) {
    return kMakers[static_cast<std::size_t>(found - kNames.begin())](*found);
  }
  std::string message = "unknown selector " + Quoted(name) + "; known:";
  for (const std::string_view known : kNames) message.append(" ").append(known);
  return Status(StatusCode::kInvalidArgument, std::move(message));
}

std::span<const std::string_view> SelectorNames() noexcept { return kNames; }

}  // namespace rewardpool
