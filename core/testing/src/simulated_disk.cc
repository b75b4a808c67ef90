#include "rewardpool/testing/simulated_disk.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <set>

namespace rewardpool::testing {
namespace {

constexpr std::size_t kSectorBytes = 512;

// splitmix64 (S. Vigna): one word of state, enough for choosing faults.
std::uint64_t NextWord(std::uint64_t& state) {
  std::uint64_t word = (state += 0x9E3779B97F4A7C15u);
  word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9u;
  word = (word ^ (word >> 27)) * 0x94D049BB133111EBu;
  return word ^ (word >> 31);
}

std::uint64_t WordBelow(std::uint64_t& state, std::uint64_t bound) {
  return bound == 0 ? 0 : NextWord(state) % bound;
}

using Sector = std::array<std::byte, kSectorBytes>;

// A sector's bytes; zeros beyond the end.
Sector SectorOf(const std::vector<std::byte>& bytes, std::size_t sector) {
  Sector content{};
  const std::size_t begin = sector * kSectorBytes;
  if (begin < bytes.size()) {
    std::memcpy(content.data(), bytes.data() + begin, std::min(kSectorBytes, bytes.size() - begin));
  }
  return content;
}

bool SectorDiffers(const std::vector<std::byte>& a, const std::vector<std::byte>& b,
                   std::size_t sector) {
  const Sector in_a = SectorOf(a, sector);
  const Sector in_b = SectorOf(b, sector);
  return std::memcmp(in_a.data(), in_b.data(), kSectorBytes) != 0;
}

// Copies the first `bytes` bytes of a sector, as far as `to` reaches.
void CopySector(const std::vector<std::byte>& from, std::vector<std::byte>& to, std::size_t sector,
                std::size_t bytes = kSectorBytes) {
  const std::size_t begin = sector * kSectorBytes;
  if (begin >= to.size()) return;
  const Sector content = SectorOf(from, sector);
  std::memcpy(to.data() + begin, content.data(), std::min(bytes, to.size() - begin));
}

std::size_t SectorCount(std::size_t bytes) { return (bytes + kSectorBytes - 1) / kSectorBytes; }

Status NoSuchFile(const std::string& name) {
  return Status(StatusCode::kNotFound, name + " does not exist");
}

// What a power loss may leave of everything that was not synced.
enum class Survival : std::uint8_t { kNothing, kAll, kFirstPart, kAnything };

}  // namespace

struct SimulatedDisk::File {
  explicit File(std::string file_name) : name(std::move(file_name)) {}

  // Makes the size durable, and what is visible in the sectors that hold bytes
  // [from, to), except for sectors lost by a failed sync.
  void Persist(std::size_t from, std::size_t to) {
    durable.resize(visible.size());
    for (std::size_t sector = from / kSectorBytes; sector < SectorCount(to); ++sector) {
      if (!lost_sectors.contains(sector)) CopySector(visible, durable, sector);
    }
  }

  void ForgetLoss(std::uint64_t offset, std::uint64_t bytes) {
    if (bytes == 0) return;
    lost_sectors.erase(lost_sectors.lower_bound(offset / kSectorBytes),
                       lost_sectors.upper_bound((offset + bytes - 1) / kSectorBytes));
  }

  std::string name;
  std::vector<std::byte> visible;
  std::vector<std::byte> durable;
  std::set<std::size_t> lost_sectors;
};

std::string ToString(const Fault& fault) {
  static constexpr const char* kNames[] = {"crash",       "crash",    "failed sync", "lost sync",
                                           "short write", "no space", "failed call", "flipped bit"};
  std::string text = kNames[static_cast<std::size_t>(fault.kind)];
  text += fault.kind == FaultKind::kCrashAtByte ? " at byte " : " at step ";
  text += std::to_string(fault.at);
  if (fault.count == kFromThenOn) {
    text += " and from then on";
  } else if (fault.count != 1) {
    text += ", " + std::to_string(fault.count) + " times";
  }
  return text;
}

std::string ToString(const Step& step) {
  static constexpr const char* kNames[] = {"create",      "write",  "resize", "sync",
                                           "sync folder", "rename", "remove"};
  std::string text = kNames[static_cast<std::size_t>(step.kind)];
  if (!step.file.empty()) text += " " + step.file;
  return text;
}

SimulatedDisk::SimulatedDisk(std::uint64_t seed, std::vector<Fault> faults)
    : seed_(seed), random_state_(seed), faults_(std::move(faults)) {}

SimulatedDisk::SimulatedDisk(std::uint64_t seed, std::vector<Fault> faults,
                             const FileContents& durable)
    : SimulatedDisk(seed, std::move(faults)) {
  for (const auto& [name, bytes] : durable) {
    auto file = std::make_shared<File>(name);
    file->visible = bytes;
    file->durable = bytes;
    visible_[name] = file;
    durable_[name] = file;
  }
}

SimulatedDisk::~SimulatedDisk() = default;

std::uint64_t SimulatedDisk::NextRandom() { return NextWord(random_state_); }

std::uint64_t SimulatedDisk::NextRandomBelow(std::uint64_t bound) {
  return WordBelow(random_state_, bound);
}

Status SimulatedDisk::CrashedStatus() const {
  return crashed_ ? Status(StatusCode::kIo, "the simulated program has crashed") : Status::Ok();
}

Status SimulatedDisk::BeginStep(StepKind kind, const std::string& name, bool needs_room,
                                std::optional<FaultKind>* strike) {
  RP_RETURN_IF_ERROR(CrashedStatus());
  const std::uint64_t step = steps_.size();
  steps_.push_back({.kind = kind, .file = name});
  const bool is_sync = kind == StepKind::kSyncFile || kind == StepKind::kSyncFolder;
  for (const Fault& fault : faults_) {
    if (fault.kind == FaultKind::kCrashAtByte) continue;  // Write() looks after it
    if (step < fault.at || step - fault.at >= fault.count) continue;
    bool applies = true;
    switch (fault.kind) {
      case FaultKind::kCrash:
      case FaultKind::kCrashAtByte:
        break;
      case FaultKind::kFailedSync:
      case FaultKind::kLostSync:
        applies = is_sync;
        break;
      case FaultKind::kShortWrite:
      case FaultKind::kFlippedBit:
        applies = kind == StepKind::kWrite;
        break;
      case FaultKind::kNoSpace:
        applies = needs_room;
        break;
      case FaultKind::kFailedCall:
        applies = !is_sync;
        break;
    }
    if (!applies) continue;
    *strike = fault.kind;
    if (fault.kind == FaultKind::kCrash) {
      crashed_ = true;
      // A write in progress still leaves its mark; the others are not begun.
      if (kind != StepKind::kWrite) return CrashedStatus();
    }
    if (fault.kind == FaultKind::kNoSpace) {
      return Status(StatusCode::kFull, name + ": no space left (injected)");
    }
    if (fault.kind == FaultKind::kFailedCall) {
      return Status(StatusCode::kIo, name + ": input/output error (injected)");
    }
    break;
  }
  return Status::Ok();
}

Result<SimulatedDisk::Handle> SimulatedDisk::Create(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::optional<FaultKind> strike;
  RP_RETURN_IF_ERROR(BeginStep(StepKind::kCreate, name, /*needs_room=*/true, &strike));
  if (visible_.contains(name)) {
    return Status(StatusCode::kAlreadyExists, name + " exists already");
  }
  auto file = std::make_shared<File>(name);
  visible_[name] = file;
  return file;
}

Result<SimulatedDisk::Handle> SimulatedDisk::Open(const std::string& name) {
  const std::lock_guard lock(mutex_);
  RP_RETURN_IF_ERROR(CrashedStatus());
  const auto found = visible_.find(name);
  if (found == visible_.end()) return NoSuchFile(name);
  return found->second;
}

Result<std::vector<std::string>> SimulatedDisk::List() {
  const std::lock_guard lock(mutex_);
  RP_RETURN_IF_ERROR(CrashedStatus());
  std::vector<std::string> names;
  for (const auto& [name, file] : visible_) names.push_back(name);
  return names;
}

Result<std::size_t> SimulatedDisk::Read(const Handle& file, std::uint64_t offset,
                                        std::span<std::byte> out) {
  const std::lock_guard lock(mutex_);
  RP_RETURN_IF_ERROR(CrashedStatus());
  if (offset >= file->visible.size()) return std::size_t{0};
  const std::size_t count = std::min<std::uint64_t>(out.size(), file->visible.size() - offset);
  std::copy_n(file->visible.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
  return count;
}

Result<std::uint64_t> SimulatedDisk::Size(const Handle& file) {
  const std::lock_guard lock(mutex_);
  RP_RETURN_IF_ERROR(CrashedStatus());
  return std::uint64_t{file->visible.size()};
}

Result<std::size_t> SimulatedDisk::Write(const Handle& file, std::uint64_t offset,
                                         std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  std::optional<FaultKind> strike;
  const bool needs_room = offset + bytes.size() > file->visible.size();
  RP_RETURN_IF_ERROR(BeginStep(StepKind::kWrite, file->name, needs_room, &strike));
  std::size_t count = bytes.size();
  if (strike == FaultKind::kCrash) count = NextRandomBelow(bytes.size() + 1);
  if (strike == FaultKind::kShortWrite && count > 1) count = 1 + NextRandomBelow(count - 1);
  for (const Fault& fault : faults_) {
    if (fault.kind == FaultKind::kCrashAtByte && fault.at < bytes_written_ + count) {
      count = fault.at - bytes_written_;
      crashed_ = true;
    }
  }
  if (count != 0) {
    if (file->visible.size() < offset + count) file->visible.resize(offset + count);
    std::copy_n(bytes.begin(), count, file->visible.begin() + static_cast<std::ptrdiff_t>(offset));
    file->ForgetLoss(offset, count);
    bytes_written_ += count;
    if (strike == FaultKind::kFlippedBit) {
      const std::uint64_t bit = NextRandomBelow(8 * count);
      file->visible[offset + bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
    }
  }
  RP_RETURN_IF_ERROR(CrashedStatus());
  return count;
}

Status SimulatedDisk::Resize(const Handle& file, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  std::optional<FaultKind> strike;
  const std::size_t before = file->visible.size();
  RP_RETURN_IF_ERROR(BeginStep(StepKind::kResize, file->name, size > before, &strike));
  file->visible.resize(size);
  if (size > before) file->ForgetLoss(before, size - before);
  return Status::Ok();
}

Status SimulatedDisk::Sync(const Handle& file) {
  return SyncRange(file, 0, std::numeric_limits<std::uint64_t>::max());
}

Status SimulatedDisk::SyncRange(const Handle& file, std::uint64_t offset, std::uint64_t length) {
  const std::lock_guard lock(mutex_);
  std::optional<FaultKind> strike;
  RP_RETURN_IF_ERROR(BeginStep(StepKind::kSyncFile, file->name, /*needs_room=*/false, &strike));
  if (strike == FaultKind::kLostSync) return Status::Ok();
  const std::size_t from = std::min<std::uint64_t>(offset, file->visible.size());
  const std::size_t to = from + std::min<std::uint64_t>(length, file->visible.size() - from);
  if (strike == FaultKind::kFailedSync) {
    for (std::size_t sector = from / kSectorBytes; sector < SectorCount(to); ++sector) {
      if (SectorDiffers(file->visible, file->durable, sector) && NextRandomBelow(2) == 0) {
        file->lost_sectors.insert(sector);
      }
    }
  }
  file->Persist(from, to);
  if (strike == FaultKind::kFailedSync) {
    return Status(StatusCode::kIo, file->name + ": sync failed (injected)");
  }
  return Status::Ok();
}

Status SimulatedDisk::SyncFolder() {
  const std::lock_guard lock(mutex_);
  std::optional<FaultKind> strike;
  RP_RETURN_IF_ERROR(BeginStep(StepKind::kSyncFolder, "", /*needs_room=*/false, &strike));
  if (strike == FaultKind::kLostSync) return Status::Ok();
  if (strike == FaultKind::kFailedSync) {
    return Status(StatusCode::kIo, "sync of the folder failed (injected)");
  }
  durable_ = visible_;
  return Status::Ok();
}

Status SimulatedDisk::Rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  std::optional<FaultKind> strike;
  RP_RETURN_IF_ERROR(BeginStep(StepKind::kRename, from, /*needs_room=*/false, &strike));
  const auto found = visible_.find(from);
  if (found == visible_.end()) return NoSuchFile(from);
  const Handle file = found->second;
  visible_.erase(found);
  visible_[to] = file;
  file->name = to;
  return Status::Ok();
}

Status SimulatedDisk::Remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::optional<FaultKind> strike;
  RP_RETURN_IF_ERROR(BeginStep(StepKind::kRemove, name, /*needs_room=*/false, &strike));
  return visible_.erase(name) == 1 ? Status::Ok() : NoSuchFile(name);
}

Result<std::span<std::byte>> SimulatedDisk::Map(const Handle& file) {
  const std::lock_guard lock(mutex_);
  RP_RETURN_IF_ERROR(CrashedStatus());
  return std::span(file->visible);
}

std::vector<Step> SimulatedDisk::steps() const {
  const std::lock_guard lock(mutex_);
  return steps_;
}

std::uint64_t SimulatedDisk::step_count() const {
  const std::lock_guard lock(mutex_);
  return steps_.size();
}

std::uint64_t SimulatedDisk::bytes_written() const {
  const std::lock_guard lock(mutex_);
  return bytes_written_;
}

bool SimulatedDisk::crashed() const {
  const std::lock_guard lock(mutex_);
  return crashed_;
}

FileContents SimulatedDisk::Visible() const {
  const std::lock_guard lock(mutex_);
  FileContents contents;
  for (const auto& [name, file] : visible_) contents[name] = file->visible;
  return contents;
}

FileContents SimulatedDisk::AfterPowerLoss(std::uint64_t seed) const {
  const std::lock_guard lock(mutex_);
  std::uint64_t state = seed ^ (seed_ * 0x9E3779B97F4A7C15u);

  const auto collapse = [&state](const File& file) {
    const auto survival = static_cast<Survival>(WordBelow(state, 4));
    if (survival == Survival::kNothing) return file.durable;
    const std::size_t durable_size = file.durable.size();
    const std::size_t visible_size = file.visible.size();
    std::size_t size = visible_size;
    if (survival != Survival::kAll && WordBelow(state, 2) == 0) {
      size = visible_size > durable_size
                 ? durable_size + WordBelow(state, visible_size - durable_size + 1)
                 : durable_size;
    }
    std::vector<std::byte> bytes = file.durable;
    bytes.resize(size);
    const std::size_t sectors = SectorCount(size);
    const std::size_t first_part = WordBelow(state, sectors + 1);
    for (std::size_t sector = 0; sector < sectors; ++sector) {
      if (file.lost_sectors.contains(sector)) continue;
      if (!SectorDiffers(file.visible, bytes, sector)) continue;
      if (survival == Survival::kAll) {
        CopySector(file.visible, bytes, sector);
      } else if (survival == Survival::kFirstPart) {
        if (sector < first_part) CopySector(file.visible, bytes, sector);
        if (sector == first_part) {
          CopySector(file.visible, bytes, sector, WordBelow(state, kSectorBytes));
        }
      } else {
        switch (WordBelow(state, 3)) {
          case 0:
            break;
          case 1:
            CopySector(file.visible, bytes, sector);
            break;
          default:
            CopySector(file.visible, bytes, sector, WordBelow(state, kSectorBytes));
            break;
        }
      }
    }
    return bytes;
  };

  Names survivors = durable_;
  for (const auto& [name, file] : visible_) {
    const auto old = durable_.find(name);
    const bool settled = old != durable_.end() && old->second == file;
    if (!settled && WordBelow(state, 2) == 0) survivors[name] = file;
  }
  for (const auto& [name, file] : durable_) {
    if (!visible_.contains(name) && WordBelow(state, 2) == 0) survivors.erase(name);
  }
  FileContents contents;
  for (const auto& [name, file] : survivors) contents[name] = collapse(*file);
  return contents;
}

void SimulatedDisk::LosePower(std::uint64_t seed) {
  const FileContents left = AfterPowerLoss(seed);
  const std::lock_guard lock(mutex_);
  visible_.clear();
  for (const auto& [name, bytes] : left) {
    auto file = std::make_shared<File>(name);
    file->visible = bytes;
    file->durable = bytes;
    visible_[name] = std::move(file);
  }
  durable_ = visible_;
  crashed_ = true;
}

void SimulatedDisk::Restart(std::vector<Fault> faults) {
  const std::lock_guard lock(mutex_);
  faults_ = std::move(faults);
  steps_.clear();
  bytes_written_ = 0;
  crashed_ = false;
}

void SimulatedDisk::FlipBit(const std::string& name, std::uint64_t bit) {
  const std::lock_guard lock(mutex_);
  const auto found = visible_.find(name);
  assert(found != visible_.end());
  File& file = *found->second;
  const std::byte mask = std::byte{1} << static_cast<int>(bit % 8);
  file.visible.at(bit / 8) ^= mask;
  if (bit / 8 < file.durable.size()) file.durable[bit / 8] ^= mask;
}

}  // namespace rewardpool::testing
