// The storages on the real file system: small, read-only and full folders, and
// what a process killed by SIGKILL leaves.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#include <sys/mount.h>
#endif

#include "rewardpool/native/file_snapshot_store.h"
#include "rewardpool/native/file_storage.h"
#include "rewardpool/native/file_wal_source.h"
#include "rewardpool/native/mmap_storage.h"
#include "rewardpool/native/secure_key.h"
#include "rewardpool/testing/temporary_folder.h"
#include "support/bytes.h"
#include "support/child_process.h"

namespace rewardpool::native {
namespace {

using testing::TemporaryFolder;
using tests::ChildProcess;
using tests::Joined;
using tests::Pattern;
using tests::ReadAll;
using tests::StopBeingRoot;
using tests::WithoutRoom;

constexpr std::uint64_t kMebibyte = 1024 * 1024;

using OpenStorage = Result<std::unique_ptr<WalStorage>> (*)(const std::string&,
                                                            const StorageEnvironment&);
struct Kind {
  std::string name;
  OpenStorage open;

  friend void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }
};

class RealFolder : public ::testing::TestWithParam<Kind> {
 protected:
  static std::unique_ptr<WalStorage> Open(const std::string& folder) {
    auto storage = GetParam().open(folder, {});
    EXPECT_TRUE(storage.ok()) << storage.status().ToString();
    return storage.ok() ? *std::move(storage) : nullptr;
  }
};

std::set<std::string> NamesIn(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

TEST_P(RealFolder, AShortRunLeavesSmallFiles) {
  const TemporaryFolder folder;
  const auto storage = Open(folder.path());
  ASSERT_TRUE(storage->StartSegment(1, 16 * kMebibyte, Pattern(64, 1)).ok());
  ASSERT_TRUE(storage->Append(Pattern(1000, 2)).ok());
  ASSERT_TRUE(storage->Sync().ok());
  const std::string file = folder.path() + "/wal-00000000000000000001.log";
  EXPECT_EQ(std::filesystem::file_size(file), kMebibyte);
  ASSERT_TRUE(storage->Close().ok());
  EXPECT_EQ(std::filesystem::file_size(file), 1064u);
  EXPECT_EQ(NamesIn(folder.path()), (std::set<std::string>{"wal-00000000000000000001.log"}));
}

TEST_P(RealFolder, ManySegmentsFollowOneAnotherWithTheRealBackground) {
  const TemporaryFolder folder;
  const auto storage = Open(folder.path());
  constexpr std::uint64_t kSegments = 12;
  for (std::uint64_t segment = 1; segment <= kSegments; ++segment) {
    ASSERT_TRUE(storage->StartSegment(segment, 100'000, Pattern(64, 1)).ok());
    for (std::uint32_t i = 0; i < 12; ++i) ASSERT_TRUE(storage->Append(Pattern(8000, i)).ok());
    ASSERT_TRUE(storage->Sync().ok());
  }
  ASSERT_TRUE(storage->Close().ok());
  EXPECT_EQ(NamesIn(folder.path()).size(), kSegments) << "nothing prepared is left";
  FileWalSource source(folder.path());
  const auto list = source.ListSegments();
  ASSERT_TRUE(list.ok());
  for (const SegmentInfo& info : *list) {
    EXPECT_EQ(info.bytes, 64u + 12 * 8000) << info.number;
    const auto bytes = ReadAll(source, info.number);
    ASSERT_TRUE(bytes.ok());
    auto expected = Pattern(64, 1);
    for (std::uint32_t i = 0; i < 12; ++i) expected = Joined(expected, Pattern(8000, i));
    EXPECT_TRUE(*bytes == expected) << info.number;
  }
}

TEST_P(RealFolder, AProcessKilledWithSigkillLosesNothingThatWasAppended) {
  const TemporaryFolder folder;
  ChildProcess owner([&](const auto& ready) {
    const auto storage = GetParam().open(folder.path(), {});
    if (!storage.ok()) return 1;
    if (!(*storage)->StartSegment(1, 100'000, Pattern(64, 1)).ok()) return 2;
    if (!(*storage)->Append(Pattern(70'000, 2)).ok()) return 3;  // the next is being prepared
    ready();
    while (true) ::pause();
  });
  ASSERT_TRUE(owner.WaitUntilReady());
  owner.Kill();
  const auto storage = Open(folder.path());
  const auto bytes = ReadAll(*storage, 1);
  ASSERT_TRUE(bytes.ok());
  EXPECT_TRUE(WithoutRoom(*bytes) == Joined(Pattern(64, 1), Pattern(70'000, 2)));
  EXPECT_EQ(NamesIn(folder.path()), (std::set<std::string>{"wal-00000000000000000001.log"}));
}

TEST_P(RealFolder, AMissingFolderIsNotFound) {
  const TemporaryFolder folder;
  EXPECT_EQ(GetParam().open(folder.path() + "/missing", {}).status().code(), StatusCode::kNotFound);
}

TEST_P(RealFolder, AFolderThatMayNotBeWrittenToIsReadableAndNothingElse) {
  const TemporaryFolder folder;
  ::umask(022);  // the files made here must be readable by the child
  {
    const auto storage = Open(folder.path());
    ASSERT_TRUE(storage->StartSegment(1, 5000, Pattern(64, 1)).ok());
    ASSERT_TRUE(storage->Close().ok());
    const auto snapshots = FileSnapshotStore::Open(folder.path());
    ASSERT_TRUE(snapshots.ok());
    ASSERT_TRUE((*snapshots)->Publish(5, Pattern(100, 2)).ok());
  }
  ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
  ChildProcess child([&](const auto&) {
    if (!StopBeingRoot()) return 1;
    FileWalSource source(folder.path());
    const auto bytes = ReadAll(source, 1);
    if (!bytes.ok() || *bytes != Pattern(64, 1)) return 2;
    const auto reader = FileSnapshotStore::OpenForReading(folder.path());
    const auto snapshot = reader->Load(5);
    if (!snapshot.ok() || *snapshot != Pattern(100, 2)) return 3;
    if (reader->Publish(6, Pattern(1, 1)).code() != StatusCode::kInvalidArgument) return 4;
    if (reader->Remove(5).code() != StatusCode::kInvalidArgument) return 5;
    const auto storage = GetParam().open(folder.path(), {});
    if (!storage.ok()) return 6;
    const Status status = (*storage)->StartSegment(2, 5000, Pattern(64, 1));
    if (status.code() != StatusCode::kIo) return 7;
    return status.message().find(folder.path()) == std::string::npos ? 8 : 0;
  });
  EXPECT_EQ(child.Wait(), 0);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
}

#if defined(__linux__)
// A file system of `bytes` on `folder`, seen by this process alone; gone with it.
bool MountSmall(const std::string& folder, std::uint64_t bytes) {
  const int own_users = ::geteuid() == 0 ? 0 : CLONE_NEWUSER;
  if (::unshare(CLONE_NEWNS | own_users) != 0) return false;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return ::mount("tmpfs", folder.c_str(), "tmpfs", 0, ("size=" + std::to_string(bytes)).c_str()) ==
         0;
}

TEST_P(RealFolder, AFullDiskIsAStatusAndWhatWasSyncedStays) {
  const TemporaryFolder folder;
  constexpr int kNotAllowed = 77;
  ChildProcess child([&](const auto&) {
    if (!MountSmall(folder.path(), 3 * kMebibyte)) return kNotAllowed;
    auto opened = GetParam().open(folder.path(), {});
    if (!opened.ok()) return 1;
    auto storage = *std::move(opened);
    const auto piece = Pattern(300'000, 2);
    std::uint64_t segment = 0;
    auto content = Pattern(64, 1);  // of the open segment
    Status status = storage->StartSegment(++segment, 16 * kMebibyte, content);
    if (!status.ok()) return 2;
    // A start may still succeed, into what was prepared, when an append did not.
    while (status.ok()) {
      if (segment > 3) return 3;
      // The next segment, which is being prepared, may give its room back at any time.
      Status appended;
      while ((appended = storage->Append(piece)).ok()) {
        content = Joined(content, piece);
        if (content.size() > 4 * kMebibyte) return 4;
        if (!storage->Sync().ok()) return 5;
      }
      if (appended.code() != StatusCode::kFull) return 6;
      status = storage->StartSegment(segment + 1, 16 * kMebibyte, Pattern(64, 1));
      if (!status.ok()) break;
      ++segment;
      content = Pattern(64, 1);
    }
    if (status.code() != StatusCode::kFull) return 7;
    // Still open, whole and readable.
    if (!storage->Sync().ok()) return 8;
    const auto bytes = ReadAll(*storage, segment);
    if (!bytes.ok() || WithoutRoom(*bytes) != content) return 9;
    const auto files = NamesIn(folder.path());
    if (files.size() != segment) return 10;
    auto store = FileSnapshotStore::Open(folder.path());
    if (!store.ok()) return 11;
    if ((*store)->Publish(1, Pattern(2 * kMebibyte, 1)).code() != StatusCode::kFull) return 12;
    if (NamesIn(folder.path()) != files) return 13;
    // With room again, all goes on.
    if (::mount("tmpfs", folder.path().c_str(), "tmpfs", MS_REMOUNT, "size=16777216") != 0) {
      return 14;
    }
    if (!storage->Append(piece).ok()) return 15;
    if (!storage->StartSegment(segment + 1, 4 * kMebibyte, Pattern(64, 2)).ok()) return 16;
    if (!(*store)->Publish(1, Pattern(2 * kMebibyte, 1)).ok()) return 17;
    return storage->Close().ok() ? 0 : 18;
  });
  const int code = child.Wait();
  if (code == kNotAllowed) GTEST_SKIP() << "this user may not mount a small file system";
  EXPECT_EQ(code, 0);
}

TEST_P(RealFolder, AReadOnlyFileSystemIsReadableAndNothingElse) {
  const TemporaryFolder folder;
  constexpr int kNotAllowed = 77;
  ChildProcess child([&](const auto&) {
    if (!MountSmall(folder.path(), kMebibyte)) return kNotAllowed;
    {
      auto storage = GetParam().open(folder.path(), {});
      if (!storage.ok()) return 1;
      if (!(*storage)->StartSegment(1, 5000, Pattern(64, 1)).ok()) return 2;
      if (!(*storage)->Close().ok()) return 3;
    }
    if (::mount("tmpfs", folder.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
      return 4;
    }
    FileWalSource source(folder.path());
    const auto bytes = ReadAll(source, 1);
    if (!bytes.ok() || *bytes != Pattern(64, 1)) return 5;
    const auto storage = GetParam().open(folder.path(), {});
    if (!storage.ok()) return 6;
    return (*storage)->StartSegment(2, 5000, Pattern(64, 1)).code() == StatusCode::kIo ? 0 : 7;
  });
  const int code = child.Wait();
  if (code == kNotAllowed) GTEST_SKIP() << "this user may not mount a small file system";
  EXPECT_EQ(code, 0);
}
#endif

INSTANTIATE_TEST_SUITE_P(Storages, RealFolder,
                         ::testing::Values(Kind{"File", OpenFileStorage},
                                           Kind{"Mmap", OpenMmapStorage}),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(RealSnapshots, TemporaryFilesAreRemovedByAnOwnerAndOnlySeenPastByAReader) {
  const TemporaryFolder folder;
  const std::string left = folder.path() + "/snapshot-00000000000000000009.tmp";
  std::ofstream(left) << "half a snapshot";
  EXPECT_TRUE(FileSnapshotStore::OpenForReading(folder.path())->List()->empty());
  EXPECT_TRUE(std::filesystem::exists(left));
  const auto owner = FileSnapshotStore::Open(folder.path());
  ASSERT_TRUE(owner.ok());
  EXPECT_TRUE((*owner)->List()->empty());
  EXPECT_FALSE(std::filesystem::exists(left));
}

TEST(SecureKey, TwoKeysDiffer) {
  const auto first = MakeSecureKey();
  const auto second = MakeSecureKey();
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  EXPECT_NE(*first, *second);
  EXPECT_NE(*first, SecureKey{});
}

}  // namespace
}  // namespace rewardpool::native
