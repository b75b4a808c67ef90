// record_json.h - records as people and scripts read them: the lines of
// `rewardpool log --json`. The format is part of the public surface:
// docs/wal-format.md, "As JSON lines".
//
// Not a codec: runs become a line a draw, request ids are written out, and
// nothing reads these lines back.
#ifndef REWARDPOOL_RECORD_JSON_H_
#define REWARDPOOL_RECORD_JSON_H_

#include <string>
#include <string_view>

#include "rewardpool/item_table.h"
#include "rewardpool/status.h"
#include "rewardpool/wal_record.h"

namespace rewardpool {

// Appends `text` in double quotes, with quotes, backslashes and control
// characters escaped. Requires well-formed UTF-8, which is left as it is.
void AppendJsonString(std::string_view text, std::string& out);

// Appends a line for each request in the record, or one line if there is none
// in it. Every line ends with '\n'.
//
// Inputs: first_request_id: of the first request in the record; does not matter
//         for records without one. items: the table at that place in the log.
// Errors: kCorrupt if a draw is of a position where no item is; nothing is then
//         appended.
// Cost:   the output's length, which for a long run of refusals is large.
[[nodiscard]] Status AppendRecordJson(const Record& record, RequestId first_request_id,
                                      const ItemTable& items, std::string& out);

}  // namespace rewardpool

#endif  // REWARDPOOL_RECORD_JSON_H_
