#include "rewardpool/native/folder_lock.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "rewardpool/testing/temporary_folder.h"
#include "support/child_process.h"

namespace rewardpool::native {
namespace {

using testing::TemporaryFolder;
using tests::ChildProcess;
using tests::StopBeingRoot;

// Takes the lock, says so and holds it until killed.
int HoldLock(const std::string& folder, const std::function<void()>& ready) {
  const auto lock = FolderLock::Acquire(folder);
  if (!lock.ok()) return 1;
  ready();
  while (true) ::pause();
}

TEST(FolderLock, ASecondProcessIsRefusedAtOnceAndToldWhoHasIt) {
  const TemporaryFolder folder;
  ChildProcess owner([&](const auto& ready) { return HoldLock(folder.path(), ready); });
  ASSERT_TRUE(owner.WaitUntilReady());
  const auto second = FolderLock::Acquire(folder.path());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kBusy);
  EXPECT_NE(second.status().message().find(folder.path()), std::string::npos);
  EXPECT_NE(second.status().message().find("process " + std::to_string(owner.pid())),
            std::string::npos)
      << second.status().message();
}

TEST(FolderLock, TheDeathOfItsOwnerFreesIt) {
  const TemporaryFolder folder;
  ChildProcess owner([&](const auto& ready) { return HoldLock(folder.path(), ready); });
  ASSERT_TRUE(owner.WaitUntilReady());
  owner.Kill();
  EXPECT_TRUE(FolderLock::Acquire(folder.path()).ok());
}

TEST(FolderLock, ASecondLockInTheSameProcessIsRefusedToo) {
  const TemporaryFolder folder;
  const auto first = FolderLock::Acquire(folder.path());
  ASSERT_TRUE(first.ok());
  const auto second = FolderLock::Acquire(folder.path());
  EXPECT_EQ(second.status().code(), StatusCode::kBusy);
  EXPECT_NE(second.status().message().find(std::to_string(::getpid())), std::string::npos);
}

TEST(FolderLock, ItLastsAsLongAsTheObjectWhereverThatIsMoved) {
  const TemporaryFolder folder;
  {
    auto first = FolderLock::Acquire(folder.path());
    ASSERT_TRUE(first.ok());
    const FolderLock moved = *std::move(first);
    EXPECT_EQ(FolderLock::Acquire(folder.path()).status().code(), StatusCode::kBusy);
  }
  EXPECT_TRUE(FolderLock::Acquire(folder.path()).ok());
}

TEST(FolderLock, ALockFileOfADeadOwnerMeansNothing) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() + "/lock") << "1\n";
  EXPECT_TRUE(FolderLock::Acquire(folder.path()).ok());
}

TEST(FolderLock, AMissingFolderIsNotFoundAndNotMade) {
  const TemporaryFolder folder;
  const std::string missing = folder.path() + "/missing";
  EXPECT_EQ(FolderLock::Acquire(missing).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(missing));
}

TEST(FolderLock, MissingFoldersAreMadeIfAsked) {
  const TemporaryFolder folder;
  const std::string deep = folder.path() + "/a/b//c/";
  EXPECT_TRUE(FolderLock::Acquire(deep, IfMissing::kCreate).ok());
  EXPECT_TRUE(std::filesystem::is_directory(deep));
  EXPECT_TRUE(FolderLock::Acquire(deep, IfMissing::kCreate).ok()) << "it is there already";
}

TEST(FolderLock, AFileInPlaceOfAFolderIsAnError) {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/file";
  std::ofstream(file) << "x";
  for (const IfMissing if_missing : {IfMissing::kFail, IfMissing::kCreate}) {
    const auto lock = FolderLock::Acquire(file, if_missing);
    EXPECT_EQ(lock.status().code(), StatusCode::kIo);
    EXPECT_NE(lock.status().message().find(file), std::string::npos);
  }
}

TEST(FolderLock, AFolderThatMayNotBeWrittenToIsNamed) {
  const TemporaryFolder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
  ChildProcess child([&](const auto&) {
    if (!StopBeingRoot()) return 1;
    const auto lock = FolderLock::Acquire(folder.path());
    if (lock.status().code() != StatusCode::kIo) return 2;
    if (lock.status().message().find(folder.path()) == std::string::npos) return 3;
    if (lock.status().message().find("may not be written to") == std::string::npos) return 4;
    const auto below = FolderLock::Acquire(folder.path() + "/new", IfMissing::kCreate);
    return below.status().code() == StatusCode::kIo ? 0 : 5;
  });
  EXPECT_EQ(child.Wait(), 0);
}

}  // namespace
}  // namespace rewardpool::native
