// Pools as one file: what goes in comes out, and no other byte passes.
#include "rewardpool/pool_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "rewardpool/crc32c.h"
#include "rewardpool/pool_file_names.h"
#include "rewardpool/snapshot.h"
#include "rewardpool/wal_format.h"
#include "support/bytes.h"
#include "support/sync_pool.h"
#include "ustar_header.h"

namespace rewardpool::tests {
namespace {

using internal::kUstarBlockBytes;
using ::testing::HasSubstr;
using testing::SyncPool;
using testing::SyncPoolOptions;

using Archive = std::vector<std::byte>;
using Disk = std::shared_ptr<MemoryDisk>;

Archive Encoded(const MemoryDisk& disk) {
  const Result<ByteBuffer> archive = EncodePoolArchive(disk);
  EXPECT_TRUE(archive.ok()) << archive.status().ToString();
  if (!archive.ok()) return {};
  return {archive->bytes().begin(), archive->bytes().end()};
}

Result<CollectedPool> Collect(const Disk& disk) {
  MemoryStorage log(disk);
  MemorySnapshotStore snapshots(disk);
  return CollectPoolFiles(log, snapshots);
}

Result<VerifyReport> Verify(const Disk& disk) {
  MemoryStorage log(disk, MemoryNames::kFiles);
  MemorySnapshotStore snapshots(disk, MemoryNames::kFiles);
  return VerifyPool(log, snapshots);
}

// What is lost on the way from one disk to the other, if anything.
void ExpectSamePool(const Disk& before, const Disk& after) {
  MemoryStorage log_before(before);
  MemorySnapshotStore snapshots_before(before);
  const auto history_before = testing::ReadHistory(log_before, snapshots_before);
  MemoryStorage log_after(after);
  MemorySnapshotStore snapshots_after(after);
  const auto history_after = testing::ReadHistory(log_after, snapshots_after);
  ASSERT_TRUE(history_before.ok()) << history_before.status().ToString();
  ASSERT_TRUE(history_after.ok()) << history_after.status().ToString();
  EXPECT_EQ(history_after->entries, history_before->entries);
  EXPECT_EQ(history_after->inspection.log_end, history_before->inspection.log_end);
  EXPECT_EQ(testing::StatesOf(history_after->inspection.items),
            testing::StatesOf(history_before->inspection.items));
  EXPECT_EQ(snapshots_after.List().value(), snapshots_before.List().value());
}

// A pool with a life behind it, as a process that was killed leaves it.
Disk RandomPool(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  auto disk = std::make_shared<MemoryDisk>();
  const std::vector<Item> catalog = {{"gold", 1, Quantity::Of(5)},
                                     {"silver", 10, Quantity::Of(1000)},
                                     {"tin", 89, Quantity::Unlimited()}};
  SyncPoolOptions options;
  options.codec = below(2) == 0 ? "binary" : "jsonl";
  options.segment_bytes_max = 300 + below(1000);
  for (std::uint64_t opening = 0; opening < 1 + below(3); ++opening) {
    options.random_seed = random();
    MemoryStorage log(disk);
    MemorySnapshotStore snapshots(disk);
    Result<SyncPool> pool = SyncPool::Open(log, snapshots, catalog, options);
    EXPECT_TRUE(pool.ok()) << pool.status().ToString();
    if (!pool.ok()) return disk;
    for (std::uint64_t step = below(40); step-- > 0;) {
      const std::uint64_t action = below(12);
      if (action < 6) {
        pool->Draw(1 + below(60));
      } else if (action < 9) {
        (void)pool->Draw({.count = 3, .key = "key " + std::to_string(below(20)), .user = ""});
      } else if (action == 9) {
        (void)pool->Add({"extra " + std::to_string(below(5)), below(9), Quantity::Of(below(9))});
      } else if (action == 10) {
        (void)pool->Remove("extra " + std::to_string(below(5)));
      } else {
        EXPECT_TRUE(pool->Snapshot().ok());
      }
      EXPECT_TRUE(pool->Flush().ok());
    }
    if (below(2) == 0) {
      EXPECT_TRUE(pool->Close().ok());
    }
  }
  std::vector<std::byte>& last = disk->segments.rbegin()->second;
  switch (below(4)) {
    case 0:  // room that was made and not used
      last.resize(last.size() + 4096);
      break;
    case 1:  // a torn write
      for (std::uint64_t i = 1 + below(40); i-- > 0;) last.push_back(std::byte{0xEE});
      break;
    case 2: {  // a start that was cut short
      const std::uint64_t next = disk->segments.rbegin()->first + 1;
      disk->segments[next] = Pattern(1 + below(kSegmentHeaderBytes), 1);
      break;
    }
    default:
      break;
  }
  return disk;
}

// Small, and with one of everything: two snapshots, segments of several lengths,
// and content that ends at a block's end.
MemoryDisk SampleFiles() {
  MemoryDisk disk;
  disk.snapshots[0] = Pattern(700, 1);
  disk.snapshots[12'345'678'901'234'567'890u] = Pattern(kUstarBlockBytes, 2);
  disk.segments[3] = Pattern(1, 3);
  disk.segments[4] = {};
  disk.segments[5] = Pattern(kUstarBlockBytes - 1, 4);
  return disk;
}

struct Part {
  std::string name;
  std::vector<std::byte> content;
};

std::string HexOf(std::uint32_t crc) {
  std::string digits = "00000000";
  for (std::size_t i = 8; i-- > 0; crc >>= 4) digits[i] = "0123456789abcdef"[crc & 15];
  return digits;
}

std::string ListOf(const std::vector<Part>& parts) {
  std::string list;
  for (const Part& part : parts) {
    list += HexOf(Crc32c(0, part.content)) + " " + std::to_string(part.content.size()) + " " +
            part.name + "\n";
  }
  return list + HexOf(Crc32c(0, Bytes(list))) + " " + std::to_string(list.size()) + " checksums\n";
}

void AppendPart(const Part& part, Archive& archive) {
  const auto header = internal::MakeUstarHeader(part.name, part.content.size());
  archive.insert(archive.end(), header->begin(), header->end());
  archive.insert(archive.end(), part.content.begin(), part.content.end());
  archive.resize((archive.size() + kUstarBlockBytes - 1) / kUstarBlockBytes * kUstarBlockBytes);
}

// An archive with these entries in this order, and right in every other way.
Archive Forged(const std::vector<Part>& parts, const std::string& list) {
  Archive archive;
  for (const Part& part : parts) AppendPart(part, archive);
  AppendPart({"checksums", Bytes(list)}, archive);
  archive.resize(archive.size() + 2 * kUstarBlockBytes);
  return archive;
}
Archive Forged(const std::vector<Part>& parts) { return Forged(parts, ListOf(parts)); }

// Puts the sum of the header at `at` right.
void MendSum(Archive& archive, std::size_t at) {
  for (std::size_t i = 148; i < 156; ++i) archive[at + i] = std::byte{' '};
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < kUstarBlockBytes; ++i) {
    sum += static_cast<std::uint32_t>(archive[at + i]);
  }
  for (std::size_t i = 154; i-- > 148; sum >>= 3) {
    archive[at + i] = static_cast<std::byte>('0' + (sum & 7));
  }
  archive[at + 154] = std::byte{0};
}

std::string RefusalOf(const Archive& archive) {
  const Result<MemoryDisk> decoded = DecodePoolArchive(archive);
  EXPECT_EQ(decoded.status().code(), StatusCode::kCorrupt) << decoded.status().ToString();
  return decoded.status().message();
}

TEST(PoolArchive, RandomPoolsComeBackAsTheyWere) {
  std::size_t snapshots = 0;
  std::size_t segments = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Disk disk = RandomPool(seed);
    Result<CollectedPool> collected = Collect(disk);
    ASSERT_TRUE(collected.ok()) << collected.status().ToString();
    const Archive archive = Encoded(collected->files);
    Result<MemoryDisk> decoded = DecodePoolArchive(archive);
    ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
    EXPECT_EQ(decoded->segments, collected->files.segments);
    EXPECT_EQ(decoded->snapshots, collected->files.snapshots);
    EXPECT_EQ(Encoded(*decoded), archive);
    const auto copy = std::make_shared<MemoryDisk>(*std::move(decoded));
    ExpectSamePool(disk, copy);
    const Result<VerifyReport> report = Verify(copy);
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_EQ(report->notes, std::vector<std::string>());
    EXPECT_EQ(report->segments, copy->segments.size());
    EXPECT_EQ(report->last_request_id, collected->report.last_request_id);
    snapshots += copy->snapshots.size();
    segments += copy->segments.size();
  }
  // The test is worth its name only if the pools had them.
  EXPECT_GT(snapshots, 100u);
  EXPECT_GT(segments, 300u);
}

TEST(PoolArchive, SegmentsAreCutToTheBytesInUse) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Disk disk = RandomPool(seed);
    const Result<CollectedPool> clean = Collect(disk);
    ASSERT_TRUE(clean.ok());
    // Every segment but the last may have room behind it for ever: cutting it off
    // is not synced.
    const std::uint64_t last = clean->files.segments.rbegin()->first;
    for (auto& [number, bytes] : disk->segments) {
      if (number < last) bytes.resize(bytes.size() + 100 * number);
    }
    const Result<CollectedPool> collected = Collect(disk);
    ASSERT_TRUE(collected.ok()) << collected.status().ToString();
    EXPECT_EQ(collected->files.segments, clean->files.segments);
  }
}

TEST(PoolArchive, SegmentsThatARemovalLeftBehindAreNotCollected) {
  auto disk = std::make_shared<MemoryDisk>();
  MemoryStorage log(disk);
  MemorySnapshotStore snapshots(disk);
  const std::vector<Item> catalog = {{"tin", 1, Quantity::Unlimited()}};
  Result<SyncPool> pool = SyncPool::Open(log, snapshots, catalog);
  ASSERT_TRUE(pool.ok());
  std::map<std::uint64_t, std::vector<std::byte>> all;
  for (int i = 0; i < 3; ++i) {
    pool->Draw(10);
    ASSERT_TRUE(pool->Flush().ok());
    for (const auto& [number, bytes] : disk->segments) all.insert_or_assign(number, bytes);
    ASSERT_TRUE(pool->Snapshot().ok());
  }
  const auto kept = disk->segments;
  ASSERT_GT(kept.begin()->first, 2u);
  disk->segments.insert(*all.find(kept.begin()->first - 1));
  const Result<CollectedPool> collected = Collect(disk);
  ASSERT_TRUE(collected.ok()) << collected.status().ToString();
  EXPECT_EQ(collected->files.segments.begin()->first, kept.begin()->first);
  EXPECT_EQ(collected->report.log_starts_after, 20u);
}

TEST(PoolArchive, ADamagedPoolIsNotCollected) {
  const Disk disk = RandomPool(4);
  ASSERT_GT(disk->segments.size(), 1u);
  std::vector<std::byte>& first = disk->segments.begin()->second;
  first[kSegmentHeaderBytes + 20] ^= std::byte{1};
  const Result<CollectedPool> collected = Collect(disk);
  EXPECT_EQ(collected.status().code(), StatusCode::kCorrupt);
  EXPECT_THAT(collected.status().message(), HasSubstr("wal-0"));
}

TEST(PoolArchive, ADamagedSnapshotIsNotCollectedThoughTheLogWouldDo) {
  auto disk = std::make_shared<MemoryDisk>();
  MemoryStorage log(disk);
  MemorySnapshotStore snapshots(disk);
  const std::vector<Item> catalog = {{"tin", 1, Quantity::Unlimited()}};
  Result<SyncPool> pool = SyncPool::Open(log, snapshots, catalog);
  ASSERT_TRUE(pool.ok());
  pool->Draw(10);
  ASSERT_TRUE(pool->Snapshot().ok());
  ASSERT_TRUE(Collect(disk).ok());
  disk->snapshots.at(10).back() ^= std::byte{1};
  const Result<CollectedPool> collected = Collect(disk);
  EXPECT_EQ(collected.status().code(), StatusCode::kCorrupt);
  EXPECT_THAT(collected.status().message(), HasSubstr("snapshot-00000000000000000010.snap"));
}

TEST(PoolArchive, WhereThereIsNoPoolNothingIsCollected) {
  EXPECT_EQ(Collect(std::make_shared<MemoryDisk>()).status().code(), StatusCode::kNotFound);
}

TEST(PoolArchive, FilesWithoutALogAreNotEncoded) {
  MemoryDisk disk = SampleFiles();
  disk.segments.clear();
  EXPECT_EQ(EncodePoolArchive(disk).status().code(), StatusCode::kInvalidArgument);
}

TEST(PoolArchive, AnyFilesComeBackAsTheyWere) {
  const MemoryDisk files = SampleFiles();
  const Result<MemoryDisk> decoded = DecodePoolArchive(Encoded(files));
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(decoded->segments, files.segments);
  EXPECT_EQ(decoded->snapshots, files.snapshots);
}

TEST(PoolArchive, AFlippedBitAnywhereIsRefusedWithItsEntry) {
  const MemoryDisk files = SampleFiles();
  Archive archive = Encoded(files);
  // Where each entry's content begins, its length, and its name.
  struct Place {
    std::size_t begin;
    std::size_t bytes;
    std::string name;
  };
  std::vector<Place> places;
  std::size_t at = 0;
  const auto add_place = [&](const std::string& name, std::size_t bytes) {
    places.push_back({at + kUstarBlockBytes, bytes, name});
    at += kUstarBlockBytes + (bytes + kUstarBlockBytes - 1) / kUstarBlockBytes * kUstarBlockBytes;
  };
  for (const auto& [name, bytes] : files.snapshots) add_place(SnapshotFileName(name), bytes.size());
  for (const auto& [number, bytes] : files.segments)
    add_place(SegmentFileName(number), bytes.size());
  add_place("checksums", 0);

  for (std::size_t i = 0; i < archive.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      archive[i] ^= static_cast<std::byte>(1 << bit);
      const Result<MemoryDisk> decoded = DecodePoolArchive(archive);
      ASSERT_EQ(decoded.status().code(), StatusCode::kCorrupt)
          << "byte " << i << ", bit " << bit << ": " << decoded.status().ToString();
      for (const Place& place : places) {
        if (i < place.begin || i >= place.begin + place.bytes) continue;
        ASSERT_EQ(decoded.status().message(),
                  place.name + ", offset " + std::to_string(place.begin) +
                      " of the archive: the content does not have the checksum that is listed "
                      "for it")
            << "byte " << i;
      }
      archive[i] ^= static_cast<std::byte>(1 << bit);
    }
  }
  EXPECT_TRUE(DecodePoolArchive(archive).ok());
}

TEST(PoolArchive, DamageIsNamedByTheFirstByteThatIsWrongWhereThatIsKnown) {
  const Archive whole = Encoded(SampleFiles());
  const auto flipped = [&](std::size_t at) {
    Archive archive = whole;
    archive[at] ^= std::byte{1};
    return RefusalOf(archive);
  };
  const std::string first = SnapshotFileName(0);
  EXPECT_EQ(flipped(102), first + ", offset 102 of the archive: the header is damaged");
  EXPECT_EQ(flipped(512 + 700 + 30),
            first + ", offset 1242 of the archive: there is something behind the content");
  const std::size_t end = whole.size() - 2 * kUstarBlockBytes;
  EXPECT_EQ(flipped(end + 600), "offset " + std::to_string(end + 600) +
                                    " of the archive: there is something in its closing blocks");
  const std::size_t list = end - kUstarBlockBytes;
  EXPECT_EQ(flipped(list + 3), "checksums, offset " + std::to_string(list + 3) +
                                   " of the archive: the list of checksums is damaged, or not that "
                                   "of this archive");
}

TEST(PoolArchive, EveryTruncationIsRefused) {
  const Archive whole = Encoded(SampleFiles());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Result<MemoryDisk> decoded = DecodePoolArchive(std::span(whole).first(length));
    ASSERT_EQ(decoded.status().code(), StatusCode::kCorrupt) << "cut to " << length;
    ASSERT_THAT(decoded.status().message(), HasSubstr("offset " + std::to_string(length) + " "));
  }
}

TEST(PoolArchive, NothingMayFollow) {
  const Archive whole = Encoded(SampleFiles());
  const std::string place = "offset " + std::to_string(whole.size()) + " of the archive: ";
  for (const std::size_t count : {1, 511, 512, 1024, 8192}) {
    EXPECT_EQ(RefusalOf(Joined(whole, std::vector<std::byte>(count))),
              place + "there is something behind its end");
  }
  EXPECT_EQ(RefusalOf(Joined(whole, whole)), place + "there is something behind its end");
}

TEST(PoolArchive, EveryRemovedBlockIsMissed) {
  const Archive whole = Encoded(SampleFiles());
  for (std::size_t at = 0; at < whole.size(); at += kUstarBlockBytes) {
    Archive archive = whole;
    const auto begin = archive.begin() + static_cast<std::ptrdiff_t>(at);
    archive.erase(begin, begin + static_cast<std::ptrdiff_t>(kUstarBlockBytes));
    EXPECT_NE(RefusalOf(archive), "") << "block at " << at;
  }
}

TEST(PoolArchive, EntriesInAnotherOrderOrTwiceAreRefused) {
  const Part snapshot{SnapshotFileName(5), Pattern(10, 1)};
  const Part one{SegmentFileName(1), Pattern(20, 2)};
  const Part two{SegmentFileName(2), Pattern(30, 3)};
  ASSERT_TRUE(DecodePoolArchive(Forged({snapshot, one, two})).ok());
  EXPECT_THAT(RefusalOf(Forged({snapshot, two, one})), HasSubstr("out of place"));
  EXPECT_THAT(RefusalOf(Forged({one, snapshot, two})), HasSubstr("out of place"));
  EXPECT_THAT(RefusalOf(Forged({one, two, two})), HasSubstr("out of place"));
}

TEST(PoolArchive, FilesThatAreNotThoseOfAPoolAreRefused) {
  const Part log{SegmentFileName(1), Pattern(20, 2)};
  for (const std::string name : {"lock", "wal-1.log", "wal-00000000000000000002.tmp", "../x",
                                 "./wal-00000000000000000002.log", "zzz"}) {
    EXPECT_THAT(RefusalOf(Forged({log, {name, Pattern(3, 1)}})),
                HasSubstr("offset 1024 of the archive: there is no header of a pool's file"))
        << name;
  }
  EXPECT_THAT(RefusalOf(Forged({{"zzz", {}}, log})), HasSubstr("it is not the archive of a pool"));
  EXPECT_THAT(RefusalOf(Bytes(std::string(5000, 'x'))),
              HasSubstr("it is not the archive of a pool"));
}

TEST(PoolArchive, AnArchiveWithoutALogIsRefused) {
  EXPECT_THAT(RefusalOf(Forged({})), HasSubstr("it has no log"));
  EXPECT_THAT(RefusalOf(Forged({{SnapshotFileName(5), Pattern(10, 1)}})),
              HasSubstr("it has no log"));
}

TEST(PoolArchive, AListOfOtherEntriesIsRefused) {
  const std::vector<Part> parts = {{SegmentFileName(1), Pattern(20, 2)},
                                   {SegmentFileName(2), Pattern(30, 3)}};
  const std::string list = ListOf(parts);
  ASSERT_TRUE(DecodePoolArchive(Forged(parts, list)).ok());
  for (const std::string& other :
       {ListOf({parts[0]}), ListOf({parts[0], parts[1], parts[1]}), std::string(), list + "\n",
        list + list, list.substr(0, list.size() - 1), "\n" + list}) {
    EXPECT_NE(RefusalOf(Forged(parts, other)), "") << other;
  }
}

TEST(PoolArchive, HeadersOfOtherTarProgramsAreRefused) {
  Archive archive = Encoded(SampleFiles());
  archive[107] = std::byte{' '};  // a mode that ends with a space, as some write it
  MendSum(archive, 0);
  EXPECT_EQ(RefusalOf(archive),
            SnapshotFileName(0) + ", offset 107 of the archive: the header is damaged");
}

TEST(PoolArchive, ANewerVersionIsToldFromDamage) {
  Archive archive = Encoded(SampleFiles());
  ASSERT_EQ(archive[297 + 8], std::byte{'1'});
  archive[297 + 8] = std::byte{'2'};
  EXPECT_THAT(RefusalOf(archive), HasSubstr("offset "));
  MendSum(archive, 0);
  const Result<MemoryDisk> decoded = DecodePoolArchive(archive);
  EXPECT_EQ(decoded.status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(decoded.status().message(), "the archive has version 2; this program reads version 1");
  archive[265] = std::byte{'R'};  // of another owner: some other tar file
  MendSum(archive, 0);
  EXPECT_THAT(RefusalOf(archive), HasSubstr("the header is damaged"));
}

TEST(PoolArchive, ASizeBeyondElevenOctalDigitsIsRefused) {
  const std::uint64_t largest = (std::uint64_t{1} << 33) - 1;
  const auto header = internal::MakeUstarHeader("checksums", largest);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(internal::ReadUstarHeader(*header)->size, largest);
  EXPECT_EQ(internal::MakeUstarHeader("checksums", largest + 1).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(PoolArchive, AnEntryThatClaimsMoreBytesThanThereAreTakesNoMemory) {
  Archive archive;
  const auto header = internal::MakeUstarHeader(SegmentFileName(1), (std::uint64_t{1} << 33) - 1);
  archive.assign(header->begin(), header->end());
  archive.resize(10 * kUstarBlockBytes);
  EXPECT_THAT(RefusalOf(archive), HasSubstr("the archive ends in the middle of 8589934591 bytes"));
}

// tests/golden/archive/pool.tar, which other programs read too. RP_UPDATE_GOLDEN
// writes it; then the test fails, so that nobody leaves it on.
TEST(GoldenArchive, IsReadAndWrittenAsItAlwaysWas) {
  const std::filesystem::path path = std::filesystem::path(RP_GOLDEN_DIR) / "archive/pool.tar";
  if (std::getenv("RP_UPDATE_GOLDEN") != nullptr) {
    auto disk = std::make_shared<MemoryDisk>();
    MemoryStorage log(disk);
    MemorySnapshotStore snapshots(disk);
    const std::vector<Item> catalog = {{"gold", 1, Quantity::Of(3)},
                                       {"tin", 9, Quantity::Unlimited()}};
    Result<SyncPool> pool = SyncPool::Open(log, snapshots, catalog, {.segment_bytes_max = 100'000});
    ASSERT_TRUE(pool.ok());
    pool->Draw(500);
    ASSERT_TRUE(pool->Draw({.count = 2, .key = "order 7", .user = "ann"}).ok());
    ASSERT_TRUE(pool->Snapshot().ok());
    pool->Draw(499);
    ASSERT_TRUE(pool->Close().ok());
    const Archive archive = Encoded(Collect(disk)->files);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(archive.data()),
               static_cast<std::streamsize>(archive.size()));
    FAIL() << "wrote " << path;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file.is_open()) << path;
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const Result<MemoryDisk> decoded = DecodePoolArchive(Bytes(text));
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(Encoded(*decoded), Bytes(text));
  const Result<VerifyReport> report = Verify(std::make_shared<MemoryDisk>(*decoded));
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_EQ(report->last_request_id, 1000u);
  EXPECT_EQ(report->segments, 3u);
  EXPECT_EQ(report->snapshots_compared, 1u);
}

}  // namespace
}  // namespace rewardpool::tests
