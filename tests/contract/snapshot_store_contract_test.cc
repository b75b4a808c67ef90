// What snapshot_store.h promises, asked of every back end.
#include <gtest/gtest.h>

#include "contract/storage_harness.h"
#include "support/bytes.h"

namespace rewardpool::tests {
namespace {

class SnapshotStoreContract : public ::testing::TestWithParam<Backend<SnapshotHarness>> {
 protected:
  void SetUp() override {
    harness_ = GetParam().make();
    store_ = harness_->Open();
    ASSERT_NE(store_, nullptr);
  }

  void Reopen() {
    store_.reset();
    store_ = harness_->Open();
    ASSERT_NE(store_, nullptr);
  }

  std::vector<RequestId> Names() {
    auto names = store_->List();
    EXPECT_TRUE(names.ok()) << names.status().ToString();
    return names.ok() ? *names : std::vector<RequestId>();
  }

  std::vector<std::byte> Content(RequestId name) {
    auto bytes = store_->Load(name);
    EXPECT_TRUE(bytes.ok()) << bytes.status().ToString();
    return bytes.ok() ? *bytes : std::vector<std::byte>();
  }

  std::unique_ptr<SnapshotHarness> harness_;
  std::unique_ptr<SnapshotStore> store_;
};

using RequestIds = std::vector<RequestId>;

TEST_P(SnapshotStoreContract, ANewStoreIsEmpty) { EXPECT_EQ(Names(), RequestIds{}); }

TEST_P(SnapshotStoreContract, APublishedSnapshotIsLoadedByteForByte) {
  ASSERT_TRUE(store_->Publish(7, Pattern(100'000, 1)).ok());
  EXPECT_EQ(Content(7), Pattern(100'000, 1));
  Reopen();
  EXPECT_EQ(Names(), RequestIds{7});
  EXPECT_EQ(Content(7), Pattern(100'000, 1));
}

TEST_P(SnapshotStoreContract, AnEmptySnapshotIsASnapshot) {
  ASSERT_TRUE(store_->Publish(0, {}).ok());
  EXPECT_EQ(Names(), RequestIds{0});
  EXPECT_EQ(Content(0), std::vector<std::byte>{});
}

TEST_P(SnapshotStoreContract, NamesAreListedInNumericalOrder) {
  const RequestId largest = ~RequestId{0};
  for (RequestId name : {RequestId{10}, RequestId{9}, largest, RequestId{100}}) {
    ASSERT_TRUE(store_->Publish(name, Pattern(10, 1)).ok());
  }
  EXPECT_EQ(Names(), (RequestIds{9, 10, 100, largest}));
}

TEST_P(SnapshotStoreContract, PublishReplacesOneOfTheSameName) {
  ASSERT_TRUE(store_->Publish(7, Pattern(500, 1)).ok());
  ASSERT_TRUE(store_->Publish(7, Pattern(20, 2)).ok());
  EXPECT_EQ(Names(), RequestIds{7});
  EXPECT_EQ(Content(7), Pattern(20, 2));
}

TEST_P(SnapshotStoreContract, RemoveTakesOneAwayAndIsNoErrorForNone) {
  ASSERT_TRUE(store_->Publish(7, Pattern(5, 1)).ok());
  ASSERT_TRUE(store_->Publish(8, Pattern(5, 2)).ok());
  ASSERT_TRUE(store_->Remove(7).ok());
  ASSERT_TRUE(store_->Remove(7).ok());
  Reopen();
  EXPECT_EQ(Names(), RequestIds{8});
  EXPECT_EQ(Content(8), Pattern(5, 2));
}

TEST_P(SnapshotStoreContract, AMissingSnapshotIsNotFound) {
  EXPECT_EQ(store_->Load(3).status().code(), StatusCode::kNotFound);
}

TEST_P(SnapshotStoreContract, SnapshotNamesTellSnapshotsApart) {
  EXPECT_NE(store_->SnapshotName(12), store_->SnapshotName(13));
  EXPECT_NE(store_->SnapshotName(12).find("12"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Backends, SnapshotStoreContract, ::testing::ValuesIn(SnapshotBackends()),
                         [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace rewardpool::tests
