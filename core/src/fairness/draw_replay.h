// draw_replay.h - a log as single draws, with the weights that counted at each.
#ifndef REWARDPOOL_CORE_SRC_FAIRNESS_DRAW_REPLAY_H_
#define REWARDPOOL_CORE_SRC_FAIRNESS_DRAW_REPLAY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rewardpool/recovery.h"
#include "selectors/fenwick.h"

namespace rewardpool::internal {

class DrawReplay : public RecordVisitor {
 public:
  Status OnRecord(const Record& record, RequestId first_request_id, const ItemTable& items,
                  const KeyTable& keys) final;

 protected:
  // Weights that count, by position: 0 where nothing can be drawn.
  [[nodiscard]] const FenwickSelector& weights() const noexcept { return weights_; }

  // A draw of this position, with weights() as they were before it.
  virtual void OnDraw(ItemIndex position) = 0;
  // weights() is about to change at this position, which may be a new one.
  virtual void BeforeWeightChange(ItemIndex position) = 0;
  // An item comes to be at this position, or leaves it.
  virtual void OnItem(ItemIndex position, std::string_view id) = 0;
  virtual void OnItemGone(ItemIndex position) = 0;

 private:
  // Brings a position up to what `items` has there.
  void Refresh(const ItemTable& items, ItemIndex position);
  void SetWeight(ItemIndex position, Weight weight);
  // False for a draw that cannot be: the replay, which checks records after they
  // were shown, refuses it.
  [[nodiscard]] bool Draw(ItemIndex position);

  FenwickSelector weights_;
  std::vector<Quantity> left_;
  std::vector<std::string> ids_;  // empty: there is no item
  bool has_begun_ = false;
  // Items that the last record changed: `items` has the change only when the next
  // record comes.
  std::string changed_id_;
  std::vector<ItemIndex> changed_positions_;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_CORE_SRC_FAIRNESS_DRAW_REPLAY_H_
