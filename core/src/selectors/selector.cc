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
std::unique_ptr<Selector> Make() {
  return std::make_unique<Implementation>();
}

constexpr std::array<std::string_view, 7> kNames = {"linear", "prefix-sum", "fenwick", "flat",
                                                    "wide",   "envelope",   "auto"};
constexpr std::array<std::unique_ptr<Selector> (*)(), kNames.size()> kMakers = {
    &Make<internal::LinearSelector>,  &Make<internal::PrefixSumSelector>,
    &Make<internal::FenwickSelector>, &Make<internal::FlatSelector>,
    &Make<internal::WideSelector>,    &Make<internal::EnvelopeSelector>,
    &Make<internal::AutoSelector>};

}  // namespace

Result<std::unique_ptr<Selector>> MakeSelector(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found != kNames.end()) return kMakers[static_cast<std::size_t>(found - kNames.begin())]();
  std::string message = "unknown selector " + Quoted(name) + "; known:";
  for (const std::string_view known : kNames) message.append(" ").append(known);
  return Status(StatusCode::kInvalidArgument, std::move(message));
}

std::span<const std::string_view> SelectorNames() noexcept { return kNames; }

}  // namespace rewardpool
