// The verbs that open a pool for one change: update, add, remove, snapshot.
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/exit_code.h"
#include "cli/line_writer.h"
#include "cli/options.h"
#include "cli/pool_writer.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "rewardpool/rewardpool.h"

namespace rewardpool::cli {
namespace {

struct ChangeOptions {
  std::string dir;
  std::string id;
  std::optional<Weight> weight;
  std::optional<Quantity> quantity;
  bool json = false;
};

// Opens the pool, makes the change, closes, and only then says that it is made.
//
// Inputs: name: what a script calls the returned request id. done: for people.
int RunChange(const ChangeOptions& options, const std::function<Result<RequestId>(Pool&)>& change,
              const std::string& name, const std::string& done) {
  Result<Pool> pool = OpenForChange(options.dir);
  if (!pool.ok()) return Fail(pool.status());
  const Result<RequestId> request_id = change(*pool);
  const Status closed = pool->Close();
  if (!request_id.ok()) return Fail(request_id.status());
  if (!closed.ok()) return Fail(closed);
  LineWriter out(STDOUT_FILENO);
  out.buffer() = options.json ? "{\"" + name + "\":" + std::to_string(*request_id) + "}\n"
                              : done + " (request " + Grouped(*request_id) + ")\n";
  const Status written = out.Flush();
  return written.ok() ? kExitOk : Fail(written);
}

int RunUpdate(const ChangeOptions& options) {
  if (!options.weight && !options.quantity) {
    return FailUsage("nothing to update: give --quantity, --weight or both");
  }
  return RunChange(
      options,
      [&](Pool& pool) {
        return pool.UpdateItem(options.id,
                               {.weight = options.weight, .quantity = options.quantity});
      },
      "request_id", "updated " + ShownId(options.id));
}

int RunAdd(const ChangeOptions& options) {
  return RunChange(
      options,
      [&](Pool& pool) {
        return pool.AddItem(
            {.id = options.id, .weight = *options.weight, .quantity = *options.quantity});
      },
      "request_id", "added " + ShownId(options.id));
}

int RunRemove(const ChangeOptions& options) {
  return RunChange(
      options, [&](Pool& pool) { return pool.RemoveItem(options.id); }, "request_id",
      "removed " + ShownId(options.id));
}

int RunSnapshot(const ChangeOptions& options) {
  return RunChange(
      options, [](Pool& pool) { return pool.Snapshot(); }, "snapshot", "took a snapshot");
}

// What these verbs have in common.
CLI::App& AddVerb(CLI::App& app, const std::string& name, const std::string& help,
                  const std::string& examples, const std::shared_ptr<ChangeOptions>& options,
                  int (*action)(const ChangeOptions&), Run& run) {
  CLI::App& verb = *app.add_subcommand(name, help);
  AddFolder(verb, options->dir);
  AddJson(verb, options->json, "Print one JSON object");
  verb.footer(examples);
  verb.callback([options, action, &run] { run = [options, action] { return action(*options); }; });
  return verb;
}

void AddItemArgument(CLI::App& verb, std::string& target) {
  verb.add_option("ITEM", target, "Id of the item")->type_name("")->required();
}

}  // namespace

void AddUpdateVerb(CLI::App& app, Run& run) {
  auto options = std::make_shared<ChangeOptions>();
  CLI::App& verb = AddVerb(app, "update", "Change an item's stock, weight or both",
                           "Examples:\n"
                           "  rewardpool update gold --dir pool-data --quantity 500\n"
                           "  rewardpool update gold --dir pool-data --quantity unlimited\n"
                           "  rewardpool update gold --dir pool-data --weight 3",
                           options, &RunUpdate, run);
  AddItemArgument(verb, options->id);
  AddQuantity(verb, options->quantity);
  AddWeight(verb, options->weight);
}

void AddAddVerb(CLI::App& app, Run& run) {
  auto options = std::make_shared<ChangeOptions>();
  CLI::App& verb = AddVerb(app, "add", "Add an item",
                           "Example:\n"
                           "  rewardpool add platinum --dir pool-data --quantity 10 --weight 1",
                           options, &RunAdd, run);
  AddItemArgument(verb, options->id);
  AddQuantity(verb, options->quantity)->required();
  AddWeight(verb, options->weight)->required();
}

void AddRemoveVerb(CLI::App& app, Run& run) {
  auto options = std::make_shared<ChangeOptions>();
  CLI::App& verb = AddVerb(app, "remove", "Take an item out of the pool",
                           "Example:\n"
                           "  rewardpool remove sticker --dir pool-data",
                           options, &RunRemove, run);
  AddItemArgument(verb, options->id);
}

void AddSnapshotVerb(CLI::App& app, Run& run) {
  auto options = std::make_shared<ChangeOptions>();
  AddVerb(app, "snapshot",
          "Write the state to a snapshot, and drop the log files that this makes unnecessary",
          "Example:\n"
          "  rewardpool snapshot --dir pool-data",
          options, &RunSnapshot, run);
}

}  // namespace rewardpool::cli
