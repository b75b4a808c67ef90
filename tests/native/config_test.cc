#include "rewardpool/native/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "rewardpool/item_table.h"

namespace rewardpool::native {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

PoolOptions ParseOrDie(std::string_view text, std::string_view name = "pool.yaml") {
  const Result<PoolOptions> config = ParseConfig(text, name);
  EXPECT_TRUE(config.ok()) << config.status().ToString() << "\n" << text;
  return config.ok() ? *config : PoolOptions();
}

// The message of a refusal; also checks that it is one of the text's content.
std::string RefusalOf(std::string_view text, std::string_view name = "pool.yaml") {
  const Result<PoolOptions> config = ParseConfig(text, name);
  EXPECT_FALSE(config.ok()) << "was read, and should not have been:\n" << text;
  if (config.ok()) return "";
  EXPECT_EQ(config.status().code(), StatusCode::kInvalidArgument);
  return config.status().message();
}

// A configuration of one item.
std::string OneItem(std::string_view id, std::string_view quantity, std::string_view weight) {
  std::string text = "pool:\n  catalog:\n    - item_id: ";
  text.append(id).append("\n      quantity: ").append(quantity);
  return text.append("\n      weight: ").append(weight).append("\n");
}

// A valid pool and, behind it, what a test adds.
std::string WithPool(std::string_view more) {
  return std::string("pool: {catalog: [{item_id: gold, quantity: 1, weight: 1}]}\n").append(more);
}

TEST(ConfigTest, EveryKeyIsRead) {
  const PoolOptions config = ParseOrDie(R"(
working_dir: /var/lib/prizes
pool:
  selector: wide
  catalog:
    - {item_id: gold, quantity: 7, weight: 3}
    - {item_id: "thank you", quantity: unlimited, weight: 9223372036854775804}
wal:
  max_file_size_kb: 64
  max_request_buffer_size: 512
  formatter: jsonl
  storage: mmap
  durability: {interval_ms: 20}
snapshot: {every_draws: 1000, every_kb: 10}
keys: {retention_count: 12}
)");
  EXPECT_EQ(config.dir, "/var/lib/prizes");
  EXPECT_EQ(config.selector, "wide");
  EXPECT_EQ(config.catalog,
            (std::vector<Item>{{"gold", 3, Quantity::Of(7)},
                               {"thank you", kWeightMax - 3, Quantity::Unlimited()}}));
  EXPECT_EQ(config.segment_bytes_max, 65'536U);
  EXPECT_EQ(config.pending_requests_max, 512U);
  EXPECT_EQ(config.codec, "jsonl");
  EXPECT_EQ(config.storage, StorageKind::kMmap);
  EXPECT_EQ(config.durability, Durability::Interval(20));
  EXPECT_EQ(config.snapshots.every_requests, 1000U);
  EXPECT_EQ(config.snapshots.every_bytes, 10'240U);
  EXPECT_EQ(config.key_retention, 12U);
}

TEST(ConfigTest, KeysThatAreNotGivenHaveTheirDefaults) {
  const PoolOptions config = ParseOrDie(WithPool("wal:\nsnapshot:\n"));
  EXPECT_EQ(config.dir, "");
  EXPECT_EQ(config.selector, "auto");
  EXPECT_EQ(config.segment_bytes_max, kSegmentBytesDefault);
  EXPECT_EQ(config.codec, "binary");
  EXPECT_EQ(config.storage, StorageKind::kFile);
  EXPECT_EQ(config.durability, Durability::Durable());
  EXPECT_EQ(config.snapshots.every_requests, 0U);
  EXPECT_EQ(config.snapshots.every_bytes, 0U);
  EXPECT_EQ(config.key_retention, kKeyRetentionDefault);
}

TEST(ConfigTest, TheOriginalSystemsNamesMeanWhatTheyMeantThere) {
  const PoolOptions config = ParseOrDie(R"(
working_dir: "tmp/pool"
pool:
  catalog:
    - item_id: "diamond"
      quantity: 100
      probability: 10
    - item_id: "rock"
      quantity: -1
      probability: 90
wal:
  max_file_size_kb: 1024
  max_request_buffer_size: 512
  formatter: "json"
  flush_after_n_draw: 20
)");
  EXPECT_EQ(config.catalog, (std::vector<Item>{{"diamond", 10, Quantity::Of(100)},
                                               {"rock", 90, Quantity::Unlimited()}}));
  EXPECT_EQ(config.codec, "jsonl");
  EXPECT_EQ(config.durability, Durability::FlushAfter(20));
}

TEST(ConfigTest, NumbersAreExactUpToTheLargest) {
  const PoolOptions config =
      ParseOrDie(OneItem("gold", "9223372036854775807", "9223372036854775807"));
  EXPECT_EQ(config.catalog->at(0).weight, kWeightMax);
  EXPECT_EQ(config.catalog->at(0).quantity, Quantity::Of(kQuantityMax));
  // A double would make 2^53 of it.
  EXPECT_EQ(ParseOrDie(OneItem("gold", "0", "9007199254740993")).catalog->at(0).weight,
            9007199254740993U);
}

TEST(ConfigTest, WhatIsNotAPlainWholeNumberIsRefusedWithItsPlace) {
  for (const char* text : {"-1",
                           "-0",
                           "+1",
                           "01",
                           "0x10",
                           "0o17",
                           "1.0",
                           "1e3",
                           "1_000",
                           ".5",
                           "1 000",
                           "9223372036854775808",
                           "18446744073709551616",
                           "340282366920938463463374607431768211457",
                           "true",
                           "yes",
                           "off",
                           "'1'",
                           "\"1\"",
                           "many",
                           "[1]",
                           "{a: 1}",
                           "~",
                           "null",
                           "",
                           ".inf",
                           "0b1",
                           "1,5",
                           "١"}) {
    SCOPED_TRACE(text);
    EXPECT_THAT(RefusalOf(OneItem("gold", "1", text)), StartsWith("pool.yaml:5:"));
    EXPECT_THAT(RefusalOf(OneItem("gold", "1", text)),
                HasSubstr(": weight must be a whole number from 0 to 9223372036854775807"));
  }
}

TEST(ConfigTest, AWrongNumberIsQuotedInTheMessage) {
  EXPECT_EQ(RefusalOf(OneItem("gold", "1", "0x10")),
            "pool.yaml:5:15: weight must be a whole number from 0 to 9223372036854775807, not "
            "0x10");
  EXPECT_EQ(RefusalOf(OneItem("gold", "-2", "1")),
            "pool.yaml:4:17: quantity must be a whole number from 0 to 9223372036854775807, or "
            "\"unlimited\", not -2");
}

TEST(ConfigTest, QuantityIsUnlimitedByWordOrAsMinusOne) {
  for (const char* text : {"unlimited", "\"unlimited\"", "-1"}) {
    SCOPED_TRACE(text);
    EXPECT_TRUE(ParseOrDie(OneItem("gold", text, "1")).catalog->at(0).quantity.is_unlimited());
  }
  for (const char* text : {"'-1'", "-1.0", "Unlimited", "infinite", "~"}) {
    SCOPED_TRACE(text);
    EXPECT_THAT(RefusalOf(OneItem("gold", text, "1")), HasSubstr("or \"unlimited\""));
  }
}

TEST(ConfigTest, IdsHoldAnyTextThatACatalogMayHold) {
  const PoolOptions config = ParseOrDie(
      "pool:\n  catalog:\n"
      "    - {item_id: \"a,b\\n\\\"c\\\"\", quantity: 1, weight: 1}\n"
      "    - {item_id: '7', quantity: 1, weight: 1}\n"
      "    - {item_id: \xF0\x9F\x8E\x81 box, quantity: 1, weight: 1}\n"
      "    - {item_id: 7-eleven, quantity: 1, weight: 1}\n"
      "    - {item_id: \"yes\", quantity: 1, weight: 1}\n");
  ASSERT_EQ(config.catalog->size(), 5U);
  EXPECT_EQ(config.catalog->at(0).id, "a,b\n\"c\"");
  EXPECT_EQ(config.catalog->at(1).id, "7");
  EXPECT_EQ(config.catalog->at(2).id, "\xF0\x9F\x8E\x81 box");
  EXPECT_EQ(config.catalog->at(3).id, "7-eleven");
  EXPECT_EQ(config.catalog->at(4).id, "yes");
}

TEST(ConfigTest, TextThatReadersDisagreeAboutNeedsQuotes) {
  for (const char* text :
       {"10", "-1", "1e3", "0x1F", "1_000", "1.5", "no", "Off", "TRUE", "y", ".nan", "-.inf"}) {
    SCOPED_TRACE(text);
    EXPECT_THAT(RefusalOf(OneItem(text, "1", "1")), HasSubstr("put it in quotes"));
  }
}

struct Refused {
  const char* text;
  const char* message;
};

void ExpectRefusals(const std::vector<Refused>& cases) {
  for (const Refused& refused : cases) EXPECT_EQ(RefusalOf(refused.text), refused.message);
}

TEST(ConfigTest, ABadCatalogIsRefusedWithItsPlace) {
  ExpectRefusals(
      {{"working_dir: d\n", "pool.yaml:1:1: there is no pool"},
       {"pool:\n  selector: flat\n", "pool.yaml:2:3: pool has no catalog"},
       {"pool: {catalog: }\n", "pool.yaml:1:8: catalog must be a list of items"},
       {"pool: {catalog: [gold]}\n", "pool.yaml:1:18: an item must be a map of keys and values"},
       {"pool: {catalog: [{quantity: 1, weight: 1}]}", "pool.yaml:1:18: this item has no item_id"},
       {"pool: {catalog: [{item_id: gold, weight: 1}]}",
        "pool.yaml:1:18: item \"gold\" has no quantity; write a number or \"unlimited\""},
       {"pool: {catalog: [{item_id: gold, quantity: 1}]}",
        "pool.yaml:1:18: item \"gold\" has no weight"},
       {"pool: {catalog: [{item_id: gold, quantity: 1, weight: 1, probability: 1}]}",
        "pool.yaml:1:71: weight and probability are two names for the same thing; give one "
        "of them"},
       {"pool: {catalog: [{item_id: '', quantity: 1, weight: 1}]}",
        "pool.yaml:1:28: item id is empty"},
       {"pool: {catalog: [{item_id: , quantity: 1, weight: 1}]}",
        "pool.yaml:1:19: item_id has no value"},
       {"pool: {catalog: [{item_id: \"a\\0\", quantity: 1, weight: 1}]}",
        "pool.yaml:1:28: item id \"a\\x00\" has a NUL at byte 1"},
       {"pool:\n  catalog:\n    - {item_id: gold, quantity: 1, weight: 1}\n"
        "    - {item_id: rock, quantity: 1, weight: 1}\n"
        "    - {item_id: gold, quantity: 1, weight: 1}\n",
        "pool.yaml:5:17: item_id \"gold\" appears twice; first in line 3"},
       {"pool:\n  catalog:\n"
        "    - {item_id: gold, quantity: 1, weight: 9223372036854775807}\n"
        "    - {item_id: rock, quantity: 1, weight: 1}\n",
        "pool.yaml:4:44: with the weight of \"rock\" the sum of all weights passes "
        "2^63-1"}});
}

TEST(ConfigTest, UnknownAndDoubledKeysAreRefusedByName) {
  ExpectRefusals(
      {{"pol: {}\n", "pool.yaml:1:1: unknown key \"pol\"; did you mean \"pool\"?"},
       {"grpc:\n  enabled: true\n",
        "pool.yaml:1:1: unknown key \"grpc\"; known: working_dir, pool, wal, snapshot, "
        "keys"},
       {"storage: mmap\n", "pool.yaml:1:1: unknown key \"storage\"; did you mean \"wal.storage\"?"},
       {"pool: {catalog: [{item_id: gold, quantity: 1, wieght: 1}]}",
        "pool.yaml:1:47: unknown key \"wieght\"; did you mean \"weight\"?"},
       {"pool: {catalog: [{Item_Id: gold, quantity: 1, weight: 1}]}",
        "pool.yaml:1:19: unknown key \"Item_Id\"; did you mean \"item_id\"?"},
       {"pool: {catalog: [{item_id: gold, quantity: 1, weight: 1, weight: 2}]}",
        "pool.yaml:1:58: key \"weight\" appears twice in the same map"},
       {"pool: {catalog: []}\nwal: {}\nwal: {}\n",
        "pool.yaml:3:1: key \"wal\" appears twice in the same map"},
       {"pool: {catalog: []}\n[1]: 2\n", "pool.yaml:2:1: a key must be a text"},
       {"pool: {catalog: []}\nwal: file\n", "pool.yaml:2:6: wal must be a map of keys and values"},
       {"- pool\n", "pool.yaml:1:1: a configuration must be a map of keys and values"}});
}

TEST(ConfigTest, ValuesOutOfRangeAreRefusedWithWhatWouldDo) {
  ExpectRefusals(
      {{"pool: {catalog: []}\nwal: {storage: nmap}\n",
        "pool.yaml:2:16: unknown storage \"nmap\"; did you mean \"mmap\"?"},
       {"pool: {catalog: []}\nwal: {storage: [file]}\n",
        "pool.yaml:2:16: storage must be a word; known: file, mmap, memory"},
       {"pool: {catalog: []}\nwal: {formatter: string_line}\n",
        "pool.yaml:2:18: unknown formatter \"string_line\"; known: binary, jsonl, json"},
       {"pool: {catalog: [], selector: fenwik}\n",
        "pool.yaml:1:31: unknown selector \"fenwik\"; did you mean \"fenwick\"?"},
       {"pool: {catalog: []}\nwal: {max_file_size_kb: 63}\n",
        "pool.yaml:2:25: max_file_size_kb must be a whole number from 64 to 1048576, not "
        "63"},
       {"pool: {catalog: []}\nwal: {max_file_size_kb: 1048577}\n",
        "pool.yaml:2:25: max_file_size_kb must be a whole number from 64 to 1048576, not "
        "1048577"},
       {"pool: {catalog: []}\nwal: {max_request_buffer_size: 0}\n",
        "pool.yaml:2:32: max_request_buffer_size must be a whole number from 1 to 16777216, "
        "not 0"},
       {"pool: {catalog: []}\nwal: {durability: interval}\n",
        "pool.yaml:2:19: unknown durability \"interval\"; did you mean \"interval_ms\"?"},
       {"pool: {catalog: []}\nwal: {durability: interval_ms}\n",
        "pool.yaml:2:19: interval_ms needs a number: durability: {interval_ms: 20}"},
       {"pool: {catalog: []}\nwal: {durability: {}}\n",
        "pool.yaml:2:19: durability is empty; give interval_ms"},
       {"pool: {catalog: []}\nwal: {durability: {interval_ms: 0}}\n",
        "pool.yaml:2:33: interval_ms must be a whole number from 1 to 3600000, not 0"},
       {"pool: {catalog: []}\nwal: {flush_after_n_draw: 5, durability: durable}\n",
        "pool.yaml:2:42: flush_after_n_draw and durability contradict each other; give one "
        "of them"},
       {"pool: {catalog: []}\nsnapshot: {every_draws: 0}\n",
        "pool.yaml:2:25: every_draws must be a whole number from 1 to "
        "9223372036854775807, not 0"}});
}

TEST(ConfigTest, WhatIsNoPlainYamlDocumentIsRefused) {
  ExpectRefusals(
      {{"", "pool.yaml:1:1: the file is empty"},
       {"# only a comment\n", "pool.yaml:1:1: the file is empty"},
       {"pool: {catalog: []}\n---\npool: {catalog: []}\n",
        "pool.yaml:2:1: a second document begins here"},
       {"pool: &p {catalog: []}\n", "pool.yaml:1:7: anchors (&name) are not supported"},
       {"pool: !!map {catalog: []}\n",
        "pool.yaml:1:7: tags are not supported: tag:yaml.org,2002:map"},
       {"working_dir: !!str d\n", "pool.yaml:1:14: tags are not supported: tag:yaml.org,2002:str"},
       {"pool: {catalog: []\n", "pool.yaml:2:1: end of map flow not found"},
       // yaml-cpp by itself would end the file at the 0x04, quietly.
       {"pool: {catalog: []}\n\x04wal: {}\n",
        "pool.yaml:2:1: this is not a text file in UTF-8: unexpected byte \"\\x04\""},
       {"\xFF\xFE",
        "pool.yaml:1:1: this is not a text file in UTF-8: unexpected byte "
        "\"\\xff\""}});
}

TEST(ConfigTest, NestingIsBounded) {
  for (const char open : {'[', '{'}) {
    EXPECT_THAT(RefusalOf("pool: " + std::string(100'000, open)),
                HasSubstr("nested more than 16 levels deep"));
    EXPECT_THAT(RefusalOf(std::string(100'000, '['), "pool.json"),
                HasSubstr("nested more than 16 levels deep"));
  }
}

TEST(ConfigTest, AliasesAreRefusedSoThatNothingMultiplies) {
  EXPECT_THAT(RefusalOf("a: &a [x, x]\nb: [*a, *a]\n"), HasSubstr("not supported"));
  EXPECT_THAT(RefusalOf("pool: *nothing\n"), StartsWith("pool.yaml:1:7: "));
}

TEST(ConfigTest, ATextThatIsTooLongIsRefused) {
  EXPECT_THAT(RefusalOf(std::string(kConfigBytesMax + 1, '#')),
              HasSubstr("the file is larger than"));
}

TEST(ConfigJsonTest, EscapesAreReadInFull) {
  const PoolOptions config = ParseOrDie(
      "\xEF\xBB\xBF{\r\n\t\"pool\":{\"catalog\":[{\"item_id\":"
      "\"\\ud83c\\udf81\\u00e9\\u0416\\u20ac\\n\\t\\\"\\\\\\/\",\"quantity\":-1,"
      "\"probability\":5}]},\"wal\":{\"durability\":{\"interval_ms\":7}}}",
      "pool.json");
  ASSERT_EQ(config.catalog->size(), 1U);
  EXPECT_EQ(config.catalog->at(0).id, "\xF0\x9F\x8E\x81\xC3\xA9\xD0\x96\xE2\x82\xAC\n\t\"\\/");
  EXPECT_TRUE(config.catalog->at(0).quantity.is_unlimited());
  EXPECT_EQ(config.durability, Durability::Interval(7));
}

TEST(ConfigJsonTest, WhatIsNotJsonIsRefusedWithItsPlace) {
  const auto pool = [](std::string_view weight) {
    return std::string(
               "{\"pool\": {\"catalog\": [\n{\"item_id\": \"gold\", \"quantity\": 1, "
               "\"weight\": ")
        .append(weight)
        .append("}]}}");
  };
  ParseOrDie(pool("1"), "pool.json");
  const std::vector<Refused> cases = {
      {"1e3", "not 1e3"},
      {"1.0", "not 1.0"},
      {"-1", "not -1"},
      {"-0", "not -0"},
      {"true", "not true"},
      {"null", "it has no value"},
      {"\"1\"", "not \"1\""},
      {"01", "',' or '}'"},
      {"+1", "a value"},
      {"0x1", "',' or '}'"},
      {"NaN", "a value"},
      {"1,", "a key in quotes"},
      {"1 // one", "',' or '}'"},
      {"'1'", "a value"},
      {"1.", "a digit"},
      {"1e", "a digit"},
      {"", "a value"},
      {"1, weight: 2", "a key in quotes"},
      {"\"\\ud83c\"", "surrogate"},
      {"\"\\udf81\"", "surrogate"},
      {"\"\\ud83cx\"", "surrogate"},
      {"\"\\ud83c\\u0041\"", "surrogate"},
      {"\"\\u12g4\"", "four hexadecimal digits"},
      {"\"\\x41\"", "unknown escape"},
      {"\"\t\"", "must be written"},
      {"1, \"weight\": 2", "twice"},
      {"[1", "',' or ']'"},
      {"\"1", "no closing quote"},
  };
  for (const Refused& refused : cases) {
    SCOPED_TRACE(refused.text);
    const std::string message = RefusalOf(pool(refused.text), "pool.json");
    EXPECT_THAT(message, StartsWith("pool.json:2:"));
    EXPECT_THAT(message, HasSubstr(refused.message));
  }
  EXPECT_EQ(RefusalOf(pool("1") + "\n x", "pool.json"),
            "pool.json:3:2: unexpected text after the end of the document");
  EXPECT_EQ(RefusalOf("{\"pool\"", "pool.json"),
            "pool.json:1:8: expected ':', found the end of the file");
  EXPECT_EQ(RefusalOf("{\"pool\": {\"catalog\": [{\"item_id\": 7}]}}", "pool.json"),
            "pool.json:1:35: item_id must be a text; if 7 is meant as one, put it in quotes");
}

TEST(ConfigFileTest, TheSamplesLoadAndMeanTheSameInBothForms) {
  const std::string folder = std::string(RP_SOURCE_DIR) + "/samples/";
  const Result<PoolOptions> yaml = LoadConfig(folder + "pool.yaml");
  ASSERT_TRUE(yaml.ok()) << yaml.status().ToString();
  const Result<PoolOptions> json = LoadConfig(folder + "pool.json");
  ASSERT_TRUE(json.ok()) << json.status().ToString();
  EXPECT_EQ(yaml->dir, json->dir);
  EXPECT_EQ(yaml->catalog, json->catalog);
  EXPECT_EQ(yaml->segment_bytes_max, json->segment_bytes_max);
  EXPECT_EQ(yaml->snapshots.every_requests, json->snapshots.every_requests);
  const Result<PoolOptions> original = LoadConfig(folder + "original.yaml");
  ASSERT_TRUE(original.ok()) << original.status().ToString();
  EXPECT_EQ(original->durability, Durability::FlushAfter(20));
}

TEST(ConfigFileTest, AFileThatCannotBeReadIsNamed) {
  const Result<PoolOptions> missing = LoadConfig("/nowhere/pool.yaml");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().code(), StatusCode::kIo);
  EXPECT_EQ(missing.status().message(),
            "cannot read \"/nowhere/pool.yaml\": No such file or directory");
  const Result<PoolOptions> folder = LoadConfig("/");
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.status().message(), "cannot read \"/\": Is a directory");
}

}  // namespace
}  // namespace rewardpool::native
