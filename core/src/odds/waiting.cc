#include <algorithm>
#include <cmath>
#include <limits>

#include "odds/discrete.h"
#include "odds/quadrature.h"
#include "odds/solver.h"

// The j-th unit of an item comes at a moment T that is a Gamma variable of shape
// j and the item's rate. By then each other item has had the number of its rings,
// stopped at its quantity. So the draws until then are, on average,
//   j + E (the sum over the other items of E min(Poisson(rate T), quantity)).
// The sum over all items is one smooth function of time for all of them, so it is
// worked out once, at nodes, and the item's own part is taken off.

namespace rewardpool::internal {
namespace {

constexpr int kNodes = 16;
// Of the function between the nodes, relative.
constexpr double kPrecision = 1e-12;
// Of an integral.
constexpr double kNegligible = 1e-17;

// Mean draws by a moment, all clocks together, over log time, in panels.
class MeanDraws {
 public:
  MeanDraws(const ItemClasses& items, double begin, double end);

  // E mean draws by T, Gamma with this shape and rate.
  [[nodiscard]] double AtGamma(std::uint64_t shape, double rate) const;

 private:
  struct Panel {
    double begin = 0;
    double end = 0;
    std::vector<double> values;  // at the rule's nodes; mean draws over time
  };

  // Mean draws by then, over the time.
  [[nodiscard]] double Exactly(double moment) const;
  [[nodiscard]] Panel MakePanel(double begin, double end) const;
  [[nodiscard]] double Interpolate(const Panel& panel, double moment) const;
  void Cover(const Panel& panel, int depth);

  const ItemClasses& items_;
  const GaussRule rule_{kNodes};
  std::vector<double> barycentric_;
  std::vector<Panel> panels_;
};

MeanDraws::MeanDraws(const ItemClasses& items, double begin, double end) : items_(items) {
  // Weights of the interpolation formula for Gauss's nodes (Wang and Xiang, 2012).
  double sign = 1;
  for (int i = 0; i < kNodes; ++i) {
    const auto n = static_cast<std::size_t>(i);
    const double x = rule_.nodes[n];
    barycentric_.push_back(sign * std::sqrt((1 - x * x) * rule_.weights[n]));
    sign = -sign;
  }
  constexpr double kPanelMax = 2;
  const auto count = static_cast<int>(std::ceil((end - begin) / kPanelMax));
  const double width = (end - begin) / count;
  for (int i = 0; i < count; ++i) Cover(MakePanel(begin + i * width, begin + (i + 1) * width), 0);
}

double MeanDraws::Exactly(double moment) const {
  const double time = std::exp(moment);
  double mean = 0;
  for (const ItemClass& item : items_.classes()) {
    mean += static_cast<double>(item.copies) * PoissonStopped(item.rate * time, item.quantity);
  }
  return mean / time;
}

MeanDraws::Panel MeanDraws::MakePanel(double begin, double end) const {
  Panel panel{begin, end, {}};
  for (const double node : rule_.nodes) {
    panel.values.push_back(Exactly((begin + end) / 2 + (end - begin) / 2 * node));
  }
  return panel;
}

double MeanDraws::Interpolate(const Panel& panel, double moment) const {
  const double x = (2 * moment - panel.begin - panel.end) / (panel.end - panel.begin);
  double above = 0;
  double below = 0;
  for (std::size_t i = 0; i < panel.values.size(); ++i) {
    const double distance = x - rule_.nodes[i];
    if (distance == 0) return panel.values[i];
    const double part = barycentric_[i] / distance;
    above += part * panel.values[i];
    below += part;
  }
  return above / below;
}

// Halves a panel until the interpolation foretells what its halves have.
void MeanDraws::Cover(const Panel& panel, int depth) {
  constexpr int kDepthMax = 24;
  const double middle = (panel.begin + panel.end) / 2;
  const Panel halves[] = {MakePanel(panel.begin, middle), MakePanel(middle, panel.end)};
  double error = 0;
  double scale = 0;
  for (const Panel& half : halves) {
    for (std::size_t i = 0; i < half.values.size(); ++i) {
      const double moment =
          (half.begin + half.end) / 2 + (half.end - half.begin) / 2 * rule_.nodes[i];
      error = std::max(error, std::abs(Interpolate(panel, moment) - half.values[i]));
      scale = std::max(scale, half.values[i]);
    }
  }
  if (error <= kPrecision * scale || depth == kDepthMax) {
    panels_.push_back(panel);
    return;
  }
  for (const Panel& half : halves) Cover(half, depth + 1);
}

double MeanDraws::AtGamma(std::uint64_t shape, double rate) const {
  // In log time, with x = rate e^moment, the density is x^shape e^-x / (shape-1)!,
  // which is shape times a Poisson term. Draws over time times time: one x more.
  const auto order = static_cast<double>(shape);
  // About four of these between the nodes' panels are safe.
  const double deviation = 1 / std::sqrt(order + 1);
  double sum = 0;
  for (const Panel& panel : panels_) {
    const double low = rate * std::exp(panel.begin);
    const double high = rate * std::exp(panel.end);
    const double nearest = std::clamp(order + 1, low, high);
    if ((order + 1) * PoissonTerm(shape + 1, nearest) < kNegligible) continue;
    const auto parts =
        std::max(1, static_cast<int>(std::ceil((panel.end - panel.begin) / (4 * deviation))));
    const double width = (panel.end - panel.begin) / parts;
    for (int part = 0; part < parts; ++part) {
      const double begin = panel.begin + part * width;
      for (std::size_t i = 0; i < rule_.nodes.size(); ++i) {
        const double moment = begin + width / 2 * (1 + rule_.nodes[i]);
        const double mean = rate * std::exp(moment);
        // x^(shape+1) e^-x / (shape-1)! = shape (shape+1) P(Poisson(x) = shape+1).
        const double density = order * (order + 1) * PoissonTerm(shape + 1, mean);
        const double draws = parts == 1 ? panel.values[i] : Interpolate(panel, moment);
        sum += width / 2 * rule_.weights[i] * density * draws;
      }
    }
  }
  return sum / rate;
}

// E min(N, quantity) for N the rings of another clock of the same rate by the
// moment of this one's first ring, or of its last.
double TwinUntilFirst(std::uint64_t quantity) noexcept {
  return quantity >= 1024 ? 1 : 1 - std::exp2(-static_cast<double>(quantity));
}
double TwinUntilLast(std::uint64_t quantity) noexcept {
  return static_cast<double>(quantity) * (1 - BinomialTerm(quantity, 2 * quantity, 0.5));
}

}  // namespace

std::vector<WaitingDraws> SolveWaiting(const ItemClasses& items) {
  std::vector<WaitingDraws> waiting;
  if (items.classes().empty()) return waiting;
  // Every Gamma variable that is asked about lies between these.
  double begin = std::numeric_limits<double>::infinity();
  double end = -begin;
  for (const ItemClass& item : items.classes()) {
    constexpr double kFirstBegin = 1e-12;
    constexpr double kFirstEnd = 50;
    begin = std::min(begin, std::log(kFirstBegin / item.rate));
    end = std::max(end, std::log(kFirstEnd / item.rate));
    if (item.quantity == kWithoutEnd) continue;
    const auto quantity = static_cast<double>(item.quantity);
    end = std::max(end, std::log((quantity + 10 * std::sqrt(quantity) + kFirstEnd) / item.rate));
  }
  const MeanDraws draws(items, begin, end);
  for (const ItemClass& item : items.classes()) {
    WaitingDraws wait;
    wait.until_first = 1 + draws.AtGamma(1, item.rate) - TwinUntilFirst(item.quantity);
    if (item.quantity == 1) {
      wait.until_gone = wait.until_first;
    } else if (item.quantity != kWithoutEnd) {
      const auto quantity = static_cast<double>(item.quantity);
      wait.until_gone =
          quantity + draws.AtGamma(item.quantity, item.rate) - TwinUntilLast(item.quantity);
    }
    waiting.push_back(wait);
  }
  return waiting;
}

}  // namespace rewardpool::internal
