// record_check.h - what a record from a log must be beyond well-formed,
// whichever codec wrote it.
#ifndef REWARDPOOL_SRC_RECORD_CHECK_H_
#define REWARDPOOL_SRC_RECORD_CHECK_H_

#include "rewardpool/status.h"
#include "rewardpool/wal_record.h"

namespace rewardpool::internal {

// Ok if every field is within the limits of wal_record.h and item.h, and the
// fields agree with each other; otherwise kCorrupt. Does not look at the
// positions of items.
Status CheckRecord(const Record& record);

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SRC_RECORD_CHECK_H_
