// Every byte of a finished pool, cut off or changed: what is read is an exact
// prefix, or a refusal that names the place. Never another history.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fault/workload.h"
#include "rewardpool/frame.h"
#include "support/replay_agreement.h"

namespace rewardpool::testing {
namespace {

class DamageTest : public ::testing::TestWithParam<std::string> {
 protected:
  // Segments so small that a short life has several between its snapshots.
  static WorkloadOptions Options(std::uint64_t seed) {
    WorkloadOptions options;
    options.seed = seed;
    options.operations = 40;
    options.pool.random_seed = seed;
    options.pool.codec = GetParam();
    options.pool.segment_bytes_max = GetParam() == "binary" ? 160 : 700;
    return options;
  }

  void SetUp() override {
    auto disk = std::make_shared<SimulatedDisk>(1);
    const Status status = RunWorkload(disk, Options(7), life_);
    ASSERT_TRUE(status.ok()) << status.ToString();
    finished_ = ToMemoryDisk(disk->Visible());
    ASSERT_GE(finished_.segments.size(), 3u);
    ASSERT_EQ(finished_.snapshots.size(), 2u);
  }

  struct Read {
    Result<RecoveredHistory> history;
    Result<Inspection> newest;  // as a reopening reads it
    Result<VerifyReport> verified;
  };
  Read ReadAll(const MemoryDisk& disk) {
    auto shared = std::make_shared<MemoryDisk>(disk);
    MemoryStorage log(shared);
    MemorySnapshotStore snapshots(shared);
    BackwardWorkers workers;
    ExpectReadingsAgree(log, snapshots, workers);
    return {ReadHistory(log, snapshots), InspectPool(log, snapshots, {}),
            VerifyPool(log, snapshots)};
  }

  // `name`: what a refusal must name.
  void ExpectPrefixOrRefusal(const MemoryDisk& disk, const std::string& name) {
    const Read read = ReadAll(disk);
    if (read.history.ok()) {
      ExpectPrefix(*read.history);
    } else {
      ExpectRefusal(read.history.status(), name);
    }
    if (read.newest.ok()) {
      ExpectState(*read.newest);
    } else {
      ExpectRefusal(read.newest.status(), name);
    }
    if (!read.verified.ok()) ExpectRefusal(read.verified.status(), name);
  }

  static void ExpectRefusal(const Status& status, const std::string& name) {
    EXPECT_TRUE(status.code() == StatusCode::kCorrupt || status.code() == StatusCode::kUnsupported)
        << status.ToString();
    EXPECT_NE(status.message().find(name), std::string::npos)
        << status.ToString() << " does not name " << name;
  }

  void ExpectPrefix(const RecoveredHistory& history) {
    if (!history.inspection.exists) return;
    ASSERT_LE(history.log_starts_after + history.entries.size(), life_.history.size());
    for (std::size_t i = 0; i < history.entries.size(); ++i) {
      ASSERT_EQ(history.entries[i], life_.history[history.log_starts_after + i]);
    }
    ExpectState(history.inspection);
  }

  void ExpectState(const Inspection& inspection) {
    if (!inspection.exists) return;
    const RequestId last = inspection.log_end.last_request_id;
    ASSERT_LE(last, life_.history.size());
    EXPECT_EQ(StatesOf(inspection.items), StatesOf(Replay(ItemTable::Create(FaultCatalog()).value(),
                                                          std::span(life_.history).first(last))));
  }

  // What a segment knows of the one before; beyond that are only zeros.
  static std::uint64_t UsedBytesBefore(const std::vector<std::byte>& segment) {
    return DecodeHeader(kSegmentMagic, segment)->previous_length;
  }

  static std::string SegmentName(std::uint64_t number) {
    return MemoryStorage(nullptr).SegmentName(number);
  }
  static std::string SnapshotName(RequestId name) {
    return MemorySnapshotStore(nullptr).SnapshotName(name);
  }

  Life life_;
  MemoryDisk finished_;
};

TEST_P(DamageTest, TheUndamagedPoolReadsWhole) {
  const Read read = ReadAll(finished_);
  ASSERT_TRUE(read.history.ok()) << read.history.status().ToString();
  EXPECT_EQ(read.history->inspection.log_end.last_request_id, life_.history.size());
  ASSERT_TRUE(read.verified.ok()) << read.verified.status().ToString();
  EXPECT_EQ(read.verified->snapshots_compared, 2u);
}

TEST_P(DamageTest, ABitFlippedAnywhereInTheLogIsNeverReadAsTrue) {
  for (const auto& [number, bytes] : finished_.segments) {
    const bool is_last = number == finished_.segments.rbegin()->first;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      SCOPED_TRACE(SegmentName(number) + ", byte " + std::to_string(i));
      MemoryDisk disk = finished_;
      disk.segments[number][i] ^= std::byte{1} << (i % 8);
      ExpectPrefixOrRefusal(disk, SegmentName(number));
      // The beginnings of segments are all vouched for by what follows.
      if (!is_last) {
        EXPECT_FALSE(ReadAll(disk).verified.ok());
      }
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(DamageTest, InALogThatWasClosedOnlyTheLastFrameCanPassForATornTail) {
  const auto& [number, bytes] = *finished_.segments.rbegin();
  Result<FrameReader> reader = FrameReader::Open(kSegmentMagic, bytes);
  ASSERT_TRUE(reader.ok());
  std::uint64_t last_frame = 0;
  std::size_t frames = 0;
  for (; const std::optional<Frame> frame = reader->Next(); ++frames) last_frame = frame->offset;
  ASSERT_GE(frames, 2u);
  for (std::size_t i = 0; i < last_frame; ++i) {
    SCOPED_TRACE(SegmentName(number) + ", byte " + std::to_string(i));
    MemoryDisk disk = finished_;
    disk.segments[number][i] ^= std::byte{1} << (i % 8);
    const Read read = ReadAll(disk);
    ASSERT_FALSE(read.newest.ok());
    ExpectRefusal(read.newest.status(), SegmentName(number));
  }
}

TEST_P(DamageTest, ALogCutAnywhereIsAPrefixOrRefused) {
  for (const auto& [number, bytes] : finished_.segments) {
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      SCOPED_TRACE(SegmentName(number) + " cut to " + std::to_string(length));
      MemoryDisk disk = finished_;
      disk.segments[number].resize(length);
      const Read read = ReadAll(disk);
      if (read.history.ok()) {
        ExpectPrefix(*read.history);
      } else {
        EXPECT_EQ(read.history.status().code(), StatusCode::kCorrupt);
      }
      const auto next = finished_.segments.find(number + 1);
      if (next != finished_.segments.end() && length < UsedBytesBefore(next->second)) {
        EXPECT_FALSE(read.history.ok());
      }
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(DamageTest, ABitFlippedAnywhereInASnapshotIsFoundAndNamed) {
  for (const auto& [name, bytes] : finished_.snapshots) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      SCOPED_TRACE(SnapshotName(name) + ", byte " + std::to_string(i));
      MemoryDisk disk = finished_;
      disk.snapshots[name][i] ^= std::byte{1} << (i % 8);
      const Read read = ReadAll(disk);
      ASSERT_FALSE(read.verified.ok());
      ExpectRefusal(read.verified.status(), SnapshotName(name));
      // Reopening falls back to the other one, and says so.
      if (name == finished_.snapshots.rbegin()->first && read.newest.ok()) {
        ExpectState(*read.newest);
        EXPECT_EQ(read.newest->log_end.last_request_id, life_.history.size());
        EXPECT_EQ(read.newest->notes.size(), 1u);
      }
    }
  }
}

TEST_P(DamageTest, ASnapshotCutAnywhereIsFoundAndNamed) {
  for (const auto& [name, bytes] : finished_.snapshots) {
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      SCOPED_TRACE(SnapshotName(name) + " cut to " + std::to_string(length));
      MemoryDisk disk = finished_;
      disk.snapshots[name].resize(length);
      const Read read = ReadAll(disk);
      ASSERT_FALSE(read.verified.ok());
      ExpectRefusal(read.verified.status(), SnapshotName(name));
    }
  }
}

TEST_P(DamageTest, AMissingSegmentIsNamed) {
  for (auto segment = std::next(finished_.segments.begin());
       segment != std::prev(finished_.segments.end()); ++segment) {
    MemoryDisk disk = finished_;
    disk.segments.erase(segment->first);
    const Read read = ReadAll(disk);
    ASSERT_FALSE(read.newest.ok());
    ExpectRefusal(read.newest.status(), SegmentName(segment->first));
  }
}

TEST_P(DamageTest, SegmentsOfAnotherPoolAreRefused) {
  auto other = std::make_shared<SimulatedDisk>(1);
  // The same requests with other luck, so that segments bear the same numbers.
  WorkloadOptions options = Options(7);
  options.pool.random_seed = 8;
  Life other_life;
  ASSERT_TRUE(RunWorkload(other, options, other_life).ok());
  const MemoryDisk other_disk = ToMemoryDisk(other->Visible());
  std::size_t swapped = 0;
  for (const auto& [number, bytes] : other_disk.segments) {
    if (!finished_.segments.contains(number)) continue;
    MemoryDisk disk = finished_;
    disk.segments[number] = bytes;
    EXPECT_FALSE(ReadAll(disk).verified.ok()) << SegmentName(number);
    ++swapped;
  }
  EXPECT_GT(swapped, 0u);
}

INSTANTIATE_TEST_SUITE_P(Codecs, DamageTest, ::testing::Values("binary", "jsonl"));

}  // namespace
}  // namespace rewardpool::testing
