#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cli/exit_code.h"
#include "cli/line_writer.h"
#include "cli/options.h"
#include "cli/pool_writer.h"
#include "cli/progress_bar.h"
#include "cli/stop_signals.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "rewardpool/native/config.h"
#include "rewardpool/record_json.h"
#include "rewardpool/rewardpool.h"

namespace rewardpool::cli {
namespace {

struct DrawOptions {
  std::string config;
  std::string dir;
  std::uint64_t count = 1;
  std::uint64_t batch = 1024;
  std::string key;
  bool json = false;
};

// INTERFACE: where acknowledged draws are told.
class DrawReport {
 public:
  virtual ~DrawReport() = default;
  virtual void Drawn(RequestId request_id, std::string_view item_id) = 0;
  virtual void Exhausted(RequestId request_id) = 0;
  // A batch is complete; after the last one comes Finish(). A status that is
  // not ok says that nothing more can be told.
  [[nodiscard]] virtual Status EndBatch() = 0;
  [[nodiscard]] virtual Status Finish() = 0;
};

// A line for each draw, at once.
class JsonReport final : public DrawReport {
 public:
  void Drawn(RequestId request_id, std::string_view item_id) override {
    Begin(request_id);
    out_.buffer() += ",\"item_id\":";
    AppendJsonString(item_id, out_.buffer());
    out_.buffer() += "}\n";
  }
  void Exhausted(RequestId request_id) override {
    Begin(request_id);
    out_.buffer() += ",\"error\":\"exhausted\"}\n";
  }
  Status EndBatch() override { return out_.Flush(); }
  Status Finish() override { return out_.Flush(); }

 private:
  void Begin(RequestId request_id) {
    out_.buffer() += "{\"request_id\":";
    out_.buffer() += std::to_string(request_id);
  }

  LineWriter out_{STDOUT_FILENO};
};

// A table at the end: of the draws if they are few, else of the items.
class TextReport final : public DrawReport {
 public:
  void Drawn(RequestId request_id, std::string_view item_id) override {
    ++draws_;
    ++drawn_[std::string(item_id)];
    if (draws_ <= kDrawsListedMax) listed_.AddRow({Grouped(request_id), ShownId(item_id)});
  }
  void Exhausted(RequestId request_id) override {
    ++draws_;
    ++exhausted_;
    if (draws_ <= kDrawsListedMax) listed_.AddRow({Grouped(request_id), "(exhausted)"});
  }
  Status EndBatch() override { return Status::Ok(); }
  Status Finish() override {
    LineWriter out(STDOUT_FILENO);
    if (draws_ <= kDrawsListedMax) {
      listed_.AppendTo(out.buffer());
    } else {
      AppendSummary(out.buffer());
    }
    if (exhausted_ != 0) {
      PrintError("exhausted: " + Grouped(exhausted_) + " of " + Grouped(draws_) +
                 " draws found no item with both weight and stock");
    }
    return out.Flush();
  }

 private:
  static constexpr std::uint64_t kDrawsListedMax = 20;

  void AppendSummary(std::string& out) const {
    std::vector<std::pair<std::string, std::uint64_t>> items(drawn_.begin(), drawn_.end());
    std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    TextTable table({{"item", TextTable::Align::kLeft}, {"drawn"}, {"share"}});
    for (const auto& [id, count] : items) {
      table.AddRow({ShownId(id), Grouped(count), Percent(count, draws_)});
    }
    if (exhausted_ != 0) {
      table.AddRow({"(exhausted)", Grouped(exhausted_), Percent(exhausted_, draws_)});
    }
    table.AppendTo(out);
  }

  std::uint64_t draws_ = 0;
  std::uint64_t exhausted_ = 0;
  std::unordered_map<std::string, std::uint64_t> drawn_;
  TextTable listed_{{{"request"}, {"item", TextTable::Align::kLeft}}};
};

// Why a draw was not made, when all that is known is its code.
Status FailureOf(const Pool& pool, StatusCode code) {
  if (code == StatusCode::kOutcomeUnknown && !pool.Failure().ok()) return pool.Failure();
  if (code == StatusCode::kFull) return {code, "there is no room left for the log"};
  return {code, std::string(StatusCodeName(code))};
}

// Draws one by one, `batch` in flight, until `count` is reached or a signal
// comes, and tells the report of each draw that is acknowledged.
//
// Returns: kExhausted if a draw was refused, or the first error.
Status DrawEach(const Pool& pool, Producer& producer, std::uint64_t count, DrawReport& report) {
  ProgressBar progress(count);
  std::vector<DrawResult> results(producer.window());
  std::uint64_t submitted = 0;
  std::uint64_t answered = 0;
  Status outcome;
  const auto may_go_on = [&] {
    return StopSignal() == 0 && (outcome.ok() || outcome.code() == StatusCode::kExhausted);
  };
  while (answered < submitted || (submitted < count && may_go_on())) {
    if (may_go_on()) {
      const auto room = producer.window() - producer.in_flight();
      submitted += producer.Submit(
          static_cast<std::size_t>(std::min<std::uint64_t>(count - submitted, room)));
    }
    const std::size_t taken = producer.Wait(results);
    answered += taken;
    for (std::size_t i = 0; i < taken; ++i) {
      const DrawResult& result = results[i];
      if (result.ok()) {
        report.Drawn(result.request_id, producer.ItemId(result.item));
      } else if (result.code == StatusCode::kExhausted) {
        report.Exhausted(result.request_id);
        if (outcome.ok()) outcome = {StatusCode::kExhausted, "exhausted"};
      } else if (may_go_on()) {
        outcome = FailureOf(pool, result.code);
      }
    }
    if (const Status told = report.EndBatch(); !told.ok() && may_go_on()) outcome = told;
    progress.Update(answered);
  }
  return outcome;
}

// One request for `count` items that gives the same outcome each time.
Status DrawByKey(Pool& pool, const DrawOptions& options, DrawReport& report) {
  if (options.count > kDrawsPerRecordMax) {
    return {StatusCode::kInvalidArgument,
            "one request draws at most " + std::to_string(kDrawsPerRecordMax) + " items"};
  }
  const Result<DrawOutcome> drawn = pool.Draw(DrawRequest{
      .count = static_cast<std::uint32_t>(options.count), .key = options.key, .user = ""});
  if (!drawn.ok()) return drawn.status();
  if (drawn->item_ids.empty()) {
    report.Exhausted(drawn->request_id);
    return {StatusCode::kExhausted, "exhausted"};
  }
  for (const std::string& id : drawn->item_ids) report.Drawn(drawn->request_id, id);
  return Status::Ok();
}

Status DrawAll(Pool& pool, const DrawOptions& options, DrawReport& report) {
  if (!options.key.empty()) return DrawByKey(pool, options, report);
  const auto window = static_cast<std::size_t>(std::min(options.batch, options.count));
  Result<Producer> producer = pool.NewProducer(window);
  if (!producer.ok()) return producer.status();
  return DrawEach(pool, *producer, options.count, report);
}

int RunDraw(const DrawOptions& options) {
  PoolOptions pool_options;
  if (!options.config.empty()) {
    Result<PoolOptions> config = native::LoadConfig(options.config);
    if (!config.ok()) return Fail(config.status());
    pool_options = *std::move(config);
  }
  if (!options.dir.empty()) pool_options.dir = options.dir;
  if (pool_options.dir.empty() && pool_options.storage != StorageKind::kMemory) {
    return FailUsage("no folder for the pool: give --dir, or working_dir in " + options.config);
  }

  CatchStopSignals();
  Result<Pool> pool = OpenForDrawing(pool_options);
  if (!pool.ok()) return Fail(pool.status());
  std::unique_ptr<DrawReport> report;
  if (options.json) {
    report = std::make_unique<JsonReport>();
  } else {
    report = std::make_unique<TextReport>();
  }
  const Status drawn = DrawAll(*pool, options, *report);
  const Status told = report->Finish();
  const Status closed = pool->Close();

  // An exhausted pool has been reported, draw by draw.
  const bool is_exhausted = drawn.code() == StatusCode::kExhausted;
  if (!drawn.ok() && !is_exhausted) return Fail(drawn);
  if (!told.ok()) return Fail(told);
  if (!closed.ok()) return Fail(closed);
  if (StopSignal() != 0) return kExitSignal + StopSignal();
  return is_exhausted ? kExitRefused : kExitOk;
}

}  // namespace

void AddDrawVerb(CLI::App& app, Run& run) {
  auto options = std::make_shared<DrawOptions>();
  CLI::App& verb = *app.add_subcommand("draw", "Draw items, and make the pool if there is none");
  CLI::Option* const config =
      verb.add_option("--config", options->config, "Configuration: items, folder, log")
          ->type_name("F");
  verb.add_option("--dir", options->dir, "Folder of the pool, in place of the configured one")
      ->type_name("D");
  AddNumber(verb, "--count", options->count, 1, kWeightMax, "How many items; default 1");
  CLI::Option* const batch =
      AddNumber(verb, "--batch", options->batch, 1, kWindowMax,
                "Draws that may wait together for the disk; 1 draws one after the other; "
                "default 1024");
  verb.add_option_function<std::string>(
          "--key",
          [options](const std::string& key) {
            if (key.empty()) throw CLI::ValidationError("--key", "must not be empty");
            options->key = key;
          },
          "Draw --count items as one request, all or nothing; the same key gives the same items "
          "again")
      ->type_name("K")
      ->excludes(batch);
  AddJson(verb, options->json, "Print a JSON object a line for each draw, once it is durable");
  verb.footer(
      "A pool that exists keeps its own items, whatever the configuration says.\n"
      "Examples:\n"
      "  rewardpool draw --config samples/pool.yaml\n"
      "  rewardpool draw --config samples/pool.yaml --count 1000000\n"
      "  rewardpool draw --config samples/pool.yaml --dir /tmp/pool --count 10 --json\n"
      "  rewardpool draw --dir /tmp/pool --key order-4711 --count 3 --json");
  verb.callback([options, config, &run] {
    if (config->empty() && options->dir.empty()) {
      throw CLI::RequiredError("--config or --dir");
    }
    run = [options] { return RunDraw(*options); };
  });
}

}  // namespace rewardpool::cli
