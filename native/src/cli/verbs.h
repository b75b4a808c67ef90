// verbs.h - the verbs of the command, one function each: it declares the verb
// with its options and help, and sets `run` to what it does when it is chosen.
// What `run` returns is the exit code (exit_code.h).
#ifndef REWARDPOOL_NATIVE_SRC_CLI_VERBS_H_
#define REWARDPOOL_NATIVE_SRC_CLI_VERBS_H_

#include <CLI/CLI.hpp>
#include <functional>

namespace rewardpool::cli {

using Run = std::function<int()>;

void AddDrawVerb(CLI::App& app, Run& run);
void AddStateVerb(CLI::App& app, Run& run);
void AddUpdateVerb(CLI::App& app, Run& run);
void AddAddVerb(CLI::App& app, Run& run);
void AddRemoveVerb(CLI::App& app, Run& run);
void AddLogVerb(CLI::App& app, Run& run);
void AddVerifyVerb(CLI::App& app, Run& run);
void AddSnapshotVerb(CLI::App& app, Run& run);
void AddExportVerb(CLI::App& app, Run& run);
void AddImportVerb(CLI::App& app, Run& run);
void AddOddsVerb(CLI::App& app, Run& run);
void AddFairnessVerb(CLI::App& app, Run& run);
void AddSimulateVerb(CLI::App& app, Run& run);

}  // namespace rewardpool::cli

#endif  // REWARDPOOL_NATIVE_SRC_CLI_VERBS_H_
