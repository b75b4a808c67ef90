// How segments are prepared, grown, cut and given back: what file_storage.h says
// beyond the storage contract.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "rewardpool/native/file_storage.h"
#include "rewardpool/native/file_wal_source.h"
#include "rewardpool/native/mmap_storage.h"
#include "support/bytes.h"
#include "support/simulated_file_system.h"

namespace rewardpool::tests {
namespace {

using testing::FaultKind;
using testing::kFromThenOn;
using testing::SimulatedDisk;

constexpr std::uint64_t kMebibyte = 1024 * 1024;

std::string FileName(std::uint64_t segment) {
  const std::string digits = std::to_string(segment);
  return "wal-" + std::string(20 - digits.size(), '0') + digits + ".log";
}

using OpenStorage = Result<std::unique_ptr<WalStorage>> (*)(const std::string&,
                                                            const native::StorageEnvironment&);
struct Kind {
  std::string name;
  OpenStorage open;

  friend void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }
};

class SegmentPreparation : public ::testing::TestWithParam<Kind> {
 protected:
  void Open(BackgroundMoment moment = BackgroundMoment::kAtOnce) {
    storage_.reset();
    background_ = std::make_shared<ScriptedBackground>(moment);
    auto storage = GetParam().open("pool", {.files = &files_, .background = background_});
    ASSERT_TRUE(storage.ok()) << storage.status().ToString();
    storage_ = *std::move(storage);
  }

  Status Start(std::uint64_t segment, std::uint64_t capacity_bytes) {
    return storage_->StartSegment(segment, capacity_bytes, Header(segment));
  }
  static std::vector<std::byte> Header(std::uint64_t segment) {
    return Pattern(64, static_cast<std::uint32_t>(segment));
  }
  Status Append(std::size_t count) { return storage_->Append(Pattern(count, 1)); }

  bool Exists(std::uint64_t segment) { return disk_.Visible().contains(FileName(segment)); }
  std::uint64_t FileBytes(std::uint64_t segment) {
    return disk_.Visible().at(FileName(segment)).size();
  }
  std::vector<std::uint64_t> Listed() {
    std::vector<std::uint64_t> numbers;
    const auto list = storage_->ListSegments();
    EXPECT_TRUE(list.ok()) << list.status().ToString();
    for (const SegmentInfo& info : *list) numbers.push_back(info.number);
    return numbers;
  }
  std::vector<std::string> StepsOf(const std::function<void()>& call) {
    const std::size_t before = disk_.step_count();
    call();
    std::vector<std::string> names;
    const auto steps = disk_.steps();
    for (std::size_t i = before; i < steps.size(); ++i) names.push_back(ToString(steps[i]));
    return names;
  }

  SimulatedDisk disk_{1};
  SimulatedFileSystem files_{disk_};
  std::shared_ptr<ScriptedBackground> background_;
  std::unique_ptr<WalStorage> storage_;
};

TEST_P(SegmentPreparation, TheFirstSegmentBeginsWithOneMebibyteAndGrowsToItsCapacity) {
  Open();
  ASSERT_TRUE(Start(1, 3 * kMebibyte + 4096).ok());
  EXPECT_EQ(FileBytes(1), kMebibyte);
  ASSERT_TRUE(Append(kMebibyte).ok());
  EXPECT_EQ(FileBytes(1), 2 * kMebibyte);
  ASSERT_TRUE(Append(kMebibyte).ok());
  EXPECT_EQ(FileBytes(1), 3 * kMebibyte);
  ASSERT_TRUE(Append(kMebibyte).ok());
  EXPECT_EQ(FileBytes(1), 3 * kMebibyte + 4096);
}

TEST_P(SegmentPreparation, ASmallCapacityIsAllTheRoomThatIsMade) {
  Open();
  ASSERT_TRUE(Start(1, 5000).ok());
  EXPECT_EQ(FileBytes(1), 5000u);
}

TEST_P(SegmentPreparation, TheNextSegmentIsPreparedOnceTheOpenOneIsHalfFull) {
  Open();
  ASSERT_TRUE(Start(1, 10'000).ok());
  ASSERT_TRUE(Append(4900).ok());
  EXPECT_FALSE(Exists(2));
  ASSERT_TRUE(Append(100).ok());
  ASSERT_TRUE(Exists(2));
  EXPECT_EQ(FileBytes(2), 10'000u);
}

TEST_P(SegmentPreparation, APreparedSegmentIsNotListedAndNotToBeTouched) {
  Open();
  ASSERT_TRUE(Start(1, 10'000).ok());
  ASSERT_TRUE(Append(6000).ok());
  ASSERT_TRUE(Exists(2));
  EXPECT_EQ(Listed(), std::vector<std::uint64_t>{1});
  EXPECT_EQ(storage_->Truncate(2, 0).code(), StatusCode::kNotFound);
  EXPECT_EQ(storage_->Persist(2).code(), StatusCode::kNotFound);
  EXPECT_TRUE(storage_->RemoveSegment(2).ok());
  EXPECT_TRUE(Exists(2)) << "it is still wanted";
  ASSERT_TRUE(Start(2, 10'000).ok());
  EXPECT_EQ(Listed(), (std::vector<std::uint64_t>{1, 2}));
}

TEST_P(SegmentPreparation, RotationIntoAPreparedSegmentCostsOneSyncedHeader) {
  Open(BackgroundMoment::kWhenWaitedFor);
  ASSERT_TRUE(Start(1, 10'000).ok());
  ASSERT_TRUE(Append(6000).ok());
  ASSERT_TRUE(storage_->Sync().ok());
  background_->Drain();
  const auto steps = StepsOf([&] { ASSERT_TRUE(Start(2, 10'000).ok()); });
  // A mapped header is written without a call.
  std::vector<std::string> expected = {"write " + FileName(2), "sync " + FileName(2)};
  if (GetParam().name == "Mmap") expected.erase(expected.begin());
  EXPECT_EQ(steps, expected);
}

TEST_P(SegmentPreparation, ASyncWithNothingNewTouchesNothing) {
  Open();
  ASSERT_TRUE(Start(1, 10'000).ok());
  ASSERT_TRUE(Append(10).ok());
  ASSERT_TRUE(storage_->Sync().ok());
  EXPECT_TRUE(StepsOf([&] { ASSERT_TRUE(storage_->Sync().ok()); }).empty());
}

TEST_P(SegmentPreparation, ASealedSegmentIsCutToItsUsedLengthInTheBackground) {
  Open(BackgroundMoment::kWhenWaitedFor);
  ASSERT_TRUE(Start(1, 10'000).ok());
  ASSERT_TRUE(Append(100).ok());
  ASSERT_TRUE(Start(2, 10'000).ok());
  EXPECT_EQ(FileBytes(1), 10'000u);
  background_->Drain();
  EXPECT_EQ(FileBytes(1), 164u);
}

TEST_P(SegmentPreparation, CloseRemovesAPreparedSegmentAndCutsTheOpenOne) {
  Open();
  ASSERT_TRUE(Start(1, 10'000).ok());
  ASSERT_TRUE(Append(6000).ok());
  ASSERT_TRUE(Exists(2));
  ASSERT_TRUE(storage_->Close().ok());
  EXPECT_FALSE(Exists(2));
  EXPECT_EQ(FileBytes(1), 6064u);
}

TEST_P(SegmentPreparation, OpeningRemovesASegmentPreparedAndNeverStarted) {
  Open();
  ASSERT_TRUE(Start(1, 10'000).ok());
  ASSERT_TRUE(Append(6000).ok());
  ASSERT_TRUE(Exists(2));
  Open();
  EXPECT_FALSE(Exists(2));
  EXPECT_EQ(Listed(), std::vector<std::uint64_t>{1});
}

TEST_P(SegmentPreparation, ADamagedHeaderDoesNotMakeASegmentUnstarted) {
  Open();
  ASSERT_TRUE(Start(1, 100'000).ok());
  ASSERT_TRUE(Append(20'000).ok());
  storage_.reset();
  auto files = disk_.Visible();
  std::fill_n(files.at(FileName(1)).begin(), 10'000, std::byte{0});
  SimulatedDisk damaged(1, {}, files);
  SimulatedFileSystem file_system(damaged);
  const auto storage = GetParam().open("pool", {.files = &file_system});
  ASSERT_TRUE(storage.ok());
  EXPECT_EQ(*(*storage)->ListSegments(),
            (std::vector<SegmentInfo>{{.number = 1, .bytes = 100'000}}));
}

TEST_P(SegmentPreparation, AnotherNumberThanThePreparedOneIsStartedAllTheSame) {
  Open();
  ASSERT_TRUE(Start(1, 10'000).ok());
  ASSERT_TRUE(Append(6000).ok());
  ASSERT_TRUE(Exists(2));
  ASSERT_TRUE(Start(7, 10'000).ok());
  EXPECT_FALSE(Exists(2));
  EXPECT_EQ(Listed(), (std::vector<std::uint64_t>{1, 7}));
}

TEST_P(SegmentPreparation, FilesOfOtherNamesAreLeftAlone) {
  const testing::FileContents others = {{"lock", Bytes("1\n")},
                                        {"wal-1.log", Bytes("short number")},
                                        {"wal-99999999999999999999.log", Bytes("above 2^64")},
                                        {FileName(3) + ".bak", Bytes("a copy")},
                                        {"notes.txt", {}}};
  SimulatedDisk disk(1, {}, others);
  SimulatedFileSystem files(disk);
  const auto storage = GetParam().open("pool", {.files = &files});
  ASSERT_TRUE(storage.ok());
  EXPECT_TRUE((*storage)->ListSegments()->empty());
  EXPECT_EQ(disk.Visible(), others);
}

TEST_P(SegmentPreparation, TheNextSegmentOfALargeOneIsPreparedEarlyAndSmallThenWhole) {
  Open();
  ASSERT_TRUE(Start(1, 4 * kMebibyte).ok());
  ASSERT_TRUE(Append(kMebibyte / 4 - 65).ok());
  EXPECT_FALSE(Exists(2)) << "not worth it yet";
  ASSERT_TRUE(Append(1).ok());
  ASSERT_TRUE(Exists(2));
  EXPECT_EQ(FileBytes(2), kMebibyte);
  ASSERT_TRUE(Append(kMebibyte).ok());
  EXPECT_EQ(FileBytes(2), kMebibyte);
  ASSERT_TRUE(Append(kMebibyte).ok());
  EXPECT_EQ(FileBytes(2), 4 * kMebibyte);
  ASSERT_TRUE(Start(2, 4 * kMebibyte).ok());
  EXPECT_EQ(FileBytes(2), 4 * kMebibyte);
}

TEST_P(SegmentPreparation, WithoutSpaceForAWholeSegmentTheSmallOneIsStarted) {
  Open();
  ASSERT_TRUE(Start(1, 4 * kMebibyte).ok());
  ASSERT_TRUE(Append(kMebibyte).ok());
  ASSERT_TRUE(Append(kMebibyte - 264).ok());
  disk_.Restart({{.kind = FaultKind::kNoSpace, .at = 2, .count = 4}});
  ASSERT_TRUE(Append(200).ok());
  ASSERT_TRUE(Exists(2));
  EXPECT_EQ(FileBytes(2), kMebibyte) << "what was begun must be given back";
  ASSERT_TRUE(Start(2, 4 * kMebibyte).ok());
  ASSERT_TRUE(Append(2 * kMebibyte).ok());
}

TEST_P(SegmentPreparation, AnErrorInTheBackgroundIsMadeGoodByTheOwner) {
  for (std::uint64_t step = 0; step < 12; ++step) {
    SCOPED_TRACE(step);
    SimulatedDisk disk(step);
    SimulatedFileSystem files(disk);
    const auto background = std::make_shared<ScriptedBackground>(BackgroundMoment::kWhenWaitedFor);
    const auto storage = GetParam().open("pool", {.files = &files, .background = background});
    ASSERT_TRUE(storage.ok());
    ASSERT_TRUE((*storage)->StartSegment(1, 2 * kMebibyte, Header(1)).ok());
    ASSERT_TRUE((*storage)->Append(Pattern(kMebibyte / 2, 1)).ok());
    ASSERT_TRUE((*storage)->Append(Pattern(kMebibyte / 2, 2)).ok());
    ASSERT_TRUE((*storage)->Sync().ok());
    disk.Restart({{.kind = FaultKind::kFailedCall, .at = step},
                  {.kind = FaultKind::kFailedSync, .at = step}});
    background->Drain();
    disk.Restart();
    ASSERT_TRUE((*storage)->StartSegment(2, 2 * kMebibyte, Header(2)).ok());
    ASSERT_TRUE((*storage)->Append(Pattern(kMebibyte / 2, 3)).ok());
    ASSERT_TRUE((*storage)->Close().ok());
    EXPECT_TRUE(disk.AfterPowerLoss(1).at(FileName(2)) ==
                Joined(Header(2), Pattern(kMebibyte / 2, 3)));
  }
}

TEST_P(SegmentPreparation, GrowthThatFindsNoSpaceGivesBackWhatItTook) {
  Open();
  ASSERT_TRUE(Start(1, 8 * kMebibyte).ok());
  ASSERT_TRUE(Append(kMebibyte - 100).ok());
  disk_.Restart({{.kind = FaultKind::kNoSpace, .at = 2, .count = kFromThenOn}});
  EXPECT_EQ(Append(kMebibyte / 2 + 1000).code(), StatusCode::kFull);
  EXPECT_EQ(FileBytes(1), kMebibyte);
  EXPECT_TRUE(Append(36).ok()) << "there is room left";
  EXPECT_TRUE(storage_->Sync().ok());
  EXPECT_EQ(Append(1).code(), StatusCode::kFull);
  disk_.Restart();
  EXPECT_TRUE(Append(1).ok());
  const auto bytes = ReadAll(*storage_, 1);
  ASSERT_TRUE(bytes.ok());
  const auto expected =
      Joined(Joined(Joined(Header(1), Pattern(kMebibyte - 100, 1)), Pattern(36, 1)), Pattern(1, 1));
  EXPECT_TRUE(WithoutRoom(*bytes) == expected);
}

TEST_P(SegmentPreparation, ASourceForReadersNeedsNoOwner) {
  Open();
  ASSERT_TRUE(Start(1, 10'000).ok());
  ASSERT_TRUE(Append(6000).ok());
  const auto before = disk_.Visible();
  native::FileWalSource source("pool", files_);
  EXPECT_EQ(*source.ListSegments(), *storage_->ListSegments());
  EXPECT_EQ(*ReadAll(source, 1), *ReadAll(*storage_, 1));
  EXPECT_EQ(source.SegmentName(1), FileName(1));
  EXPECT_TRUE(disk_.Visible() == before);
}

INSTANTIATE_TEST_SUITE_P(Storages, SegmentPreparation,
                         ::testing::Values(Kind{"File", native::OpenFileStorage},
                                           Kind{"Mmap", native::OpenMmapStorage}),
                         [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace rewardpool::tests
