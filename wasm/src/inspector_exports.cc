// inspector_exports.cc - what inspector.wasm exports: PoolFiles, through plain
// functions of numbers, and no logic.
//
// The contract is wasm/js/poolFiles.ts. The module holds one pool; who wants to
// look at another makes another instance. Functions that return a status leave
// what they are asked for in the output or, if they fail, the reason.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "pool_files.h"
#include "rewardpool/byte_buffer.h"
#include "rewardpool/record_json.h"

// The function is visible to JavaScript under this name.
#define RP_EXPORT(name) __attribute__((export_name(name)))

namespace rewardpool::wasm {
namespace {

struct Inspector {
  PoolFiles files;
  ByteBuffer archive;
  std::string text;
  // Of `archive`, `text` or `files`.
  std::span<const std::byte> output;
};

Inspector inspector;

int Fail(const Status& status) {
  inspector.text = status.message();
  inspector.output = std::as_bytes(std::span(inspector.text));
  return static_cast<int>(status.code());
}

int GiveText(std::string text) {
  inspector.text = std::move(text);
  inspector.output = std::as_bytes(std::span(inspector.text));
  return 0;
}

void AppendNumber(const char* key, std::uint64_t value, std::string& json) {
  AppendJsonString(key, json);
  json.append(":").append(std::to_string(value)).append(",");
}

std::string ToJson(const VerifyReport& report) {
  std::string json = "{";
  AppendNumber("request_id", report.last_request_id, json);
  AppendNumber("after_request_id", report.log_starts_after, json);
  AppendNumber("segments", report.segments, json);
  AppendNumber("frames", report.frames, json);
  AppendNumber("records", report.records, json);
  AppendNumber("snapshots", report.snapshots, json);
  AppendNumber("snapshots_compared", report.snapshots_compared, json);
  json += "\"notes\":[";
  for (std::size_t i = 0; i < report.notes.size(); ++i) {
    if (i != 0) json += ",";
    AppendJsonString(report.notes[i], json);
  }
  return json += "]}";
}

// The names of `content`, as JSON: decimal texts, ascending.
template <typename Content>
std::string NamesOf(const Content& content) {
  std::string json = "[";
  for (const auto& [name, bytes] : content) {
    if (json.size() > 1) json += ",";
    AppendJsonString(std::to_string(name), json);
  }
  return json += "]";
}

}  // namespace

RP_EXPORT("outputAddress") const std::byte* OutputAddress() { return inspector.output.data(); }
RP_EXPORT("outputByteCount") std::size_t OutputByteCount() { return inspector.output.size(); }

RP_EXPORT("loadSegment") std::byte* LoadSegment(std::uint64_t number, std::size_t byte_count) {
  return inspector.files.LoadSegment(number, byte_count).data();
}
RP_EXPORT("loadSnapshot") std::byte* LoadSnapshot(std::uint64_t name, std::size_t byte_count) {
  return inspector.files.LoadSnapshot(name, byte_count).data();
}
RP_EXPORT("loadArchive") std::byte* LoadArchive(std::size_t byte_count) {
  return inspector.files.LoadArchive(byte_count).data();
}

RP_EXPORT("decodeArchive") int DecodeArchive() {
  const Status status = inspector.files.DecodeArchive();
  return status.ok() ? 0 : Fail(status);
}

RP_EXPORT("encodeArchive") int EncodeArchive() {
  Result<ByteBuffer> archive = inspector.files.EncodeArchive();
  if (!archive.ok()) return Fail(archive.status());
  inspector.archive = *std::move(archive);
  inspector.output = inspector.archive.bytes();
  return 0;
}

RP_EXPORT("segmentNumbers") int SegmentNumbers() {
  return GiveText(NamesOf(inspector.files.disk().segments));
}
RP_EXPORT("snapshotNames") int SnapshotNames() {
  return GiveText(NamesOf(inspector.files.disk().snapshots));
}
RP_EXPORT("segmentBytes") int SegmentBytes(std::uint64_t number) {
  inspector.output = inspector.files.disk().segments.at(number);
  return 0;
}
RP_EXPORT("snapshotBytes") int SnapshotBytes(std::uint64_t name) {
  inspector.output = inspector.files.disk().snapshots.at(name);
  return 0;
}

RP_EXPORT("verify") int Verify() {
  const Result<VerifyReport> report = inspector.files.Verify();
  return report.ok() ? GiveText(ToJson(*report)) : Fail(report.status());
}

RP_EXPORT("readLog")
int ReadLog(std::uint64_t after, std::uint64_t skip, std::size_t byte_count_max) {
  Result<std::string> lines = inspector.files.LogLines(after, skip, byte_count_max);
  return lines.ok() ? GiveText(*std::move(lines)) : Fail(lines.status());
}

}  // namespace rewardpool::wasm
