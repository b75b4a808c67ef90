// simulated_disk.h - a disk that remembers what would survive a crash, and that
// fails on request. Everything under the fault tests stands on it: FaultyStorage
// and FaultySnapshotStore (faulty_storage.h), and a simulated file system below
// the real FileStorage (tests/native).
//
// The model is POSIX at its least helpful:
//   - A write, a change of size, a new name, a rename and a removal are visible
//     at once and durable only after Sync() of the file or SyncFolder().
//   - The death of the process loses nothing that was visible.
//   - A loss of power keeps, of everything that was not synced, an arbitrary
//     part: sectors of 512 bytes in any order, some torn inside; some renames
//     and not others; new room partly or not at all. Room that was never
//     written reads as zeros.
//   - After a failed sync the lost sectors stay visible, and a later sync that
//     succeeds does not bring them back, unless they are written again.
//
// Every call that changes something is one step; steps are numbered from 0, and
// a fault names the step that it strikes. To try a fault everywhere: run once
// without faults, then once for each step of that run. Everything is a function
// of the seed, the faults and the calls, so each run can be replayed.
//
// Which faults the product must survive, that is, keep every promise:
//   fault         product must                                        survive
//   kCrash        recover every acknowledged draw                     yes
//   kCrashAtByte  the same                                            yes
//   kFailedSync   stop, acknowledge nothing after it; reopening works yes
//   kShortWrite   go on, or stop as after a failed sync               yes
//   kNoSpace      answer kFull, stay readable, go on once there is room  yes
//   kFailedCall   stop, or report it; reopening works                 yes
//   kLostSync     recover an exact prefix of the log or refuse it; what was
//                 acknowledged after the lost sync may be gone        in part
//   kFlippedBit   refuse, naming the place, or cut it as a torn tail if it is
//                 in the tail; never read it as true                  in part
//
// Threads: any; calls are serialised. Map() hands out memory that is not.
#ifndef REWARDPOOL_TESTING_SIMULATED_DISK_H_
#define REWARDPOOL_TESTING_SIMULATED_DISK_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rewardpool/status.h"

namespace rewardpool::testing {

enum class FaultKind : std::uint8_t {
  kCrash,        // the program dies in this step: of a write a prefix was done,
                 // of any other step nothing; all later calls fail with kIo
  kCrashAtByte,  // `at` counts bytes and not steps: the write that would reach
                 // byte `at` of all bytes ever written ends there, then as kCrash
  kFailedSync,   // a sync fails with kIo; part of the data became durable, the
                 // rest never will
  kLostSync,     // a sync says Ok and nothing became durable
  kShortWrite,   // a write of two bytes or more does only a part of them, says so
  kNoSpace,      // a creation, or a write or resize that makes the file longer,
                 // fails with kFull, nothing done
  kFailedCall,   // a call that is not a sync fails with kIo, nothing done
  kFlippedBit,   // one bit of what a write stores is wrong
};

inline constexpr std::uint64_t kFromThenOn = std::numeric_limits<std::uint64_t>::max();

// Strikes `count` steps, from step `at` on. Has no effect on steps of another
// kind: a kFailedSync on a write does nothing.
struct Fault {
  FaultKind kind = FaultKind::kCrash;
  std::uint64_t at = 0;
  std::uint64_t count = 1;
};

// "failed sync at step 12", for messages.
[[nodiscard]] std::string ToString(const Fault& fault);

enum class StepKind : std::uint8_t {
  kCreate,
  kWrite,
  kResize,
  kSyncFile,
  kSyncFolder,
  kRename,
  kRemove,
};

struct Step {
  StepKind kind = StepKind::kWrite;
  std::string file;  // empty for kSyncFolder
};

// "sync wal-1", for messages.
[[nodiscard]] std::string ToString(const Step& step);

using FileContents = std::map<std::string, std::vector<std::byte>>;

class SimulatedDisk {
 public:
  struct File;
  using Handle = std::shared_ptr<File>;

  explicit SimulatedDisk(std::uint64_t seed, std::vector<Fault> faults = {});
  // A disk that holds `durable`, all of it durable.
  SimulatedDisk(std::uint64_t seed, std::vector<Fault> faults, const FileContents& durable);
  ~SimulatedDisk();
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;

  // --- The program's side: one folder of files. All errors name the file. ---

  // A new, empty file. Errors: kAlreadyExists.
  [[nodiscard]] Result<Handle> Create(const std::string& name);
  // Errors: kNotFound. A handle outlives the removal of the name.
  [[nodiscard]] Result<Handle> Open(const std::string& name);
  [[nodiscard]] Result<std::vector<std::string>> List();
  // Fewer bytes than asked for only at the end of the file.
  [[nodiscard]] Result<std::size_t> Read(const Handle& file, std::uint64_t offset,
                                         std::span<std::byte> out);
  [[nodiscard]] Result<std::uint64_t> Size(const Handle& file);
  // Grows the file as needed. Returns the number of bytes written.
  [[nodiscard]] Result<std::size_t> Write(const Handle& file, std::uint64_t offset,
                                          std::span<const std::byte> bytes);
  // Cuts, or grows by zeros.
  [[nodiscard]] Status Resize(const Handle& file, std::uint64_t size);
  // Makes the file's content and size durable; of a memory mapping too.
  [[nodiscard]] Status Sync(const Handle& file);
  // The same for the bytes [offset, offset + length) alone.
  [[nodiscard]] Status SyncRange(const Handle& file, std::uint64_t offset, std::uint64_t length);
  // Makes all creations, renames and removals durable.
  [[nodiscard]] Status SyncFolder();
  // Replaces `to` if it exists.
  [[nodiscard]] Status Rename(const std::string& from, const std::string& to);
  [[nodiscard]] Status Remove(const std::string& name);
  // The file's visible bytes; valid until the file changes its size. Writes
  // through it are not steps.
  [[nodiscard]] Result<std::span<std::byte>> Map(const Handle& file);

  // --- The test's side. ---

  [[nodiscard]] std::vector<Step> steps() const;
  [[nodiscard]] std::uint64_t step_count() const;
  [[nodiscard]] std::uint64_t bytes_written() const;
  [[nodiscard]] bool crashed() const;

  // What the next program reads after the death of this one.
  [[nodiscard]] FileContents Visible() const;
  // What the next program might read after a loss of power at this moment;
  // another seed, another possibility. Changes nothing.
  [[nodiscard]] FileContents AfterPowerLoss(std::uint64_t seed) const;

  // The machine loses power: the disk then holds AfterPowerLoss(seed), durable.
  // Handles from before are dead. Call Restart() next.
  void LosePower(std::uint64_t seed);
  // A new program begins, with its own faults; steps and bytes count from 0.
  // What was visible and not durable stays so: a power loss may yet take it.
  void Restart(std::vector<Fault> faults = {});

  // Turns one bit of a stored file over, visibly and durably.
  void FlipBit(const std::string& name, std::uint64_t bit);

 private:
  using Names = std::map<std::string, Handle>;

  // Counts a step and says what strikes it. kIo once the program has crashed.
  Status BeginStep(StepKind kind, const std::string& name, bool needs_room,
                   std::optional<FaultKind>* strike);
  Status CrashedStatus() const;
  std::uint64_t NextRandom();
  std::uint64_t NextRandomBelow(std::uint64_t bound);

  mutable std::mutex mutex_;
  const std::uint64_t seed_;
  std::uint64_t random_state_;
  std::vector<Fault> faults_;
  std::vector<Step> steps_;
  std::uint64_t bytes_written_ = 0;
  bool crashed_ = false;
  Names visible_;
  Names durable_;
};

}  // namespace rewardpool::testing

#endif  // REWARDPOOL_TESTING_SIMULATED_DISK_H_
