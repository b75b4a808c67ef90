// rewardpool.h - a durable reward pool: draws prizes with exact odds, and tells
// nobody of a draw before it is in the log.
//
//   rewardpool::PoolOptions options;
//   options.dir = "/var/lib/shop/pool";
//   options.catalog = {{"gold", 1, rewardpool::Quantity::Of(100)}, {"silver", 99}};
//   auto pool = rewardpool::Pool::Open(options);
//   if (!pool.ok()) { std::cerr << pool.status().ToString() << '\n'; return 1; }
//   const rewardpool::DrawResult drawn = pool->Draw();
//   if (drawn.ok()) std::cout << drawn.request_id << ' ' << pool->ItemId(drawn.item) << '\n';
//
// One process owns a pool at a time; inside it, any number of threads may use
// the Pool object at once. Every change goes through one actor in one order, so
// each call sees all that was answered before it.
//
// Which call to use:
//   a request handler, one draw          Draw()
//   with a key, a user, several items    Draw(request), DrawAsync(request, f)
//   a thread that draws a great many     NewProducer(): windowed, bulk
//
// When the disk fails (a write or sync error) the pool stops: requests whose
// bytes may or may not have reached it are answered kOutcomeUnknown, later ones
// are refused with the same code, and Failure() says why. Close and open again
// to recover. A full disk (kFull) is not such a failure: the requests in hand
// are undone, the pool stays readable, and works again once there is room.
//
// No exception crosses this interface, but for std::bad_alloc.
#ifndef REWARDPOOL_REWARDPOOL_H_
#define REWARDPOOL_REWARDPOOL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewardpool/durability.h"
#include "rewardpool/engine.h"
#include "rewardpool/item.h"
#include "rewardpool/item_table.h"
#include "rewardpool/key_table.h"
#include "rewardpool/pool_threads.h"
#include "rewardpool/pool_view.h"
#include "rewardpool/producer.h"
#include "rewardpool/status.h"
#include "rewardpool/wal_format.h"

namespace rewardpool {

enum class StorageKind : std::uint8_t {
  kFile,    // pwrite and fdatasync: the quickest way to a durable draw
  kMmap,    // mapped segments and msync: for policies that sync rarely
  kMemory,  // nothing outlives the pool
};

// When snapshots are taken by themselves: after so many requests or bytes of
// log since the last one, whichever comes first; 0: not on that account.
struct SnapshotPolicy {
  std::uint64_t every_requests = 0;
  std::uint64_t every_bytes = 0;
};

struct PoolOptions {
  StorageKind storage = StorageKind::kFile;
  // The pool's folder, for kFile and kMmap. Made if a catalog is given and it
  // is missing.
  std::string dir;
  // The items of a new pool. An existing pool keeps what it has; this is then
  // not looked at. Absent: a pool that is not there is kNotFound.
  std::optional<std::vector<Item>> catalog;
  std::string selector = "auto";  // a name of SelectorNames()
  std::string codec = "binary";   // of what is written: "binary" or "jsonl"
  Durability durability = Durability::Durable();
  std::uint64_t segment_bytes_max = kSegmentBytesDefault;  // kSegmentBytesMin to kSegmentBytesMax
  // Requests that may be under way at once, 1 to kPendingRequestsMax; more are
  // kOverloaded. Producers are held back in place of being refused.
  std::size_t pending_requests_max = 262'144;
  SnapshotPolicy snapshots;
  // How many keyed draws are remembered for repetition, the latest ones.
  std::size_t key_retention = kKeyRetentionDefault;
  // Threads that Open() reads the log with, its own included; none of them outlives
  // it. 0: as many as the machine has.
  unsigned recovery_threads = 0;
  // Absent: a cryptographic generator keyed by the operating system. A seed
  // gives the same draws each time, from a generator that anyone can predict:
  // for tests and simulation, never where a prize depends on it.
  std::optional<std::uint64_t> insecure_seed;
  // Threads that the pool shares with others; none: it has its own.
  std::shared_ptr<PoolThreads> threads;
};

inline constexpr std::size_t kPendingRequestsMax = std::size_t{1} << 24;

class Pool {
 public:
  // Called once with the answer, in a thread that runs the pool. It must be quick
  // and must not wait for a pool: calls that wait for this one, or for another
  // with the same threads, answer kInvalidArgument in it, and those of a Producer
  // would wait for ever. DrawAsync() is fine.
  using DrawCallback = std::function<void(Result<DrawOutcome>)>;

  // Opens the pool, recovering it if it was not closed in order; makes it if
  // there is none and a catalog is given.
  //
  // Errors: kInvalidArgument (an option, or the catalog), kBusy (another owner
  //         has the folder), kNotFound, kCorrupt (the message names the place),
  //         kUnsupported (written by a newer program), kFull, kIo.
  [[nodiscard]] static Result<Pool> Open(const PoolOptions& options);

  Pool(Pool&&) noexcept;
  Pool& operator=(Pool&&) noexcept;
  // Closes; call Close() yourself to hear of errors.
  ~Pool();

  // --- Draws ----------------------------------------------------------------

  // Draws one item, and waits until the draw is acknowledged: with the default
  // policy, until it is synced.
  // Cost: no allocation. A caller that finds the actor asleep does the work
  //       itself, without a change of thread: little more than write and sync.
  [[nodiscard]] DrawResult Draw();

  // Draws with a key, a user, or several items (all or nothing), and waits.
  //
  // Returns: the outcome; without items if the pool could not serve the whole
  //          count. For a known key the recorded outcome.
  // Errors:  kInvalidArgument, kAlreadyExists (key known with another count or
  //          user), kOverloaded, kFull, kClosed: nothing happened;
  //          kOutcomeUnknown.
  [[nodiscard]] Result<DrawOutcome> Draw(const DrawRequest& request);

  // The same without waiting.
  // Errors: kOverloaded, kClosed: the callback will not be called. Any other
  //         error goes to the callback.
  [[nodiscard]] Status DrawAsync(DrawRequest request, DrawCallback callback);

  // A producer with room for `window` windowed draws in flight, 1 to kWindowMax.
  // Errors: kInvalidArgument, kClosed.
  [[nodiscard]] Result<Producer> NewProducer(std::size_t window);

  // The text of an item's id; lives as long as the pool, also when the item is
  // removed. Requires a ref from a result of this pool. Cost: O(1).
  [[nodiscard]] std::string_view ItemId(ItemRef item) const noexcept;

  // --- Catalog --------------------------------------------------------------

  // Each waits until the change is acknowledged, and returns its request id.
  // Errors: kInvalidArgument, kAlreadyExists or kNotFound (the item),
  //         kOverloaded, kFull, kClosed: unchanged; kOutcomeUnknown.
  [[nodiscard]] Result<RequestId> AddItem(const Item& item);
  [[nodiscard]] Result<RequestId> UpdateItem(std::string_view id, const ItemChange& change);
  [[nodiscard]] Result<RequestId> RemoveItem(std::string_view id);

  // --- The pool as a whole ----------------------------------------------------

  // A copy of the state, made when all that it holds is acknowledged.
  // Errors: kClosed, kOutcomeUnknown.  Cost: O(n), of which draws wait for
  //         some 0.1 ms at a time.
  [[nodiscard]] Result<PoolView> State();

  // Takes a snapshot now, and drops the log segments that it makes
  // unnecessary. Durable on return; draws go on meanwhile.
  // Returns: the last request that it holds.
  // Errors:  kFull, kIo (of the snapshot: the pool goes on without it),
  //          kClosed, kOutcomeUnknown.
  [[nodiscard]] Result<RequestId> Snapshot();

  // Makes everything that was acknowledged before the call durable.
  // Errors: kFull (requests under way were undone for want of room), kClosed,
  //         kOutcomeUnknown.
  [[nodiscard]] Status Flush();

  // Carries out what was submitted before, notes in the log that it was closed
  // in order, syncs, and lets go of the folder. Calls from then on answer
  // kClosed. A second call returns what the first did.
  // Errors: kOutcomeUnknown (the log failed; reopening recovers), kIo.
  [[nodiscard]] Status Close();

  // These never wait, and work on a closed pool too.
  [[nodiscard]] PoolStats Stats() const;
  // Requests up to here survive a loss of power.
  [[nodiscard]] RequestId durable_through() const noexcept;
  // Ok, or why the pool has stopped.
  [[nodiscard]] Status Failure() const;
  [[nodiscard]] const OpeningReport& opening() const noexcept;

 private:
  struct Parts;
  explicit Pool(std::unique_ptr<Parts> parts) noexcept;

  std::unique_ptr<Parts> parts_;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_REWARDPOOL_H_
