#include "rewardpool/pool_archive.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rewardpool/crc32c.h"
#include "rewardpool/frame.h"
#include "rewardpool/pool_file_names.h"
#include "rewardpool/wal_format.h"
#include "ustar_header.h"

namespace rewardpool {
namespace {

using internal::kArchiveVersion;
using internal::kUstarBlockBytes;
using internal::UstarHeader;

constexpr std::string_view kChecksumsName = "checksums";
constexpr std::size_t kEndBytes = 2 * kUstarBlockBytes;

Status OutOfMemory() { return {StatusCode::kFull, "out of memory for the archive of a pool"}; }

// --- Collecting -----------------------------------------------------------------

Result<std::vector<std::byte>> ReadSegment(WalSource& log, const SegmentInfo& segment) {
  if (segment.bytes > std::numeric_limits<std::size_t>::max() / 2) return OutOfMemory();
  std::vector<std::byte> bytes(static_cast<std::size_t>(segment.bytes));
  Result<std::size_t> read = log.Read(segment.number, 0, bytes);
  if (!read.ok()) return read.status();
  bytes.resize(*read);
  return bytes;
}

// Snapshots are read before the log: the mark that each of them has in the log
// was durable before it.
Result<std::shared_ptr<MemoryDisk>> CopyFiles(WalSource& log, SnapshotStore& snapshots) {
  auto disk = std::make_shared<MemoryDisk>();
  Result<std::vector<RequestId>> names = snapshots.List();
  if (!names.ok()) return names.status();
  for (const RequestId name : *names) {
    Result<std::vector<std::byte>> bytes = snapshots.Load(name);
    if (!bytes.ok()) return bytes.status();
    disk->snapshots.emplace(name, *std::move(bytes));
  }
  Result<std::vector<SegmentInfo>> segments = log.ListSegments();
  if (!segments.ok()) return segments.status();
  for (const SegmentInfo& segment : *segments) {
    Result<std::vector<std::byte>> bytes = ReadSegment(log, segment);
    if (!bytes.ok()) return bytes.status();
    disk->segments.emplace(segment.number, *std::move(bytes));
  }
  return disk;
}

// Leaves of a verified log what was replayed.
Status CutToWhatIsUsed(const VerifyReport& report, MemoryDisk& disk) {
  auto& segments = disk.segments;
  const std::uint64_t last = report.log_end.segment;
  // Begun and not finished.
  segments.erase(segments.upper_bound(last), segments.end());
  // Left behind by a removal that was cut short; no snapshot leads to them.
  segments.erase(segments.begin(), segments.lower_bound(last - report.segments + 1));
  for (auto segment = segments.begin(); segment != segments.end(); ++segment) {
    std::uint64_t length = report.log_end.length;
    if (const auto next = std::next(segment); next != segments.end()) {
      const Result<SegmentHeader> header = DecodeHeader(kSegmentMagic, next->second);
      if (!header.ok()) return header.status();
      length = header->previous_length;
    }
    segment->second.resize(static_cast<std::size_t>(length));
  }
  return Status::Ok();
}

// --- The form of an archive -------------------------------------------------------

// How many zeros fill up the last block of so many bytes.
constexpr std::uint64_t PaddingOf(std::uint64_t bytes) {
  return (kUstarBlockBytes - bytes % kUstarBlockBytes) % kUstarBlockBytes;
}

struct File {
  std::string name;
  std::span<const std::byte> content;
};

std::vector<File> FilesInOrder(const MemoryDisk& disk) {
  std::vector<File> files;
  for (const auto& [name, bytes] : disk.snapshots) files.push_back({SnapshotFileName(name), bytes});
  for (const auto& [number, bytes] : disk.segments)
    files.push_back({SegmentFileName(number), bytes});
  return files;
}

std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

constexpr std::size_t kChecksumDigits = 8;

// "e3069283 9 some-name\n"
void AppendChecksumLine(std::span<const std::byte> bytes, std::string_view name, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::uint32_t crc = Crc32c(0, bytes);
  for (std::size_t i = kChecksumDigits; i-- > 0;) out += kDigits[crc >> (4 * i) & 0xF];
  out.append(" ").append(std::to_string(bytes.size())).append(" ").append(name).append("\n");
}

// One line for each file, and one for the lines above it.
std::string ChecksumsOf(std::span<const File> files) {
  std::string text;
  for (const File& file : files) AppendChecksumLine(file.content, file.name, text);
  const std::string above = text;
  AppendChecksumLine(BytesOf(above), kChecksumsName, text);
  return text;
}

Status AppendEntry(const File& file, ByteBuffer& archive) {
  const Result<UstarHeader> header = internal::MakeUstarHeader(file.name, file.content.size());
  if (!header.ok()) return header.status();
  constexpr std::array<std::byte, kUstarBlockBytes> kZeros{};
  archive.Append(*header);
  archive.Append(file.content);
  archive.Append(std::span(kZeros).first(static_cast<std::size_t>(PaddingOf(file.content.size()))));
  return Status::Ok();
}

Result<ByteBuffer> Encode(const MemoryDisk& disk) {
  if (disk.segments.empty()) {
    return Status(StatusCode::kInvalidArgument, "there is no log to put in an archive");
  }
  std::vector<File> files = FilesInOrder(disk);
  const std::string checksums = ChecksumsOf(files);
  files.push_back({std::string(kChecksumsName), BytesOf(checksums)});

  std::uint64_t size = kEndBytes;
  for (const File& file : files) {
    size += kUstarBlockBytes + file.content.size() + PaddingOf(file.content.size());
  }
  if (size > std::numeric_limits<std::size_t>::max() / 2) return OutOfMemory();
  ByteBuffer archive;
  (void)archive.Reserve(static_cast<std::size_t>(size));
  for (const File& file : files) RP_RETURN_IF_ERROR(AppendEntry(file, archive));
  constexpr std::array<std::byte, kEndBytes> kEnd{};
  archive.Append(kEnd);
  return archive;
}

// --- Reading ------------------------------------------------------------------------

// What an entry may be, in the order of an archive.
enum class Kind : std::uint8_t { kSnapshot, kSegment, kChecksums };

struct Entry {
  Kind kind = Kind::kChecksums;
  std::uint64_t number = 0;  // of a snapshot or segment
  std::uint64_t offset = 0;  // of the content, in the archive
  File file;
};

bool ComesBefore(const Entry& a, const Entry& b) {
  return a.kind != b.kind ? a.kind < b.kind : a.number < b.number;
}

class Decoder {
 public:
  explicit Decoder(std::span<const std::byte> archive) : archive_(archive) {}

  Result<MemoryDisk> Run() {
    RP_RETURN_IF_ERROR(CheckVersion());
    for (;;) {
      Result<Entry> entry = ReadEntry();
      if (!entry.ok()) return entry.status();
      if (entry->kind == Kind::kChecksums) {
        RP_RETURN_IF_ERROR(CheckChecksums(*entry));
        RP_RETURN_IF_ERROR(CheckEnd());
        return Copy();
      }
      entries_.push_back(*std::move(entry));
    }
  }

 private:
  // "wal-...1.log, offset 512 of the archive: the header is damaged"
  static Status Corrupt(std::string_view entry, std::uint64_t offset, std::string_view problem) {
    std::string message(entry);
    message.append(entry.empty() ? "offset " : ", offset ").append(std::to_string(offset));
    return {StatusCode::kCorrupt, message.append(" of the archive: ").append(problem)};
  }

  [[nodiscard]] std::span<const std::byte> Rest() const { return archive_.subspan(position_); }

  [[nodiscard]] Status CheckVersion() const {
    if (archive_.size() < kUstarBlockBytes) return Status::Ok();  // ReadEntry() will complain
    const std::optional<std::uint32_t> version =
        internal::ArchiveVersionOf(archive_.first<kUstarBlockBytes>());
    if (!version || *version == kArchiveVersion) return Status::Ok();
    return {StatusCode::kUnsupported, "the archive has version " + std::to_string(*version) +
                                          "; this program reads version " +
                                          std::to_string(kArchiveVersion)};
  }

  // The number of bytes before the first one in `bytes` that is not zero, or all.
  static std::size_t LeadingZeros(std::span<const std::byte> bytes) {
    const auto found =
        std::find_if(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{0}; });
    return static_cast<std::size_t>(found - bytes.begin());
  }

  static bool AllZeros(std::span<const std::byte> bytes) {
    return LeadingZeros(bytes) == bytes.size();
  }

  // Reads the entry at position_, and checks everything of it but its content.
  Result<Entry> ReadEntry() {
    const std::uint64_t header_at = position_;
    if (Rest().size() < kUstarBlockBytes) {
      return Corrupt("", archive_.size(), "it ends where an entry or its list of checksums is due");
    }
    const auto block = Rest().first<kUstarBlockBytes>();
    const std::optional<internal::UstarEntry> read = internal::ReadUstarHeader(block);
    std::optional<Entry> entry = read ? EntryNamed(read->name) : std::nullopt;
    if (!entry) {
      return Corrupt("", header_at,
                     header_at == 0    ? "it is not the archive of a pool"
                     : AllZeros(block) ? "it ends without its list of checksums"
                                       : "there is no header of a pool's file");
    }
    const Result<UstarHeader> expected = internal::MakeUstarHeader(read->name, read->size);
    if (!expected.ok()) return expected.status();
    const auto difference = std::mismatch(block.begin(), block.end(), expected->begin()).first;
    if (difference != block.end()) {
      return Corrupt(read->name, header_at + static_cast<std::uint64_t>(difference - block.begin()),
                     "the header is damaged");
    }
    if (!entries_.empty() && !ComesBefore(entries_.back(), *entry)) {
      return Corrupt(read->name, header_at,
                     "it is out of place behind " + entries_.back().file.name);
    }
    position_ += kUstarBlockBytes;
    return ReadContent(*std::move(entry), read->size);
  }

  static std::optional<Entry> EntryNamed(std::string_view name) {
    Entry entry;
    entry.file.name = name;
    if (const auto snapshot = ParseSnapshotFileName(name)) {
      entry.kind = Kind::kSnapshot;
      entry.number = *snapshot;
    } else if (const auto segment = ParseSegmentFileName(name)) {
      entry.kind = Kind::kSegment;
      entry.number = *segment;
    } else if (name != kChecksumsName) {
      return std::nullopt;
    }
    return entry;
  }

  Result<Entry> ReadContent(Entry entry, std::uint64_t size) {
    const std::uint64_t padding = PaddingOf(size);
    if (size + padding > Rest().size()) {
      return Corrupt(entry.file.name, archive_.size(),
                     "the archive ends in the middle of " + std::to_string(size) + " bytes");
    }
    entry.offset = position_;
    entry.file.content = Rest().first(static_cast<std::size_t>(size));
    position_ += entry.file.content.size();
    const auto filling = Rest().first(static_cast<std::size_t>(padding));
    if (!AllZeros(filling)) {
      return Corrupt(entry.file.name, position_ + LeadingZeros(filling),
                     "there is something behind the content");
    }
    position_ += filling.size();
    return entry;
  }

  // Compares the list of checksums with the one that the entries should have.
  [[nodiscard]] Status CheckChecksums(const Entry& list) const {
    std::vector<File> files;
    for (const Entry& entry : entries_) files.push_back(entry.file);
    const std::string expected = ChecksumsOf(files);
    const std::string_view found(reinterpret_cast<const char*>(list.file.content.data()),
                                 list.file.content.size());
    if (found == expected) {
      if (!entries_.empty() && entries_.back().kind == Kind::kSegment) return Status::Ok();
      return Corrupt("", list.offset - kUstarBlockBytes, "it has no log");
    }
    // If the list is sound, the entry is not whose line differs.
    std::size_t line_at = 0;
    for (const Entry& entry : entries_) {
      const std::size_t line_end = expected.find('\n', line_at) + 1;
      const std::size_t line_bytes = line_end - line_at;
      if (found.substr(line_at, line_bytes) !=
          std::string_view(expected).substr(line_at, line_bytes)) {
        if (!VouchesForItself(found)) break;
        return Corrupt(entry.file.name, entry.offset,
                       "the content does not have the checksum that is listed for it");
      }
      line_at = line_end;
    }
    const auto difference =
        std::mismatch(found.begin(), found.end(), expected.begin(), expected.end()).first;
    return Corrupt(kChecksumsName,
                   list.offset + static_cast<std::uint64_t>(difference - found.begin()),
                   "the list of checksums is damaged, or not that of this archive");
  }

  // Does the last line hold for those above it?
  static bool VouchesForItself(std::string_view list) {
    if (!list.ends_with('\n')) return false;
    const std::size_t above = list.substr(0, list.size() - 1).rfind('\n');
    if (above == std::string_view::npos) return false;
    std::string last;
    AppendChecksumLine(BytesOf(list.substr(0, above + 1)), kChecksumsName, last);
    return list.substr(above + 1) == last;
  }

  [[nodiscard]] Status CheckEnd() const {
    const auto end = Rest();
    if (end.size() < kEndBytes) {
      return Corrupt("", archive_.size(), "its end is missing");
    }
    if (!AllZeros(end.first(kEndBytes))) {
      return Corrupt("", position_ + LeadingZeros(end), "there is something in its closing blocks");
    }
    if (end.size() > kEndBytes) {
      return Corrupt("", position_ + kEndBytes, "there is something behind its end");
    }
    return Status::Ok();
  }

  [[nodiscard]] MemoryDisk Copy() const {
    MemoryDisk disk;
    for (const Entry& entry : entries_) {
      std::vector<std::byte> bytes(entry.file.content.begin(), entry.file.content.end());
      if (entry.kind == Kind::kSnapshot) {
        disk.snapshots.emplace(entry.number, std::move(bytes));
      } else {
        disk.segments.emplace(entry.number, std::move(bytes));
      }
    }
    return disk;
  }

  std::span<const std::byte> archive_;
  std::size_t position_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace

Result<CollectedPool> CollectPoolFiles(WalSource& log, SnapshotStore& snapshots) {
  try {
    Result<std::shared_ptr<MemoryDisk>> disk = CopyFiles(log, snapshots);
    if (!disk.ok()) return disk.status();
    MemoryStorage log_copy(*disk, MemoryNames::kFiles);
    MemorySnapshotStore snapshots_copy(*disk, MemoryNames::kFiles);
    Result<VerifyReport> report = VerifyPool(log_copy, snapshots_copy);
    if (!report.ok()) return report.status();
    RP_RETURN_IF_ERROR(CutToWhatIsUsed(*report, **disk));
    return CollectedPool{std::move(**disk), *std::move(report)};
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

Result<ByteBuffer> EncodePoolArchive(const MemoryDisk& files) {
  try {
    return Encode(files);
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

Result<MemoryDisk> DecodePoolArchive(std::span<const std::byte> archive) {
  try {
    return Decoder(archive).Run();
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

}  // namespace rewardpool
