// What wal_storage.h promises, asked of every back end.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "contract/storage_harness.h"
#include "support/bytes.h"

namespace rewardpool::tests {
namespace {

constexpr std::uint64_t kCapacityBytes = 8192;

class WalStorageContract : public ::testing::TestWithParam<Backend<WalHarness>> {
 protected:
  void SetUp() override {
    harness_ = GetParam().make();
    storage_ = harness_->Open();
    ASSERT_NE(storage_, nullptr);
  }

  void Reopen() {
    storage_.reset();
    storage_ = harness_->Open();
    ASSERT_NE(storage_, nullptr);
  }

  Status Start(std::uint64_t segment) {
    return storage_->StartSegment(segment, kCapacityBytes, Header(segment));
  }

  static std::vector<std::byte> Header(std::uint64_t segment) {
    return Pattern(64, static_cast<std::uint32_t>(segment));
  }

  std::vector<std::byte> Content(std::uint64_t segment) {
    auto bytes = ReadAll(*storage_, segment);
    EXPECT_TRUE(bytes.ok()) << bytes.status().ToString();
    return bytes.ok() ? WithoutRoom(*bytes) : std::vector<std::byte>();
  }

  std::vector<std::uint64_t> Numbers() {
    std::vector<std::uint64_t> numbers;
    auto list = storage_->ListSegments();
    EXPECT_TRUE(list.ok()) << list.status().ToString();
    if (list.ok()) {
      for (const SegmentInfo& info : *list) numbers.push_back(info.number);
    }
    return numbers;
  }

  std::unique_ptr<WalHarness> harness_;
  std::unique_ptr<WalStorage> storage_;
};

using Segments = std::vector<std::uint64_t>;

TEST_P(WalStorageContract, ANewLogHasNoSegments) { EXPECT_EQ(Numbers(), Segments{}); }

TEST_P(WalStorageContract, AStartedSegmentHoldsItsHeader) {
  ASSERT_TRUE(Start(1).ok());
  EXPECT_EQ(Numbers(), Segments{1});
  EXPECT_EQ(Content(1), Header(1));
}

TEST_P(WalStorageContract, AppendedBytesAreReadAtOnceAndInOrder) {
  ASSERT_TRUE(Start(1).ok());
  std::vector<std::byte> expected = Header(1);
  for (std::uint32_t i = 0; i < 20; ++i) {
    const auto bytes = Pattern(1 + 17 * i, i);
    ASSERT_TRUE(storage_->Append(bytes).ok());
    expected = Joined(std::move(expected), bytes);
    EXPECT_EQ(Content(1), expected);
  }
}

TEST_P(WalStorageContract, ReadStopsAtTheEndAndStartsAnywhere) {
  ASSERT_TRUE(Start(1).ok());
  ASSERT_TRUE(storage_->Append(Pattern(100, 5)).ok());
  ASSERT_TRUE(storage_->Close().ok());
  const auto all = Joined(Header(1), Pattern(100, 5));
  for (std::size_t offset = 0; offset <= all.size(); ++offset) {
    std::vector<std::byte> out(all.size() + 1);
    const auto count = storage_->Read(1, offset, out);
    ASSERT_TRUE(count.ok());
    ASSERT_EQ(*count, all.size() - offset);
    out.resize(*count);
    EXPECT_TRUE(std::equal(out.begin(), out.end(), all.begin() + static_cast<int>(offset)));
  }
  std::vector<std::byte> out(8);
  const auto far_beyond = storage_->Read(1, std::uint64_t{1} << 40, out);
  ASSERT_TRUE(far_beyond.ok());
  EXPECT_EQ(*far_beyond, 0u);
}

TEST_P(WalStorageContract, BytesSurviveReopeningWithoutClose) {
  ASSERT_TRUE(Start(1).ok());
  ASSERT_TRUE(storage_->Append(Pattern(300, 1)).ok());
  ASSERT_TRUE(storage_->Sync().ok());
  ASSERT_TRUE(storage_->Append(Pattern(300, 2)).ok());
  Reopen();
  EXPECT_EQ(Numbers(), Segments{1});
  EXPECT_EQ(Content(1), Joined(Joined(Header(1), Pattern(300, 1)), Pattern(300, 2)));
}

TEST_P(WalStorageContract, AppendsBeyondTheCapacityWork) {
  ASSERT_TRUE(Start(1).ok());
  std::vector<std::byte> expected = Header(1);
  for (std::uint32_t i = 0; i < 5; ++i) {
    const auto bytes = Pattern(kCapacityBytes - 100, i);
    ASSERT_TRUE(storage_->Append(bytes).ok());
    expected = Joined(std::move(expected), bytes);
  }
  ASSERT_TRUE(storage_->Sync().ok());
  EXPECT_EQ(Content(1), expected);
  ASSERT_TRUE(storage_->Close().ok());
  EXPECT_EQ(Content(1), expected);
}

TEST_P(WalStorageContract, CloseGivesBackRoomThatWasNotUsed) {
  ASSERT_TRUE(Start(1).ok());
  ASSERT_TRUE(storage_->Append(Pattern(10, 1)).ok());
  ASSERT_TRUE(storage_->Close().ok());
  const auto list = storage_->ListSegments();
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(*list, (std::vector<SegmentInfo>{{.number = 1, .bytes = 74}}));
}

TEST_P(WalStorageContract, NothingIsAppendedUnlessASegmentIsOpen) {
  EXPECT_EQ(storage_->Append(Pattern(1, 1)).code(), StatusCode::kClosed);
  ASSERT_TRUE(Start(1).ok());
  ASSERT_TRUE(storage_->Close().ok());
  EXPECT_EQ(storage_->Append(Pattern(1, 1)).code(), StatusCode::kClosed);
  EXPECT_EQ(Content(1), Header(1));
}

TEST_P(WalStorageContract, SyncAndCloseOfNothingAreOk) {
  EXPECT_TRUE(storage_->Sync().ok());
  EXPECT_TRUE(storage_->Close().ok());
  EXPECT_TRUE(storage_->Close().ok());
}

TEST_P(WalStorageContract, SegmentsFollowOneAnotherAndKeepTheirBytes) {
  for (std::uint64_t segment : {1, 2, 3, 7, 8}) {
    ASSERT_TRUE(Start(segment).ok());
    ASSERT_TRUE(storage_->Append(Pattern(6000, static_cast<std::uint32_t>(segment))).ok());
  }
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Numbers(), (Segments{1, 2, 3, 7, 8}));
    for (std::uint64_t segment : Numbers()) {
      EXPECT_EQ(Content(segment),
                Joined(Header(segment), Pattern(6000, static_cast<std::uint32_t>(segment))));
    }
    ASSERT_TRUE(storage_->Close().ok());
  }
}

TEST_P(WalStorageContract, AppendingGoesOnAfterReopeningInANewSegment) {
  ASSERT_TRUE(Start(1).ok());
  Reopen();
  ASSERT_TRUE(Start(2).ok());
  ASSERT_TRUE(storage_->Append(Pattern(5, 1)).ok());
  EXPECT_EQ(Content(1), Header(1));
  EXPECT_EQ(Content(2), Joined(Header(2), Pattern(5, 1)));
}

TEST_P(WalStorageContract, AStartedSegmentIsNeverWrittenOver) {
  ASSERT_TRUE(Start(4).ok());
  ASSERT_TRUE(storage_->Append(Pattern(5, 1)).ok());
  EXPECT_EQ(Start(4).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Start(3).code(), StatusCode::kInvalidArgument);
  ASSERT_TRUE(storage_->Append(Pattern(5, 2)).ok()) << "the open segment must still be open";
  Reopen();
  EXPECT_EQ(Start(4).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Content(4), Joined(Joined(Header(4), Pattern(5, 1)), Pattern(5, 2)));
}

TEST_P(WalStorageContract, ASegmentThatHoldsOnlyAHeaderIsWrittenAnew) {
  ASSERT_TRUE(Start(4).ok());
  Reopen();
  ASSERT_TRUE(storage_->StartSegment(4, kCapacityBytes, Pattern(64, 99)).ok());
  ASSERT_TRUE(storage_->Append(Pattern(5, 1)).ok());
  Reopen();
  EXPECT_EQ(Content(4), Joined(Pattern(64, 99), Pattern(5, 1)));
}

TEST_P(WalStorageContract, TruncateCutsAClosedSegment) {
  ASSERT_TRUE(Start(1).ok());
  ASSERT_TRUE(storage_->Append(Pattern(1000, 1)).ok());
  Reopen();
  ASSERT_TRUE(storage_->Truncate(1, 164).ok());
  const auto expected = Joined(Header(1), [] {
    auto bytes = Pattern(1000, 1);
    bytes.resize(100);
    return bytes;
  }());
  EXPECT_EQ(Content(1), expected);
  const auto list = storage_->ListSegments();
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(*list, (std::vector<SegmentInfo>{{.number = 1, .bytes = 164}}));
  Reopen();
  EXPECT_EQ(Content(1), expected);
}

TEST_P(WalStorageContract, TruncateNeverGrows) {
  ASSERT_TRUE(Start(1).ok());
  ASSERT_TRUE(storage_->Close().ok());
  EXPECT_EQ(storage_->Truncate(1, 65).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Content(1), Header(1));
}

TEST_P(WalStorageContract, PersistChangesNothingAndMayBeRepeated) {
  ASSERT_TRUE(Start(1).ok());
  ASSERT_TRUE(storage_->Append(Pattern(1000, 1)).ok());
  Reopen();
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(storage_->Persist(1).ok());
    EXPECT_EQ(Content(1), Joined(Header(1), Pattern(1000, 1)));
  }
}

TEST_P(WalStorageContract, RemovedSegmentsStayRemoved) {
  for (std::uint64_t segment : {1, 2, 3}) ASSERT_TRUE(Start(segment).ok());
  ASSERT_TRUE(storage_->RemoveSegment(1).ok());
  ASSERT_TRUE(storage_->RemoveSegment(1).ok()) << "removing what is not there is no error";
  EXPECT_EQ(Numbers(), (Segments{2, 3}));
  std::vector<std::byte> out(8);
  EXPECT_EQ(storage_->Read(1, 0, out).status().code(), StatusCode::kNotFound);
  Reopen();
  EXPECT_EQ(Numbers(), (Segments{2, 3}));
}

TEST_P(WalStorageContract, AMissingSegmentIsNotFound) {
  std::vector<std::byte> out(8);
  EXPECT_EQ(storage_->Read(9, 0, out).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(storage_->Truncate(9, 0).code(), StatusCode::kNotFound);
  EXPECT_EQ(storage_->Persist(9).code(), StatusCode::kNotFound);
  EXPECT_TRUE(storage_->RemoveSegment(9).ok());
}

TEST_P(WalStorageContract, TheOpenSegmentIsNeitherCutNorRemovedNorRewritten) {
  ASSERT_TRUE(Start(1).ok());
  ASSERT_TRUE(storage_->Append(Pattern(50, 1)).ok());
  EXPECT_EQ(storage_->Truncate(1, 64).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(storage_->Persist(1).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(storage_->RemoveSegment(1).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Content(1), Joined(Header(1), Pattern(50, 1)));
}

TEST_P(WalStorageContract, SegmentNamesTellSegmentsApart) {
  EXPECT_NE(storage_->SegmentName(12), storage_->SegmentName(13));
  EXPECT_NE(storage_->SegmentName(12).find("12"), std::string::npos);
}

TEST_P(WalStorageContract, AnotherThreadMayListReadAndRemoveOldSegmentsWhileTheOwnerAppends) {
#ifdef __EMSCRIPTEN__
  GTEST_SKIP() << "WebAssembly is built without threads";
#endif
  if (GetParam().has_one_thread) GTEST_SKIP() << "no other thread may touch it";
  constexpr std::uint64_t kSegments = 24;
  ASSERT_TRUE(Start(1).ok());
  std::atomic<std::uint64_t> open{1};
  std::thread snapshotter([&] {
    std::uint64_t next = 1;
    std::vector<std::byte> out(64);
    while (next < kSegments) {
      const auto list = storage_->ListSegments();
      EXPECT_TRUE(list.ok()) << list.status().ToString();
      if (next >= open.load()) {
        std::this_thread::yield();
        continue;
      }
      const auto count = storage_->Read(next, 0, out);
      EXPECT_TRUE(count.ok()) << count.status().ToString();
      EXPECT_EQ(out, Header(next));
      EXPECT_TRUE(storage_->RemoveSegment(next).ok());
      ++next;
    }
  });
  for (std::uint64_t segment = 2; segment <= kSegments; ++segment) {
    for (std::uint32_t i = 0; i < 8; ++i) {
      EXPECT_TRUE(storage_->Append(Pattern(1000, i)).ok());
    }
    EXPECT_TRUE(storage_->Sync().ok());
    EXPECT_TRUE(Start(segment).ok());
    open.store(segment);
  }
  snapshotter.join();
  EXPECT_EQ(Numbers(), Segments{kSegments});
}

INSTANTIATE_TEST_SUITE_P(Backends, WalStorageContract, ::testing::ValuesIn(WalBackends()),
                         [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace rewardpool::tests
