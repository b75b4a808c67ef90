#include "rewardpool/fairness.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "cli/exit_code.h"
#include "cli/line_writer.h"
#include "cli/options.h"
#include "cli/pool_reader.h"
#include "cli/real_number.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "rewardpool/record_json.h"

namespace rewardpool::cli {
namespace {

// Items listed for people; those farthest from what was expected.
constexpr std::size_t kItemsListedMax = 20;

struct FairnessVerbOptions {
  std::string dir;
  bool json = false;
};

std::string ToJson(const FairnessReport& report) {
  std::string out = report.is_fair() ? "{\"fair\":true" : "{\"fair\":false";
  out += ",\"draws\":" + std::to_string(report.draws);
  out += ",\"log_starts_after\":" + std::to_string(report.log_starts_after);
  out += ",\"significance\":" + JsonNumber(report.significance);
  out += ",\"tests\":[";
  for (const FairnessTest& test : report.tests) {
    out += &test == &report.tests.front() ? "{\"test\":" : ",{\"test\":";
    AppendJsonString(test.name, out);
    if (test.has_run) {
      out += ",\"statistic\":" + JsonNumber(test.statistic);
      out += ",\"degrees\":" + JsonNumber(test.degrees);
      out += ",\"p_value\":" + JsonNumber(test.p_value);
    }
    out += test.has_run ? ",\"ran\":true" : ",\"ran\":false";
    out += test.is_suspicious ? ",\"suspicious\":true}" : ",\"suspicious\":false}";
  }
  out += "],\"items\":[";
  for (const FairnessItem& item : report.items) {
    out += &item == &report.items.front() ? "{\"item_id\":" : ",{\"item_id\":";
    AppendJsonString(item.id, out);
    out += ",\"drawn\":" + std::to_string(item.drawn);
    out += ",\"expected\":" + JsonNumber(item.expected);
    out += ",\"deviations\":" + JsonNumber(item.deviations) + "}";
  }
  out += "]}\n";
  return out;
}

std::string Deviations(double deviations) {
  return (deviations < 0 ? "-" : "+") + Rounded(std::round(std::abs(deviations) * 100) / 100);
}

std::string ToText(FairnessReport report) {
  std::string out = report.is_fair() ? "fair" : "NOT FAIR";
  out += ", as far as " + Grouped(report.draws) + " draws tell";
  if (report.log_starts_after != 0) {
    out += " (those after request " + Grouped(report.log_starts_after) + ")";
  }
  out += "\n\n";
  TextTable tests({{"test", TextTable::Align::kLeft}, {"statistic"}, {"p-value"}, {"verdict"}});
  for (const FairnessTest& test : report.tests) {
    if (test.has_run) {
      tests.AddRow({std::string(test.name), Rounded(test.statistic), Rounded(test.p_value),
                    test.is_suspicious ? "suspicious" : "fine"});
    } else {
      tests.AddRow({std::string(test.name), "-", "-", "too few draws"});
    }
  }
  tests.AppendTo(out);
  out += "\nA fair log is called unfair with a chance of " + Rounded(report.significance) +
         " at most.\n\n";
  std::stable_sort(report.items.begin(), report.items.end(),
                   [](const FairnessItem& a, const FairnessItem& b) {
                     return std::abs(a.deviations) > std::abs(b.deviations);
                   });
  TextTable items(
      {{"item", TextTable::Align::kLeft}, {"drawn"}, {"expected"}, {"standard deviations off"}});
  for (std::size_t i = 0; i < std::min(report.items.size(), kItemsListedMax); ++i) {
    const FairnessItem& item = report.items[i];
    items.AddRow({ShownId(item.id), Grouped(item.drawn), Rounded(item.expected),
                  Deviations(item.deviations)});
  }
  items.AppendTo(out);
  if (report.items.size() > kItemsListedMax) {
    out += "and " + Grouped(report.items.size() - kItemsListedMax) + " items nearer to it\n";
  }
  return out;
}

int RunFairness(const FairnessVerbOptions& options) {
  PoolReader reader(options.dir);
  const Result<FairnessReport> report =
      ReadBesideWriter([&] { return reader.CheckFairness(FairnessOptions()); });
  if (!report.ok()) return Fail(report.status());
  LineWriter out(STDOUT_FILENO);
  out.buffer() = options.json ? ToJson(*report) : ToText(*report);
  if (const Status written = out.Flush(); !written.ok()) return Fail(written);
  return report->is_fair() ? kExitOk : kExitRefused;
}

}  // namespace

void AddFairnessVerb(CLI::App& app, Run& run) {
  auto options = std::make_shared<FairnessVerbOptions>();
  CLI::App& verb = *app.add_subcommand(
      "fairness", "Judge whether the draws in a pool's log follow the odds that it had");
  AddFolder(verb, options->dir);
  AddJson(verb, options->json, "Print one JSON object");
  verb.footer(
      "Each draw is judged by the odds at that moment, since stock runs out and catalogs\n"
      "change. A log that does not look fair gives exit code 1. Reads only, and may run while\n"
      "another process draws. What the tests are: see docs/odds.md.\n"
      "Examples:\n"
      "  rewardpool fairness --dir pool-data\n"
      "  rewardpool fairness --dir pool-data --json | jq '.tests[] | {test, p_value}'");
  verb.callback([options, &run] { run = [options] { return RunFairness(*options); }; });
}

}  // namespace rewardpool::cli
