/**
 * INTERFACE: where a pool's log and snapshots live. Knows nothing of records.
 *
 * The same verbs as the core's `WalStorage` and `SnapshotStore` (wal_storage.h,
 * snapshot_store.h), as values or promises:
 *
 * (1) Bytes are visible to `readSegment()` once `append()` is done.
 * (2) Bytes survive the death of the program once `append()` is done, and a loss
 *     of power once `sync()` is done.
 * (3) After a failed `append()` or `sync()`, but for `'full'`, the tail is
 *     unknown: the owner stops and recovers. Retrying is not a repair.
 *
 * Implementations: MemoryStorage, NodeStorage, OpfsStorage, IndexedDbStorage, and
 * MirroredStorage, which keeps one in step with another. One contract suite runs
 * against them all: tests/wasm/contract.
 *
 * Calls: one at a time, but for `readSegment()`, `list()`, `loadSnapshot()`,
 * `publishSnapshot()`, `removeSnapshot()` and `removeSegment()`, which may run
 * beside `append()` and `sync()`.
 *
 * Errors: every failure is a `RewardPoolError`: `'full'` only if nothing changed;
 * `'not-found'` for a segment or snapshot that is not there; `'invalid-argument'`
 * for misuse, with nothing changed; `'store-lost'` if the storage was removed
 * while open; else `'io'`.
 */
import type { StorageKind } from '../../types/index.js';

/** Done at once, or later. */
export type Awaitable<T> = T | Promise<T>;

export interface StorageListing {
  /**
   * Started segments, by number. `bytes` as stored: preallocated room counts. A
   * segment that was made ready and never started (all zeros) is not listed.
   */
  segments: { number: bigint; bytes: number }[];
  /** Names of complete snapshots, ascending. */
  snapshots: bigint[];
}

export interface PoolStorage {
  readonly kind: StorageKind;

  /** What is stored now. */
  list(): Promise<StorageListing>;

  /** A segment's bytes as stored. Not to be changed by the caller. */
  readSegment(number: bigint): Promise<Uint8Array>;

  /**
   * Begins a segment, which from then on is the open one. In this order: syncs the
   * open segment, makes room for `capacityBytes` of zeros, writes `header`, makes
   * all of that durable. `number` is larger than that of every existing segment,
   * but for one that an earlier failed call left behind with nothing but zeros
   * behind its header, or the open one while it has nothing but its header (an
   * append to it was refused as 'full'): these are begun anew. Appends beyond the
   * capacity are allowed.
   */
  startSegment(number: bigint, capacityBytes: number, header: Uint8Array): Awaitable<void>;

  /** Appends to the open segment. `bytes` may be reused once it is done. */
  append(bytes: Uint8Array): Awaitable<void>;

  /** Makes all that was appended durable. */
  sync(): Awaitable<void>;

  /** Cuts a segment that is not open to its first `length` bytes, durably. */
  truncateSegment(number: bigint, length: number): Awaitable<void>;

  /** Writes the bytes of a segment that is not open once more and syncs them. Idempotent. */
  persistSegment(number: bigint): Awaitable<void>;

  /** Removes a segment that is not open, durably. Ok if there is none. */
  removeSegment(number: bigint): Awaitable<void>;

  /**
   * Stores a whole segment that is not there, so that after a crash at any moment
   * a reader finds it whole, not at all, or refuses it as damaged; durable.
   */
  installSegment(number: bigint, bytes: Uint8Array): Awaitable<void>;

  /** A snapshot's bytes, as published. */
  loadSnapshot(name: bigint): Promise<Uint8Array>;

  /**
   * Stores a snapshot so that after a crash at any moment it is either wholly
   * there or not at all; durable. Replaces one of the same name. On `'full'` and
   * `'io'` the snapshots that were there are untouched.
   */
  publishSnapshot(name: bigint, bytes: Uint8Array): Awaitable<void>;

  /** Removes a snapshot, durably. Ok if there is none. */
  removeSnapshot(name: bigint): Awaitable<void>;

  /**
   * Resolves if the storage is still there; rejects with `'store-lost'` if it was
   * removed underneath (site data cleared, folder deleted).
   */
  probe(): Awaitable<void>;

  /**
   * Syncs, gives back room that was allocated and not used (but for OPFS, whose
   * slots keep theirs), and lets go of every handle and lock. The object is then
   * only fit to be dropped. A second call does nothing.
   */
  close(): Awaitable<void>;

  /** Lets go of everything at once, without writing: after a failure. Never throws, never waits for the storage. */
  abandon(): void;
}

/** Opens and deletes pools in one kind of storage. */
export interface StorageOpener {
  readonly kind: StorageKind;
  /**
   * Opens the place of a pool, alone: a second opener is refused as `'busy'`.
   * With `create` a missing place is made; without it, it is `'not-found'`.
   */
  open(create: boolean): Promise<PoolStorage>;
  /** Removes the place and all in it. Ok if there is none. `'busy'` if it is open. */
  delete(): Promise<void>;
}
