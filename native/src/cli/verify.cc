#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "cli/archive_file.h"
#include "cli/exit_code.h"
#include "cli/line_writer.h"
#include "cli/options.h"
#include "cli/pool_reader.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "rewardpool/record_json.h"

namespace rewardpool::cli {
namespace {

struct VerifyOptions {
  std::string dir;
  std::string file;
  bool json = false;
};

std::string ToJson(const VerifyReport& report) {
  std::string out = "{\"ok\":true";
  out += ",\"last_request_id\":" + std::to_string(report.last_request_id);
  out += ",\"log_starts_after\":" + std::to_string(report.log_starts_after);
  out += ",\"segments\":" + std::to_string(report.segments);
  out += ",\"frames\":" + std::to_string(report.frames);
  out += ",\"records\":" + std::to_string(report.records);
  out += ",\"snapshots\":" + std::to_string(report.snapshots);
  out += ",\"snapshots_compared\":" + std::to_string(report.snapshots_compared);
  out += ",\"notes\":[";
  for (std::size_t i = 0; i < report.notes.size(); ++i) {
    if (i != 0) out += ',';
    AppendJsonString(report.notes[i], out);
  }
  out += "]}\n";
  return out;
}

std::string ToJson(const Status& problem) {
  std::string out = "{\"ok\":false,\"error\":";
  AppendJsonString(StatusCodeName(problem.code()), out);
  out += ",\"message\":";
  AppendJsonString(problem.message(), out);
  out += "}\n";
  return out;
}

std::string ToText(const VerifyReport& report) {
  std::string out = "good: " + Grouped(report.last_request_id) + " requests\n";
  out += "  log        " + Grouped(report.segments) + " files, " + Grouped(report.frames) +
         " frames, " + Grouped(report.records) + " records; ";
  out += report.log_starts_after == 0
             ? "whole\n"
             : "starts after request " + Grouped(report.log_starts_after) + "\n";
  out += "  snapshots  ";
  out += report.snapshots == 0
             ? "none\n"
             : Grouped(report.snapshots) + " good, " + Grouped(report.snapshots_compared) +
                   " compared with a replay of the log\n";
  for (const std::string& note : report.notes) out += "  note       " + note + "\n";
  return out;
}

Result<VerifyReport> Verify(const VerifyOptions& options) {
  if (options.file.empty()) {
    PoolReader reader(options.dir);
    return ReadBesideWriter([&] { return reader.Verify(); });
  }
  Result<ArchivedPool> pool = ReadArchive(options.file);
  if (!pool.ok()) return pool.status();
  return std::move(pool->report);
}

int RunVerify(const VerifyOptions& options) {
  if (options.dir.empty() == options.file.empty()) {
    return FailUsage(options.dir.empty()
                         ? "--dir or FILE is required (see rewardpool verify --help)"
                         : "--dir excludes FILE: give one of them");
  }
  if (IsFolder(options.file)) {
    return FailUsage(options.file + " is a folder; the pool in it is verified by --dir " +
                     options.file);
  }
  const Result<VerifyReport> report = Verify(options);
  LineWriter out(STDOUT_FILENO);
  if (options.json) {
    out.buffer() = report.ok() ? ToJson(*report) : ToJson(report.status());
  } else if (report.ok()) {
    out.buffer() = ToText(*report);
  }
  const Status written = out.Flush();
  if (!report.ok()) return Fail(report.status());
  return written.ok() ? kExitOk : Fail(written);
}

}  // namespace

void AddVerifyVerb(CLI::App& app, Run& run) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App& verb = *app.add_subcommand(
      "verify", "Check every checksum of a pool, and that its log leads to its snapshots");
  verb.add_option("FILE", options->file, "Archive of a pool, in place of a folder")->type_name("");
  AddFolder(verb, options->dir)->required(false);
  AddJson(verb, options->json, "Print one JSON object");
  verb.footer(
      "Reads only, and may run while another process draws. Damage is named by file, offset\n"
      "and record, and gives exit code 1.\n"
      "Examples:\n"
      "  rewardpool verify --dir pool-data\n"
      "  rewardpool verify pool.tar");
  verb.callback([options, &run] { run = [options] { return RunVerify(*options); }; });
}

}  // namespace rewardpool::cli
