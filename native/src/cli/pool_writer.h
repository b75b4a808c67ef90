// pool_writer.h - opens pools for the verbs that change them.
#ifndef REWARDPOOL_NATIVE_SRC_CLI_POOL_WRITER_H_
#define REWARDPOOL_NATIVE_SRC_CLI_POOL_WRITER_H_

#include <string>

#include "rewardpool/rewardpool.h"
#include "rewardpool/status.h"

namespace rewardpool::cli {

// Opens a pool that exists, by its folder alone. Records are written in the
// form that the log's last file has. Prints what recovery had to say.
[[nodiscard]] Result<Pool> OpenForChange(const std::string& folder);

// Opens a pool, or makes it if `options` has a catalog. Prints what recovery had
// to say, and a note if an existing pool's items are not those of the catalog.
[[nodiscard]] Result<Pool> OpenForDrawing(const PoolOptions& options);

}  // namespace rewardpool::cli

#endif  // REWARDPOOL_NATIVE_SRC_CLI_POOL_WRITER_H_
