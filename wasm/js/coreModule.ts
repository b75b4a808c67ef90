/**
 * The WebAssembly module as TypeScript sees it: what src/bindings.cc exposes, and
 * nothing else. Every Embind call costs some hundred nanoseconds, so the hot ones
 * work on many draws at once.
 *
 * Views (`Uint8Array`, `Uint32Array` returned by methods) look into the module's
 * memory and die with the next call into it: copy them at once.
 *
 * Methods that return `number` as a status return 0 for success or a
 * `StatusCode` (core/include/rewardpool/status.h); `message()` then tells the
 * reason.
 */

import type { PoolFiles } from './poolFiles.js';

/** A change to the storage that the core asks for, to be made in order. */
export type StorageOperation =
  | { kind: 'start-segment'; segment: bigint; capacityBytes: number; bytes: Uint8Array }
  | { kind: 'append'; bytes: Uint8Array }
  | { kind: 'sync' }
  | { kind: 'truncate'; segment: bigint; length: number }
  | { kind: 'persist'; segment: bigint }
  | { kind: 'remove-segment'; segment: bigint }
  | { kind: 'remove-snapshot'; snapshot: bigint };

/** The message-loop actor: pool_loop.h. */
export interface CorePoolLoop {
  /** Why the last method that failed did. */
  message(): string;

  // --- Opening: options and stored bytes in, operations out ------------------

  setSelector(name: string): void;
  setSegmentBytes(bytes: number): void;
  setKeyRetention(count: number): void;
  /** The most requests that may be staged and not acknowledged. */
  setPendingRequestsMax(count: number): void;
  /** Acknowledge when written, not when durable. */
  setAcknowledgeWhenWritten(): void;
  /** 32 bytes from the platform's entropy: the key of the draws' generator. */
  setSecureKey(key: Uint8Array): void;
  /** The predictable generator in place of the secure one. */
  setInsecureSeed(seed: bigint): void;
  /** Fresh entropy for salts. */
  setSaltSeed(seed: bigint): void;

  /** Room for a stored segment's bytes; the caller fills the view at once. */
  loadSegment(number: bigint, byteCount: number): Uint8Array;
  loadSnapshot(name: bigint, byteCount: number): Uint8Array;

  /** `quantity` is not looked at if `unlimited`. Bad items are refused by open(). */
  addCatalogItem(itemId: string, weight: bigint, quantity: bigint, unlimited: boolean): void;
  /** Recovers what was loaded or, if there is no pool and `create`, makes one of the catalog. */
  open(create: boolean): number;
  /** What must be done to the storage before anything is served. Copies the bytes out. Empties the list. */
  takeOperations(): StorageOperation[];

  created(): boolean;
  recoveredThrough(): bigint;
  logStartsAfter(): bigint;
  notes(): string[];

  // --- Requests ---------------------------------------------------------------

  /**
   * Stages up to `count` plain draws. What became of them: stagedFirstRequestId(),
   * stagedRefused(), failure(). Returns the names (see itemIdsFrom) of the items
   * drawn: a view.
   */
  stageDraws(count: number): Uint32Array;
  stagedFirstRequestId(): bigint;
  stagedRefused(): number;

  /** Stages one draw request; then outcomeRequestId() and outcomeNames() tell the outcome (no names: exhausted). */
  stageDraw(count: number, key: string, user: string): number;
  outcomeRequestId(): bigint;
  /** The item ids of the outcome. */
  outcomeItemIds(): string[];

  stageAdd(itemId: string, weight: bigint, quantity: bigint, unlimited: boolean): number;
  stageUpdate(
    itemId: string,
    hasWeight: boolean,
    weight: bigint,
    hasQuantity: boolean,
    quantity: bigint,
    unlimited: boolean,
  ): number;
  stageRemove(itemId: string): number;
  stageClosed(): void;

  /**
   * Item ids by name: numbers 0, 1, 2, ... that are never given twice, so that an
   * answer that is read late is not taken for the item that came to the place of
   * the one drawn. Returns those from `first` on.
   */
  itemIdsFrom(first: number): string[];
  itemNameCount(): number;

  // --- The log ----------------------------------------------------------------

  hasOpenBatch(): boolean;
  /** Seals; the getters below describe the batch. Requires hasOpenBatch() and no sealed one. Returns the batch's number. */
  sealBatch(): number;
  batchStartsSegment(): boolean;
  batchSegment(): bigint;
  batchCapacityBytes(): number;
  /** A view. */
  batchHeader(): Uint8Array;
  /** A view, until onWritten() or onFailed(). */
  batchFrames(): Uint8Array;

  onWritten(): void;
  onDurable(batchNumber: number): void;
  /** `code` is a StatusCode; full is allowed only for a sealed batch of which nothing was written. */
  onFailed(code: number, message: string): void;
  /** 0, or the code of the failure that poisoned the pool. */
  failure(): number;

  stagedThrough(): bigint;
  acknowledgedThrough(): bigint;
  durableThrough(): bigint;
  writtenBatch(): number;
  durableBatch(): number;

  // --- State and snapshots ------------------------------------------------------

  /** `{"last_request_id":"1","items":[{"item_id":"a","weight":"1","quantity":"2"|"unlimited","drawn":"3"}]}`, staged changes included. */
  stateJson(): string;

  /** Copies the state and begins a segment with its mark. Requires no open batch and no failure. Returns the image's request id. */
  takeSnapshot(): bigint;
  /** Number of the batch that holds the mark: publish only when it is durable. Known after the sealBatch() that follows takeSnapshot(). */
  snapshotMarkBatch(): number;
  /** The image's bytes: a view; the image is dropped with the next call. */
  encodeSnapshot(): Uint8Array;
  discardSnapshot(): void;
  /** The snapshot is stored: what may be removed now comes with takeOperations(). Returns a status. */
  onSnapshotPublished(name: bigint): number;

  /** Frees the object's memory. */
  delete(): void;
}

/** The module. */
export interface CoreModule {
  PoolLoop: new () => CorePoolLoop;
}

/** What an owner stands on. */
export interface PoolModules {
  core: CoreModule;
  /** Fetches `inspector.wasm` when it is first called. */
  newPoolFiles(): Promise<PoolFiles>;
}
