// The command `rewardpool`. Each verb is in a file of its own; here they are
// put together, and whatever is wrong with a command line is said.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_code.h"
#include "cli/verbs.h"
#include "config/nearest_name.h"
#include "rewardpool/item.h"
#include "rewardpool/native/huge_pages.h"

namespace {

using rewardpool::cli::Run;

using rewardpool::Quoted;
using rewardpool::native::internal::Suggestion;

bool IsOption(const std::string& argument) { return argument.starts_with('-'); }

// What is wrong with the command line, with the nearest name that would do.
std::string Explain(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> before_verb = app.remaining();
  if (!before_verb.empty()) {
    const auto verb = std::find_if_not(before_verb.begin(), before_verb.end(), IsOption);
    if (verb == before_verb.end() || !app.get_subcommands().empty()) {
      return "option " + Quoted(before_verb.front()) + " must follow a verb that knows it";
    }
    std::vector<std::string_view> verbs;
    for (const CLI::App* known : app.get_subcommands({})) verbs.push_back(known->get_name());
    return "unknown verb " + Quoted(*verb) + Suggestion(*verb, verbs);
  }
  for (const CLI::App* verb : app.get_subcommands()) {
    const std::vector<std::string> extras = verb->remaining();
    if (extras.empty()) continue;
    // What follows an unknown option may be its value, and is not to blame.
    const auto option = std::find_if(extras.begin(), extras.end(), IsOption);
    if (option == extras.end()) return "unexpected argument " + Quoted(extras.front());
    // Suggestion() takes views, and get_name() makes strings.
    std::vector<std::string> names;
    for (const CLI::Option* known : verb->get_options()) {
      if (!known->get_positional()) names.push_back(known->get_name());
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    return "unknown option " + Quoted(*option) + Suggestion(*option, known);
  }
  return error.what();
}

int RunCommand(int argc, char** argv) {
  CLI::App app(
      "Draws prizes with exact odds, and tells nobody of a draw before it is safely logged.",
      "rewardpool");
  app.set_version_flag("--version", "rewardpool " RP_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 ok, 1 refused or found damaged, 2 wrong usage, 3 input or output failed.\n"
      "Help for a verb, with examples: rewardpool VERB --help");

  Run run;
  rewardpool::cli::AddDrawVerb(app, run);
  rewardpool::cli::AddStateVerb(app, run);
  rewardpool::cli::AddUpdateVerb(app, run);
  rewardpool::cli::AddAddVerb(app, run);
  rewardpool::cli::AddRemoveVerb(app, run);
  rewardpool::cli::AddLogVerb(app, run);
  rewardpool::cli::AddVerifyVerb(app, run);
  rewardpool::cli::AddSnapshotVerb(app, run);
  rewardpool::cli::AddExportVerb(app, run);
  rewardpool::cli::AddImportVerb(app, run);
  rewardpool::cli::AddOddsVerb(app, run);
  rewardpool::cli::AddFairnessVerb(app, run);
  rewardpool::cli::AddSimulateVerb(app, run);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    return rewardpool::cli::FailUsage(Explain(app, error) + " (see rewardpool --help)");
  }
  return run();
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that leaves early is noticed when writing, so that the pool is
  // closed in order all the same.
  std::signal(SIGPIPE, SIG_IGN);
  // A file that may grow no larger is a full disk to the storage.
  std::signal(SIGXFSZ, SIG_IGN);
  rewardpool::native::AskForHugePages();
  return RunCommand(argc, argv);
}
