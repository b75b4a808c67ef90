#include "pool_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "rewardpool/pool_file_names.h"
#include "rewardpool/record_codec.h"
#include "rewardpool/wal_batcher.h"
#include "support/bytes.h"
#include "wasm/loop/carry_out.h"
#include "wasm/loop/loop_driver.h"

namespace rewardpool::wasm {
namespace {

using ::testing::HasSubstr;

std::string GoldenFile(const std::string& name) {
  std::ifstream file(RP_GOLDEN_DIR "/" + name, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

MemoryDisk GoldenLog() {
  MemoryDisk disk;
  for (const std::uint64_t number : {1, 2, 3}) {
    disk.segments[number] = tests::Bytes(GoldenFile("log/binary/" + SegmentFileName(number)));
  }
  return disk;
}

void LoadArchive(const std::vector<std::byte>& archive, PoolFiles& files) {
  std::copy(archive.begin(), archive.end(), files.LoadArchive(archive.size()).begin());
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// A pool of a mark in the middle, so of a snapshot and several segments.
std::shared_ptr<MemoryDisk> SnapshottedPool() {
  auto disk = std::make_shared<MemoryDisk>();
  LoopDriver driver(disk);
  EXPECT_TRUE(driver.Open(std::vector<Item>{{"gold", 1, Quantity::Of(3)}, {"mud", 9}}).ok());
  (void)driver.loop().StageDraws(100);
  EXPECT_TRUE(driver.Flush().ok());
  EXPECT_TRUE(driver.Snapshot().ok());
  (void)driver.loop().StageDraws(20);
  EXPECT_TRUE(driver.Flush().ok());
  return disk;
}

TEST(PoolFilesTest, WithoutFilesThereIsNoPool) {
  const PoolFiles files;
  EXPECT_EQ(files.Verify().status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files.LogLines(0, 0, 1000).value(), "");
}

TEST(PoolFilesTest, WhatIsLoadedIsVerified) {
  PoolFiles files;
  LoadFrom(*SnapshottedPool(), files);
  const Result<VerifyReport> report = files.Verify();
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_EQ(report->last_request_id, 120U);
  EXPECT_EQ(report->snapshots_compared, 1U);
}

TEST(PoolFilesTest, DamageIsRefusedByTheNameOfTheFile) {
  const std::shared_ptr<MemoryDisk> disk = SnapshottedPool();
  disk->segments.at(1).at(70) ^= std::byte{1};
  PoolFiles files;
  LoadFrom(*disk, files);
  const Status refusal = files.Verify().status();
  EXPECT_EQ(refusal.code(), StatusCode::kCorrupt);
  EXPECT_THAT(refusal.message(), HasSubstr("wal-00000000000000000001.log"));
  EXPECT_EQ(files.EncodeArchive().status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(files.LogLines(0, 0, 1000).status().code(), StatusCode::kCorrupt);
}

// --- The archive ----------------------------------------------------------------

TEST(PoolFilesTest, AnArchiveHoldsEveryFileAndComesBackTheSame) {
  const std::shared_ptr<MemoryDisk> disk = SnapshottedPool();
  PoolFiles files;
  LoadFrom(*disk, files);
  Result<ByteBuffer> archive = files.EncodeArchive();
  ASSERT_TRUE(archive.ok()) << archive.status().ToString();
  PoolFiles copy;
  LoadArchive({archive->bytes().begin(), archive->bytes().end()}, copy);
  ASSERT_TRUE(copy.DecodeArchive().ok());
  EXPECT_EQ(copy.disk().segments, disk->segments);
  EXPECT_EQ(copy.disk().snapshots, disk->snapshots);
}

TEST(PoolFilesTest, ATornTailIsLeftOutOfTheArchive) {
  const std::shared_ptr<MemoryDisk> disk = SnapshottedPool();
  auto whole = disk->segments;
  std::vector<std::byte>& last = disk->segments.rbegin()->second;
  last = tests::Joined(last, tests::Pattern(33, 1));
  PoolFiles files;
  LoadFrom(*disk, files);
  Result<ByteBuffer> archive = files.EncodeArchive();
  ASSERT_TRUE(archive.ok()) << archive.status().ToString();
  LoadArchive({archive->bytes().begin(), archive->bytes().end()}, files);
  ASSERT_TRUE(files.DecodeArchive().ok());
  EXPECT_EQ(files.disk().segments, whole);
}

TEST(PoolFilesTest, ADamagedArchiveLeavesWhatWasLoaded) {
  const std::shared_ptr<MemoryDisk> disk = SnapshottedPool();
  PoolFiles files;
  LoadFrom(*disk, files);
  std::vector<std::byte> archive = tests::Bytes(GoldenFile("archive/pool.tar"));
  archive.at(3000) ^= std::byte{4};
  LoadArchive(archive, files);
  EXPECT_EQ(files.DecodeArchive().code(), StatusCode::kCorrupt);
  EXPECT_EQ(files.disk().segments, disk->segments);
  EXPECT_EQ(files.disk().snapshots, disk->snapshots);
  EXPECT_EQ(files.DecodeArchive().code(), StatusCode::kCorrupt) << "the archive is forgotten";
}

TEST(PoolFilesTest, TheGoldenArchiveIsVerifiedAndWrittenAsTheSameBytes) {
  const std::vector<std::byte> golden = tests::Bytes(GoldenFile("archive/pool.tar"));
  PoolFiles files;
  LoadArchive(golden, files);
  ASSERT_TRUE(files.DecodeArchive().ok());
  EXPECT_EQ(files.Verify()->last_request_id, 1000U);
  const Result<ByteBuffer> archive = files.EncodeArchive();
  ASSERT_TRUE(archive.ok());
  EXPECT_EQ(std::vector(archive->bytes().begin(), archive->bytes().end()), golden);
}

// --- Log lines --------------------------------------------------------------------

TEST(PoolFilesTest, WindowsOfAnySizeShowTheWholeLogLineByLine) {
  const std::string expected = GoldenFile("log/expected.jsonl");
  PoolFiles files;
  LoadFrom(GoldenLog(), files);
  for (const std::size_t bytes_max : {1U, 100U, 1000U, 5000U, 1'000'000U}) {
    std::string text;
    std::uint64_t lines_read = 0;
    while (true) {
      const Result<std::string> window = files.LogLines(0, lines_read, bytes_max);
      ASSERT_TRUE(window.ok()) << window.status().ToString();
      if (window->empty()) break;
      EXPECT_EQ(window->back(), '\n');
      lines_read += LinesOf(*window).size();
      text += *window;
    }
    EXPECT_EQ(text, expected) << "windows of " << bytes_max << " bytes";
  }
}

TEST(PoolFilesTest, SkippedLinesMayEndAnywhere) {
  const std::vector<std::string> expected = LinesOf(GoldenFile("log/expected.jsonl"));
  PoolFiles files;
  LoadFrom(GoldenLog(), files);
  for (std::size_t skip = 0; skip <= expected.size() + 1; ++skip) {
    const Result<std::string> window = files.LogLines(0, skip, 1'000'000);
    ASSERT_TRUE(window.ok());
    const std::vector<std::string> lines = LinesOf(*window);
    ASSERT_EQ(lines.size(), expected.size() - std::min(skip, expected.size()));
    EXPECT_TRUE(std::equal(lines.rbegin(), lines.rend(), expected.rbegin())) << skip;
  }
}

TEST(PoolFilesTest, BehindARequestComeThoseAfterItAndNothingBefore) {
  const std::vector<std::string> all = LinesOf(GoldenFile("log/expected.jsonl"));
  PoolFiles files;
  LoadFrom(GoldenLog(), files);
  for (RequestId after = 1; after <= 282; ++after) {
    const Result<std::string> window = files.LogLines(after, 0, 1'000'000);
    ASSERT_TRUE(window.ok());
    const std::vector<std::string> lines = LinesOf(*window);
    // Requests are told by their ids; lines without one are at the places of the
    // mark (behind 40) and of the orderly end (behind 240).
    const std::size_t marks = (after <= 40 ? 1 : 0) + (after <= 240 ? 1 : 0);
    ASSERT_EQ(lines.size(), 281 - std::min<RequestId>(after, 281) + marks) << after;
    EXPECT_TRUE(std::equal(lines.rbegin(), lines.rend(), all.rbegin())) << after;
  }
}

TEST(PoolFilesTest, SkippingCountsFromTheFirstLineBehindTheRequest) {
  PoolFiles files;
  LoadFrom(GoldenLog(), files);
  const std::vector<std::string> behind = LinesOf(*files.LogLines(100, 0, 1'000'000));
  for (const std::size_t skip : {1U, 50U, 139U, 140U, 141U}) {
    const std::vector<std::string> lines = LinesOf(*files.LogLines(100, skip, 1'000'000));
    EXPECT_EQ(lines, std::vector(behind.begin() + static_cast<std::ptrdiff_t>(skip), behind.end()));
  }
}

TEST(PoolFilesTest, BillionsOfRefusalsAreReadAWindowAtATime) {
  constexpr std::uint64_t kRefusals = 4'000'000'000;
  auto disk = std::make_shared<MemoryDisk>();
  {
    MemoryStorage log(disk);
    WalBatcher batcher(LogEnd{}, {.codec = FindRecordCodec("binary"), .salt_seed = 1});
    const ItemTable items;
    const std::uint32_t schema_hash = items.schema_hash();
    batcher.Add(PoolCreated{0}, items);
    batcher.Add(RefusedRun{kRefusals}, items);
    ASSERT_TRUE(AppendBatch(log, batcher.Seal(true, schema_hash)).ok());
  }
  PoolFiles files;
  LoadFrom(*disk, files);
  const Result<std::string> first = files.LogLines(0, 1, 1000);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_THAT(*first, HasSubstr("\"request_id\":1,"));
  EXPECT_LT(first->size(), 3000U);
  // One is the line of the creation.
  const Result<std::string> last = files.LogLines(0, kRefusals, 1000);
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(LinesOf(*last), std::vector<std::string>{
                                R"({"type":"draw","request_id":4000000000,"error":"exhausted"})"});
  EXPECT_EQ(*files.LogLines(0, kRefusals + 1, 1000), "");
  EXPECT_EQ(LinesOf(*files.LogLines(kRefusals - 1, 0, 1000)), LinesOf(*last));
}

}  // namespace
}  // namespace rewardpool::wasm
