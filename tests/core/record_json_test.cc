#include "rewardpool/record_json.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace rewardpool {
namespace {

std::string StringJson(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

class RecordJsonTest : public ::testing::Test {
 protected:
  std::string Lines(const Record& record, RequestId first_request_id = 7) const {
    std::string out = "before\n";
    const Status status = AppendRecordJson(record, first_request_id, items_, out);
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(out.substr(0, 7), "before\n");
    return out.substr(7);
  }

  ItemTable items_ = *ItemTable::Create(
      std::vector<Item>{{.id = "gold", .weight = 1}, {.id = "m,\"u\nd", .weight = 1}});
};

TEST(AppendJsonStringTest, EscapesWhatMustBeEscapedAndNothingElse) {
  EXPECT_EQ(StringJson(""), R"("")");
  EXPECT_EQ(StringJson("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(StringJson("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(StringJson("\x01\x0B\x1F\x7F"), "\"\\u0001\\u000b\\u001f\x7F\"");
  EXPECT_EQ(StringJson("\xC3\xA9\xF0\x9F\x8E\x81"), "\"\xC3\xA9\xF0\x9F\x8E\x81\"");
}

TEST_F(RecordJsonTest, RunsTakeALineADraw) {
  EXPECT_EQ(Lines(DrawRun{{0, 1}}), R"({"type":"draw","request_id":7,"item_id":"gold"})"
                                    "\n"
                                    R"({"type":"draw","request_id":8,"item_id":"m,\"u\nd"})"
                                    "\n");
  EXPECT_EQ(Lines(RefusedRun{2}, ~RequestId{0} - 1),
            R"({"type":"draw","request_id":18446744073709551614,"error":"exhausted"})"
            "\n"
            R"({"type":"draw","request_id":18446744073709551615,"error":"exhausted"})"
            "\n");
}

TEST_F(RecordJsonTest, RequestedDrawsNameWhatTheyHave) {
  EXPECT_EQ(Lines(RequestedDraw{"k", "u", 2, {0, 0}}),
            R"({"type":"draw","request_id":7,"key":"k","user":"u","count":2,)"
            R"("item_ids":["gold","gold"]})"
            "\n");
  EXPECT_EQ(Lines(RequestedDraw{"", "u", 1, {0}}),
            R"({"type":"draw","request_id":7,"user":"u","count":1,"item_id":"gold",)"
            R"("item_ids":["gold"]})"
            "\n");
  EXPECT_EQ(Lines(RequestedDraw{"k", "", 3, {}}),
            R"({"type":"draw","request_id":7,"key":"k","count":3,"error":"exhausted"})"
            "\n");
}

TEST_F(RecordJsonTest, OtherRecordsTakeOneLine) {
  EXPECT_EQ(Lines(ItemAdded{{"x", 5, Quantity::Of(0)}}),
            R"({"type":"item-added","request_id":7,"item_id":"x","weight":5,"quantity":0})"
            "\n");
  EXPECT_EQ(Lines(ItemUpdated{"gold", {3, Quantity::Unlimited()}}),
            R"({"type":"item-updated","request_id":7,"item_id":"gold","weight":3,)"
            R"("quantity":"unlimited"})"
            "\n");
  EXPECT_EQ(Lines(ItemUpdated{"gold", {}}),
            R"({"type":"item-updated","request_id":7,"item_id":"gold"})"
            "\n");
  EXPECT_EQ(Lines(ItemRemoved{"gold"}), R"({"type":"item-removed","request_id":7,"item_id":"gold"})"
                                        "\n");
  EXPECT_EQ(Lines(CatalogItem{{"x", kWeightMax, Quantity::Unlimited()}}),
            R"({"type":"catalog-item","item_id":"x","weight":9223372036854775807,)"
            R"("quantity":"unlimited"})"
            "\n");
  EXPECT_EQ(Lines(PoolCreated{2}), "{\"type\":\"pool-created\",\"item_count\":2}\n");
  EXPECT_EQ(Lines(SnapshotTaken{6}), "{\"type\":\"snapshot-taken\",\"after_request_id\":6}\n");
  EXPECT_EQ(Lines(PoolClosed{}), "{\"type\":\"pool-closed\"}\n");
  EXPECT_EQ(Lines(SnapshotItem{4, {"x", 1, Quantity::Of(2)}, 3}),
            R"({"type":"snapshot-item","index":4,"item_id":"x","weight":1,"quantity":2,"drawn":3})"
            "\n");
  EXPECT_EQ(Lines(SnapshotKey{3, "k", "", 1, {"gone"}}),
            R"({"type":"snapshot-key","request_id":3,"key":"k","count":1,"item_id":"gone",)"
            R"("item_ids":["gone"]})"
            "\n");
  EXPECT_EQ(Lines(SnapshotEnd{1, 2, 3}),
            R"({"type":"snapshot-end","item_count":1,"key_count":2,"drawn_of_removed":3})"
            "\n");
}

TEST_F(RecordJsonTest, ADrawOfAPositionWithoutAnItemIsCorrupt) {
  ASSERT_TRUE(items_.Add({.id = "third", .weight = 1}).ok());
  ASSERT_TRUE(items_.Remove("gold").ok());
  for (const Record& record :
       {Record(DrawRun{{1, 0}}), Record(DrawRun{{3}}), Record(RequestedDraw{"k", "", 2, {1, 0}})}) {
    std::string out = "before\n";
    EXPECT_EQ(AppendRecordJson(record, 1, items_, out).code(), StatusCode::kCorrupt);
    EXPECT_EQ(out, "before\n");
  }
}

}  // namespace
}  // namespace rewardpool
