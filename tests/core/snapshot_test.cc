#include "rewardpool/snapshot.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/sync_pool.h"

namespace rewardpool::testing {
namespace {

SnapshotImage MakeImage() {
  SnapshotImage image;
  image.request_id = 1234567890123;
  const std::vector<Item> items = {{"a,\"\n", 1, Quantity::Of(3)},
                                   {"gone", 2},
                                   {"\xF0\x9F\x8E\x81", kWeightMax - 10, Quantity::Unlimited()},
                                   {"spent", 3, Quantity::Of(1)}};
  image.items = ItemTable::Create(items).value();
  image.items.stock().TakeOne(1);
  image.items.stock().TakeOne(3);
  EXPECT_TRUE(image.items.Remove("gone").ok());
  image.keys.push_back(std::make_shared<const SnapshotKey>(
      SnapshotKey{.request_id = 7, .key = "k", .user = "u", .count = 1, .item_ids = {"gone"}}));
  image.keys.push_back(std::make_shared<const SnapshotKey>(
      SnapshotKey{.request_id = 9, .key = "refused", .user = "", .count = 4, .item_ids = {}}));
  return image;
}

ByteBuffer Encode(const SnapshotImage& image, std::uint64_t salt) {
  return EncodeSnapshot({image.request_id, ItemsCopy::Of(image.items), image.keys}, salt);
}

TEST(Snapshot, ReadsBackWhatWasWritten) {
  const SnapshotImage image = MakeImage();
  const ByteBuffer bytes = Encode(image, 99);
  Result<SnapshotImage> read = DecodeSnapshot(bytes.bytes());
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->request_id, image.request_id);
  EXPECT_EQ(StatesOf(read->items), StatesOf(image.items));
  EXPECT_EQ(read->items.drawn_of_removed(), 1u);
  EXPECT_EQ(read->items.slot_count(), 4u);
  EXPECT_FALSE(read->items.Has(1));
  EXPECT_EQ(read->items.schema_hash(), image.items.schema_hash());
  ASSERT_EQ(read->keys.size(), 2u);
  EXPECT_EQ(*read->keys[0], *image.keys[0]);
  EXPECT_EQ(*read->keys[1], *image.keys[1]);
}

TEST(Snapshot, ManyItemsTakeSeveralFrames) {
  SnapshotImage image;
  std::vector<Item> items;
  for (int i = 0; i < 20'000; ++i) {
    items.push_back({std::string(100, 'x') + std::to_string(i), 1, Quantity::Of(5)});
  }
  image.items = ItemTable::Create(items).value();
  const ByteBuffer bytes = Encode(image, 1);
  EXPECT_GT(bytes.size(), 2'000'000u);
  Result<SnapshotImage> read = DecodeSnapshot(bytes.bytes());
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(StatesOf(read->items), StatesOf(image.items));
}

TEST(Snapshot, BytesBehindTheEndAreRefused) {
  const ByteBuffer bytes = Encode(MakeImage(), 99);
  std::vector<std::byte> longer(bytes.bytes().begin(), bytes.bytes().end());
  longer.push_back(std::byte{0});
  EXPECT_EQ(DecodeSnapshot(longer).status().code(), StatusCode::kCorrupt);
}

TEST(Snapshot, ALogSegmentIsNotASnapshot) {
  std::vector<std::byte> bytes(100);
  EXPECT_EQ(DecodeSnapshot(bytes).status().code(), StatusCode::kCorrupt);
  const EncodedHeader header = EncodeHeader(kSegmentMagic, {.number = 1, .first_request_id = 2});
  EXPECT_EQ(DecodeSnapshot(header).status().code(), StatusCode::kCorrupt);
}

}  // namespace
}  // namespace rewardpool::testing
