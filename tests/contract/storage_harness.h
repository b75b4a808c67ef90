// storage_harness.h - what the contract suites need to know of a back end: how
// to open it, and how to open it again on what it left. A new back end costs one
// harness and one line in contract_backends.cc.
#ifndef REWARDPOOL_TESTS_CONTRACT_STORAGE_HARNESS_H_
#define REWARDPOOL_TESTS_CONTRACT_STORAGE_HARNESS_H_

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "rewardpool/snapshot_store.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool::tests {

// One empty place; every call opens it anew, as after a restart. The object
// opened before must be gone by then.
class WalHarness {
 public:
  virtual ~WalHarness() = default;
  virtual std::unique_ptr<WalStorage> Open() = 0;
};

class SnapshotHarness {
 public:
  virtual ~SnapshotHarness() = default;
  virtual std::unique_ptr<SnapshotStore> Open() = 0;
};

template <typename Harness>
struct Backend {
  std::string name;
  std::function<std::unique_ptr<Harness>()> make;
  // No other thread may touch what it opens.
  bool has_one_thread = false;

  friend void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }
};

std::vector<Backend<WalHarness>> WalBackends();
std::vector<Backend<SnapshotHarness>> SnapshotBackends();

}  // namespace rewardpool::tests

#endif  // REWARDPOOL_TESTS_CONTRACT_STORAGE_HARNESS_H_
