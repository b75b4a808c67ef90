#include "rewardpool/stock.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace rewardpool {
namespace {

Stock StockOf(const Stock::Entry& entry) {
  Stock stock;
  stock.Resize(3);
  stock.Set(1, entry);
  return stock;
}

void ExpectEntry(const Stock& stock, Quantity left, std::uint64_t drawn) {
  EXPECT_EQ(stock[1].left, left);
  EXPECT_EQ(stock[1].drawn, drawn);
  EXPECT_EQ(stock.IsGone(1), left.is_zero());
  for (const ItemIndex other : {0u, 2u}) {
    EXPECT_TRUE(stock.IsGone(other));
    EXPECT_EQ(stock[other].drawn, 0u);
  }
}

TEST(StockTest, NumbersAreTakenAndReturnedOneByOneAcrossThirtyTwoBits) {
  for (const std::uint64_t near :
       {std::uint64_t{3}, std::uint64_t{0xFFFF'FFFF}, kQuantityMax - 4}) {
    Stock stock = StockOf({.left = Quantity::Of(near + 4), .drawn = near - 3});
    for (std::uint64_t taken = 0; taken < 7; ++taken) {
      ExpectEntry(stock, Quantity::Of(near + 4 - taken), near - 3 + taken);
      EXPECT_EQ(stock.TakeOne(1), near + 4 - taken == 1);
    }
    for (std::uint64_t taken = 7; taken > 0; --taken) {
      ExpectEntry(stock, Quantity::Of(near + 4 - taken), near - 3 + taken);
      stock.ReturnOne(1);
    }
    ExpectEntry(stock, Quantity::Of(near + 4), near - 3);
  }
}

TEST(StockTest, UnitsTakenTogetherCountAsThoseTakenOneByOneAcrossThirtyTwoBits) {
  constexpr std::uint64_t kLimit = 0xFFFF'FFFF;
  for (const std::uint64_t left : {std::uint64_t{7}, kLimit + 4}) {
    for (const std::uint64_t drawn : {std::uint64_t{0}, kLimit - 4}) {
      for (std::uint32_t units = 0; units <= 7; ++units) {
        SCOPED_TRACE(std::to_string(units) + " of " + std::to_string(left) + ", drawn " +
                     std::to_string(drawn));
        const Stock::Entry entry = {.left = Quantity::Of(left), .drawn = drawn};
        Stock together = StockOf(entry);
        together.Take(1, units);
        ExpectEntry(together, Quantity::Of(left - units), drawn + units);
        Stock one_by_one = StockOf(entry);
        for (std::uint32_t taken = 0; taken < units; ++taken) one_by_one.TakeOne(1);
        ExpectEntry(one_by_one, Quantity::Of(left - units), drawn + units);
      }
    }
  }
}

TEST(StockTest, AnItemDrawnMoreOftenThanThirtyTwoBitsHoldIsGoneWithItsLastUnit) {
  constexpr std::uint64_t kDrawn = 0x1'0000'0000;
  Stock stock = StockOf({.left = Quantity::Of(2), .drawn = kDrawn});
  EXPECT_FALSE(stock.TakeOne(1));
  ExpectEntry(stock, Quantity::Of(1), kDrawn + 1);
  EXPECT_TRUE(stock.TakeOne(1));
  ExpectEntry(stock, Quantity::Of(0), kDrawn + 2);
}

TEST(StockTest, AnUnlimitedItemStaysSoWhateverIsDrawn) {
  constexpr std::uint64_t kDrawn = 0xFFFF'FFF0;
  Stock stock = StockOf({.left = Quantity::Unlimited(), .drawn = kDrawn});
  for (std::uint64_t taken = 0; taken < 40; ++taken) {
    ExpectEntry(stock, Quantity::Unlimited(), kDrawn + taken);
    EXPECT_FALSE(stock.TakeOne(1));
  }
  stock.ReturnOne(1);
  ExpectEntry(stock, Quantity::Unlimited(), kDrawn + 39);
}

TEST(StockTest, WideEntriesComeAndGoWithoutTouchingEachOther) {
  Stock stock;
  stock.Resize(3);
  const Quantity many = Quantity::Of(std::uint64_t{1} << 40);
  for (ItemIndex i = 0; i < 3; ++i) stock.Set(i, {.left = many, .drawn = i});
  stock.Set(1, {.left = Quantity::Of(7), .drawn = 8});
  stock.Resize(2);
  stock.Resize(4);
  stock.Set(3, {.left = many, .drawn = 3});
  stock.Set(2, {.left = many, .drawn = 22});
  const std::uint64_t drawn[] = {0, 8, 22, 3};
  for (ItemIndex i = 0; i < 4; ++i) {
    EXPECT_EQ(stock[i].left, i == 1 ? Quantity::Of(7) : many);
    EXPECT_EQ(stock[i].drawn, drawn[i]);
  }
}

}  // namespace
}  // namespace rewardpool
