// The verbs that make one file of a pool, and a pool of it: export and import.
#include <unistd.h>

#include <memory>
#include <string>

#include "cli/archive_file.h"
#include "cli/exit_code.h"
#include "cli/line_writer.h"
#include "cli/options.h"
#include "cli/pool_reader.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "rewardpool/native/folder_lock.h"
#include "rewardpool/native/pool_import.h"
#include "rewardpool/pool_archive.h"
#include "rewardpool/record_json.h"

namespace rewardpool::cli {
namespace {

struct ArchiveOptions {
  std::string dir;
  std::string file;
  bool force = false;
  bool json = false;
};

std::string ToJson(const MemoryDisk& files, const VerifyReport& report, std::uint64_t bytes) {
  std::string out = "{\"last_request_id\":" + std::to_string(report.last_request_id);
  out += ",\"log_starts_after\":" + std::to_string(report.log_starts_after);
  out += ",\"segments\":" + std::to_string(files.segments.size());
  out += ",\"snapshots\":" + std::to_string(files.snapshots.size());
  out += ",\"bytes\":" + std::to_string(bytes) + "}\n";
  return out;
}

// "exported 1,000 requests to pool.tar: 3 log files, 1 snapshot, 6,144 bytes"
std::string ToText(const std::string& done, const MemoryDisk& files, const VerifyReport& report,
                   std::uint64_t bytes) {
  const auto counted = [](std::uint64_t count, const std::string& what) {
    return Grouped(count) + " " + what + (count == 1 ? "" : "s");
  };
  return done + ": " + counted(report.last_request_id, "request") + ", " +
         counted(files.segments.size(), "log file") + ", " +
         counted(files.snapshots.size(), "snapshot") + ", " + counted(bytes, "byte") + "\n";
}

int Print(const std::string& text) {
  LineWriter out(STDOUT_FILENO);
  out.buffer() = text;
  const Status written = out.Flush();
  return written.ok() ? kExitOk : Fail(written);
}

Result<CollectedPool> Collect(const std::string& folder) {
  PoolReader reader(folder);
  return ReadBesideWriter([&] { return reader.Collect(); });
}

int RunExport(const ArchiveOptions& options) {
  // Before the work, so that it is not in vain.
  if (const Status target = CheckTarget(options.file, options.force); !target.ok()) {
    return Fail(target);
  }
  const Result<CollectedPool> pool = Collect(options.dir);
  if (!pool.ok()) return Fail(pool.status());
  for (const std::string& note : pool->report.notes) PrintNote(note);
  const Result<ByteBuffer> archive = EncodePoolArchive(pool->files);
  if (!archive.ok()) return Fail(archive.status());
  const Status written = WriteArchive(options.file, archive->bytes(), options.force);
  if (!written.ok()) return Fail(written);
  return Print(options.json ? ToJson(pool->files, pool->report, archive->size())
                            : ToText("exported to " + options.file, pool->files, pool->report,
                                     archive->size()));
}

int RunImport(const ArchiveOptions& options) {
  if (IsFolder(options.file)) {
    return FailUsage(options.file + " is a folder; import takes a file that export has written");
  }
  // All of it is verified before anything is made.
  const Result<ArchivedPool> pool = ReadArchive(options.file);
  if (!pool.ok()) return Fail(pool.status());
  const Result<native::FolderLock> lock =
      native::FolderLock::Acquire(options.dir, native::IfMissing::kCreate);
  if (!lock.ok()) return Fail(lock.status());
  const Status imported = native::ImportPool(*pool->files, options.dir);
  if (!imported.ok()) return Fail(imported);
  return Print(options.json
                   ? ToJson(*pool->files, pool->report, pool->bytes)
                   : ToText("imported to " + options.dir, *pool->files, pool->report, pool->bytes));
}

void AddFile(CLI::App& verb, std::string& target, const std::string& help) {
  verb.add_option("FILE", target, help)->type_name("")->required();
}

}  // namespace

void AddExportVerb(CLI::App& app, Run& run) {
  auto options = std::make_shared<ArchiveOptions>();
  CLI::App& verb =
      *app.add_subcommand("export", "Write a pool to one file, to keep or to open elsewhere");
  AddFile(verb, options->file, "Archive to write");
  AddFolder(verb, options->dir);
  verb.add_flag("--force", options->force, "Overwrite FILE if it exists");
  AddJson(verb, options->json, "Print one JSON object");
  verb.footer(
      "Verifies the pool, and may run while another process draws: the file then holds\n"
      "all that was answered before. It is a tar archive with checksums, and complete as\n"
      "soon as it has its name.\n"
      "Examples:\n"
      "  rewardpool export --dir pool-data pool.tar\n"
      "  rewardpool verify pool.tar");
  verb.callback([options, &run] { run = [options] { return RunExport(*options); }; });
}

void AddImportVerb(CLI::App& app, Run& run) {
  auto options = std::make_shared<ArchiveOptions>();
  CLI::App& verb = *app.add_subcommand("import", "Make a pool of a file that export has written");
  AddFile(verb, options->file, "Archive to read");
  AddFolder(verb, options->dir);
  AddJson(verb, options->json, "Print one JSON object");
  verb.footer(
      "Verifies all of the file before it writes anything, and never touches a pool that is\n"
      "there already. The folder is made if it is missing. An import that was killed may be\n"
      "repeated. Do not draw from the pool in two places: nothing brings them together again.\n"
      "Example:\n"
      "  rewardpool import pool.tar --dir pool-data");
  verb.callback([options, &run] { run = [options] { return RunImport(*options); }; });
}

}  // namespace rewardpool::cli
