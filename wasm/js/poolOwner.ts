/**
 * The owner of a pool: the JavaScript half of the message-loop actor. It drives
 * one core (`PoolLoop`) and one storage, and contains no rule of drawing or
 * logging.
 *
 * One turn: stage everything that has come in; if the storage is idle, seal what
 * is staged and write and sync it; answer what that made true. Requests that come
 * in meanwhile are staged and share the next write (group commit).
 *
 * A quiet pool takes its turn as soon as it is asked something. After a write
 * messages may be waiting, for OPFS holds up the whole thread, so the next turn is
 * a task behind them all; one that finds nothing makes the pool quiet again. There
 * are no timers but for the interval policy.
 */
import type { DrawMany, OpeningReport, PoolStats, SnapshotPolicy } from '../types/index.js';
import type { CoreModule, CorePoolLoop, PoolModules, StorageOperation } from './coreModule.js';
import { asRewardPoolError, closedError, exhaustedError, RewardPoolError, shown } from './errors.js';
import { nextTask, soon } from './nextTask.js';
import type { OwnerOptions } from './openOptions.js';
import {
  REFUSED,
  type AnswerOf,
  type DrawEachAnswer,
  type Kind,
  type NewNames,
  type Request,
  type RequestOf,
} from './protocol.js';
import type { PoolFiles } from './poolFiles.js';
import { randomId } from './randomId.js';
import { errorCodeOf, statusOf } from './statusCode.js';
import type { Awaitable, PoolStorage } from './storage/poolStorage.js';

/** Requests that may be staged and not acknowledged; further ones wait. */
const PENDING_REQUESTS_MAX = 1 << 20;
/** Messages that may wait for room; further ones are refused as 'overloaded'. */
const INBOX_MAX = 1 << 20;
/** A storage that is in use is asked at least this often whether it is still there. */
const PROBE_INTERVAL_MS = 1000;
/** Each opening begins a segment, so many openings would leave many. */
const SEGMENTS_WITHOUT_SNAPSHOT_MAX = 3;
/** About how much of the log one answer carries. */
const LOG_PAGE_BYTES = 1 << 20;

/** What was found at the opening: an OpeningReport but for what only a browser knows. */
export type OwnerOpening = Omit<OpeningReport, 'role' | 'persisted'>;

interface Job {
  session: OwnerSession;
  request: Request;
  resolve(answer: unknown): void;
  reject(error: RewardPoolError): void;
}

/** Staged, and waiting for the request `through` to be acknowledged. */
interface Waiting {
  through: bigint;
  settle(): void;
  reject(error: RewardPoolError): void;
}

/** A reader's turn alone with the storage. */
interface Visit {
  run(): Promise<void>;
  reject(error: RewardPoolError): void;
}

interface SnapshotWaiter {
  resolve(requestId: bigint): void;
  reject(error: RewardPoolError): void;
}

/**
 * How far a snapshot is: its mark is in the open batch; in a batch that is being
 * written; or durable, and the bytes are being published.
 */
type SnapshotStage = 'none' | 'mark-open' | 'mark-sealed' | 'publishing';

export class PoolOwner {
  readonly opening: OwnerOpening;
  /** Called once, when the pool stops because its storage failed. */
  onFailure: ((failure: RewardPoolError) => void) | undefined;
  readonly #modules: PoolModules;
  readonly #loop: CorePoolLoop;
  readonly #storage: PoolStorage;
  readonly #options: OwnerOptions;
  readonly #epoch: string;

  readonly #inbox: Job[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #flushes: Waiting[] = [];
  readonly #visits: Visit[] = [];
  /** Readers that wait for what they read with. */
  #visitsComing = 0;
  #turnIsDue = false;
  /** Nothing has come in since the last turn. */
  #isQuiet = true;
  /** A batch is on its way, or a visit is going on. */
  #busy = false;
  // As the core has them; each look into it costs.
  #acknowledgedThrough: bigint;
  #durableThrough: bigint;
  #failure: RewardPoolError | undefined;
  #closing: { promise: Promise<void>; resolve(): void; reject(error: Error): void } | undefined;
  #closed = false;

  #snapshotStage: SnapshotStage = 'none';
  /** Of itself, whatever the counts say. */
  #snapshotIsDue = false;
  #snapshotWaiters: SnapshotWaiter[] = [];
  #snapshotTakers: SnapshotWaiter[] = [];
  #lastSnapshot: bigint | undefined;
  #image = 0n;
  #walBytesAtImage = 0;

  #unsyncedSince: number | undefined;
  #intervalTimer: ReturnType<typeof setTimeout> | undefined;
  #probedAt = performance.now();
  readonly #stats = {
    draws: 0,
    drawsRefused: 0,
    batches: 0,
    walBytes: 0,
    syncs: 0,
    snapshots: 0,
    snapshotsFailed: 0,
  };

  /**
   * Recovers the pool that the storage holds or, if it holds none and there is a
   * catalog, makes one. On failure the storage is let go of.
   */
  static async open(
    modules: PoolModules,
    storage: PoolStorage,
    options: OwnerOptions,
  ): Promise<PoolOwner> {
    const loop = new modules.core.PoolLoop();
    let segmentCount = 0;
    try {
      configure(loop, options);
      segmentCount = await load(loop, storage);
      for (const { itemId, weight, quantity } of options.catalog ?? []) {
        loop.addCatalogItem(itemId, weight, quantity ?? 0n, quantity === null);
      }
      check(loop, loop.open(options.catalog !== undefined));
      for (const operation of loop.takeOperations()) await perform(storage, operation);
    } catch (error) {
      storage.abandon();
      loop.delete();
      throw asRewardPoolError(error, 'opening the pool');
    }
    const owner = new PoolOwner(modules, loop, storage, options);
    owner.#snapshotIsDue =
      segmentCount > SEGMENTS_WITHOUT_SNAPSHOT_MAX && hasPolicy(options.snapshots);
    return owner;
  }

  private constructor(
    modules: PoolModules,
    loop: CorePoolLoop,
    storage: PoolStorage,
    options: OwnerOptions,
  ) {
    this.#modules = modules;
    this.#loop = loop;
    this.#storage = storage;
    this.#options = options;
    this.#epoch = randomId();
    this.#acknowledgedThrough = loop.acknowledgedThrough();
    this.#durableThrough = loop.durableThrough();
    this.opening = {
      storage: storage.kind,
      created: loop.created(),
      recoveredThrough: loop.recoveredThrough(),
      logStartsAfter: loop.logStartsAfter(),
      notes: loop.notes(),
    };
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** A client's way in. */
  connect(): OwnerSession {
    return new OwnerSession(this);
  }

  submit<K extends Kind>(session: OwnerSession, request: RequestOf<K>): Promise<AnswerOf<K>> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#inbox.length >= INBOX_MAX) {
      return Promise.reject(
        new RewardPoolError('overloaded', `${INBOX_MAX} messages are waiting already`),
      );
    }
    return new Promise((resolve, reject) => {
      // The answer's type follows from the request's kind; the compiler cannot see it through the queue.
      const job = { session, request: request as Request, resolve: resolve as Job['resolve'], reject };
      this.#inbox.push(job);
      this.#wake();
    });
  }

  /** See RewardPool.close(). */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      let resolve!: () => void;
      let reject!: (error: Error) => void;
      const promise = new Promise<void>((onResolve, onReject) => {
        resolve = onResolve;
        reject = onReject;
      });
      this.#closing = { promise, resolve, reject };
      if (this.#failure !== undefined) {
        this.#letGo();
        reject(this.#failure);
      } else {
        this.#wake();
      }
    }
    return this.#closing.promise;
  }

  /** Lets go of everything at once, as a crash would. */
  terminate(): void {
    if (this.#closed) return;
    this.#fail(new RewardPoolError('outcome-unknown', 'the pool was terminated'));
    this.#letGo();
  }

  // --- For sessions -----------------------------------------------------------

  namesFrom(first: number): NewNames {
    return { epoch: this.#epoch, first, itemIds: this.#loop.itemIdsFrom(first) };
  }
  nameCount(): number {
    return this.#loop.itemNameCount();
  }

  // --- Turns ------------------------------------------------------------------

  #wake(): void {
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    (this.#isQuiet ? soon : nextTask)(() => {
      this.#turnIsDue = false;
      void this.#guard(() => this.#turn());
    });
  }

  /** Runs a piece of a turn; what it throws is the core's end (out of memory, say). */
  async #guard(piece: () => Awaitable<void>): Promise<void> {
    if (this.#closed) return;
    try {
      await piece();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#fail(
        new RewardPoolError('outcome-unknown', `the core has failed, open the pool again: ${reason}`, {
          cause: error,
        }),
      );
    }
  }

  #turn(): Awaitable<void> {
    if (this.#failure !== undefined) return undefined;
    this.#isQuiet = this.#inbox.length === 0;
    this.#stageInbox();
    if (this.#busy) return undefined;
    const visit = this.#snapshotStage === 'publishing' ? undefined : this.#visits.shift();
    if (visit !== undefined) return this.#receive(visit);
    if (this.#hasBatchToWrite()) return this.#writeBatch();
    if (this.#syncIsDue()) return this.#syncAlone();
    if (this.#closing !== undefined && this.#isDrained()) return this.#finishClosing();
    return undefined;
  }

  #hasBatchToWrite(): boolean {
    if (this.#loop.hasOpenBatch()) return true;
    this.#takeSnapshotIfWanted();
    return this.#loop.hasOpenBatch();
  }

  async #receive(visit: Visit): Promise<void> {
    this.#busy = true;
    await visit.run();
    this.#busy = false;
    if (this.#failure === undefined) this.#wake();
  }

  #isDrained(): boolean {
    return (
      this.#inbox.length === 0 &&
      this.#waiting.length === 0 &&
      this.#flushes.length === 0 &&
      this.#visits.length === 0 &&
      this.#visitsComing === 0 &&
      this.#snapshotStage === 'none' &&
      this.#snapshotWaiters.length === 0
    );
  }

  // --- Staging ----------------------------------------------------------------

  #stageInbox(): void {
    if (this.#inbox.length === 0) return;
    let room = 0;
    let staged = 0;
    for (const job of this.#inbox) {
      const needed = job.request.kind === 'draw-each' ? job.request.count : 1;
      if (needed > room) {
        room = this.#room();
        // The first one always has room when nothing is under way.
        if (needed > room) break;
      }
      room -= needed;
      ++staged;
      this.#stage(job);
    }
    this.#inbox.splice(0, staged);
    this.#settle();
  }

  #room(): number {
    const underWay = this.#loop.stagedThrough() - this.#acknowledgedThrough;
    return PENDING_REQUESTS_MAX - Number(underWay);
  }

  #stage(job: Job): void {
    const { request } = job;
    switch (request.kind) {
      case 'draw-each':
        if (request.keyPrefix === undefined) {
          this.#stagePlainDraws(job, request.count);
        } else {
          this.#stageKeyedDraws(job, request.count, request.keyPrefix, request.firstKey ?? 0);
        }
        break;
      case 'draw':
        this.#stageDraw(job, request);
        break;
      case 'add': {
        const { itemId, weight, quantity } = request.item;
        this.#stageChange(
          job,
          this.#loop.stageAdd(itemId, weight, quantity ?? 0n, quantity === null),
        );
        break;
      }
      case 'update': {
        const { weight, quantity } = request.change;
        const status = this.#loop.stageUpdate(
          request.itemId,
          weight !== undefined,
          weight ?? 0n,
          quantity !== undefined,
          quantity ?? 0n,
          quantity === null,
        );
        this.#stageChange(job, status);
        break;
      }
      case 'remove':
        this.#stageChange(job, this.#loop.stageRemove(request.itemId));
        break;
      case 'state':
        this.#wait(job, this.#loop.stagedThrough(), this.#loop.stateJson());
        break;
      case 'stats':
        job.resolve(this.#statsNow());
        break;
      case 'snapshot':
        this.#snapshotWaiters.push({ resolve: job.resolve, reject: job.reject });
        break;
      case 'flush':
        this.#flushes.push({
          through: this.#loop.stagedThrough(),
          settle: () => job.resolve(undefined),
          reject: job.reject,
        });
        break;
      case 'export':
        this.#visit(job, (files) => job.resolve(files.encodeArchive()));
        break;
      case 'log':
        this.#stageLog(job, request);
        break;
      case 'log-end':
        job.session.endReading(request.reading);
        job.resolve(undefined);
        break;
      default: {
        // Of a tab that has another version of this library.
        const { kind } = request satisfies never as Request;
        job.reject(new RewardPoolError('unsupported', `there is no request ${shown(kind)}`));
      }
    }
  }

  #wait(job: Job, through: bigint, answer: unknown): void {
    this.#waiting.push({ through, settle: () => job.resolve(answer), reject: job.reject });
  }

  /** The core's reason for refusing the request that was staged last. */
  #refusal(status: number): RewardPoolError {
    return new RewardPoolError(errorCodeOf(status), this.#loop.message());
  }

  #stageChange(job: Job, status: number): void {
    if (status !== 0) {
      job.reject(this.#refusal(status));
      return;
    }
    const requestId = this.#loop.stagedThrough();
    this.#wait(job, requestId, requestId);
  }

  #stagePlainDraws(job: Job, count: number): void {
    // The view dies with the next call into the core.
    const drawn = this.#loop.stageDraws(count).slice();
    const firstRequestId = this.#loop.stagedFirstRequestId();
    const refused = this.#loop.stagedRefused();
    if (drawn.length + refused !== count) {
      job.reject(new RewardPoolError('io', 'the core took on fewer draws than there was room for'));
      return;
    }
    let picks = drawn;
    if (refused > 0) {
      picks = new Uint32Array(count).fill(REFUSED, drawn.length);
      picks.set(drawn);
    }
    this.#waiting.push({
      through: firstRequestId + BigInt(count) - 1n,
      settle: () => {
        this.#stats.draws += drawn.length;
        this.#stats.drawsRefused += refused;
        const names = job.session.takeNames();
        const answer: DrawEachAnswer = { firstRequestId, picks, refused, names };
        job.resolve(answer);
      },
      reject: job.reject,
    });
  }

  #stageKeyedDraws(job: Job, count: number, keyPrefix: string, firstKey: number): void {
    const requestIds = new BigUint64Array(count);
    const itemIds: (string | undefined)[] = [];
    let through = 0n;
    for (let i = 0; i < count; ++i) {
      const status = this.#loop.stageDraw(1, keyPrefix + String(firstKey + i), '');
      if (status !== 0) {
        job.reject(this.#refusal(status));
        return;
      }
      const requestId = this.#loop.outcomeRequestId();
      requestIds[i] = requestId;
      itemIds.push(this.#loop.outcomeItemIds()[0]);
      if (requestId > through) through = requestId;
    }
    this.#waiting.push({
      through,
      settle: () => {
        const refused = itemIds.filter((itemId) => itemId === undefined).length;
        this.#stats.draws += count - refused;
        this.#stats.drawsRefused += refused;
        // A recorded outcome may be of an item that is gone, so these names are
        // the answer's own and not the session's.
        const own = new Map<string, number>();
        const picks = Uint32Array.from(itemIds, (itemId) => {
          if (itemId === undefined) return REFUSED;
          const name = own.get(itemId) ?? own.size;
          own.set(itemId, name);
          return name;
        });
        const answer: DrawEachAnswer = {
          firstRequestId: requestIds[0]!,
          requestIds,
          picks,
          refused,
          names: { epoch: '', first: 0, itemIds: [...own.keys()] },
        };
        job.resolve(answer);
      },
      reject: job.reject,
    });
  }

  #stageDraw(job: Job, request: RequestOf<'draw'>): void {
    const { count } = request;
    const status = this.#loop.stageDraw(count, request.key, request.user);
    if (status !== 0) {
      job.reject(this.#refusal(status));
      return;
    }
    const requestId = this.#loop.outcomeRequestId();
    const itemIds = this.#loop.outcomeItemIds();
    this.#waiting.push({
      through: requestId,
      settle: () => {
        if (itemIds.length === 0) {
          this.#stats.drawsRefused += 1;
          job.reject(exhaustedError(count, requestId));
          return;
        }
        this.#stats.draws += itemIds.length;
        const outcome: DrawMany = { requestId, itemIds };
        job.resolve(outcome);
      },
      reject: job.reject,
    });
  }

  // --- The log ----------------------------------------------------------------

  async #writeBatch(): Promise<void> {
    const loop = this.#loop;
    const storage = this.#storage;
    this.#busy = true;
    const number = loop.sealBatch();
    const startsSegment = loop.batchStartsSegment();
    // Out of the core's memory: it may grow, and some browsers refuse to write
    // from memory that can.
    const frames = loop.batchFrames().slice();
    if (this.#snapshotStage === 'mark-open') this.#snapshotStage = 'mark-sealed';
    const sync = this.#wantsSync();
    // The moment at which nothing is open.
    this.#takeSnapshotIfWanted();

    let written = false;
    try {
      if (startsSegment) {
        const header = loop.batchHeader().slice();
        await storage.startSegment(loop.batchSegment(), loop.batchCapacityBytes(), header);
      }
      await storage.append(frames);
      written = true;
      if (sync) {
        await storage.sync();
        await this.#probeIfDue();
      }
    } catch (error) {
      this.#onStorageFailed(error, written);
      this.#endWrite();
      return;
    }
    if (this.#failure !== undefined) return;
    this.#onWritten(frames.length);
    if (sync) this.#onSynced(number);
    this.#noteProgress();
    this.#endWrite();
  }

  async #syncAlone(): Promise<void> {
    this.#busy = true;
    const through = this.#loop.writtenBatch();
    try {
      await this.#storage.sync();
      await this.#probeIfDue();
    } catch (error) {
      this.#onStorageFailed(error, true);
      return;
    }
    if (this.#failure !== undefined) return;
    this.#onSynced(through);
    this.#noteProgress();
    this.#endWrite();
  }

  #noteProgress(): void {
    this.#acknowledgedThrough = this.#loop.acknowledgedThrough();
    this.#durableThrough = this.#loop.durableThrough();
  }

  #endWrite(): void {
    this.#busy = false;
    if (this.#failure !== undefined) return;
    this.#settle();
    this.#wake();
  }

  #onSynced(batchNumber: number): void {
    ++this.#stats.syncs;
    this.#onDurable(batchNumber);
  }

  #wakeIfWork(): void {
    if (this.#failure !== undefined) return;
    const work =
      this.#inbox.length > 0 ||
      this.#visits.length > 0 ||
      this.#closing !== undefined ||
      this.#loop.hasOpenBatch() ||
      this.#snapshotIsWanted() ||
      this.#syncIsDue();
    if (work) this.#wake();
  }

  #probeIfDue(): Awaitable<void> {
    const now = performance.now();
    if (now - this.#probedAt < PROBE_INTERVAL_MS) return undefined;
    this.#probedAt = now;
    return this.#storage.probe();
  }

  #syncIsDue(): boolean {
    return this.#hasUnsynced() && this.#wantsSync();
  }

  /** Whether what is not synced yet should be. */
  #wantsSync(): boolean {
    const { durability } = this.#options;
    if (durability === 'durable') return true;
    if (
      this.#flushes.length > 0 ||
      this.#snapshotStage === 'mark-sealed' ||
      this.#closing !== undefined
    ) {
      return true;
    }
    if (durability === 'async') return false;
    if ('intervalMs' in durability) {
      return (
        this.#unsyncedSince !== undefined &&
        performance.now() - this.#unsyncedSince >= durability.intervalMs
      );
    }
    return this.#loop.stagedThrough() - this.#durableThrough >= BigInt(durability.flushAfterDraws);
  }

  #hasUnsynced(): boolean {
    return this.#loop.writtenBatch() > this.#loop.durableBatch();
  }

  #onWritten(bytes: number): void {
    this.#loop.onWritten();
    ++this.#stats.batches;
    this.#stats.walBytes += bytes;
    const { durability } = this.#options;
    if (typeof durability === 'object' && 'intervalMs' in durability) {
      if (this.#unsyncedSince === undefined) {
        this.#unsyncedSince = performance.now();
        this.#intervalTimer = setTimeout(() => {
          // Timers may fire a little early, and this one fires once.
          this.#unsyncedSince = -Infinity;
          this.#wake();
        }, durability.intervalMs);
      }
    }
  }

  #onDurable(batchNumber: number): void {
    this.#loop.onDurable(batchNumber);
    if (this.#unsyncedSince !== undefined && !this.#hasUnsynced()) {
      this.#unsyncedSince = undefined;
      clearTimeout(this.#intervalTimer);
    }
    if (
      this.#snapshotStage === 'mark-sealed' &&
      this.#loop.durableBatch() >= this.#loop.snapshotMarkBatch()
    ) {
      void this.#guard(() => this.#publishSnapshot());
    }
  }

  /** Answers what has become true. */
  #settle(): void {
    settleThrough(this.#waiting, this.#acknowledgedThrough);
    settleThrough(this.#flushes, this.#durableThrough);
  }

  #onStorageFailed(error: unknown, written: boolean): void {
    if (this.#failure !== undefined) return;
    const failure = asRewardPoolError(error, 'writing the log');
    if (failure.code === 'full' && !written) {
      // Nothing of the batch is in the log: all that is not acknowledged is undone.
      this.#loop.onFailed(statusOf('full'), failure.message);
      for (const { reject } of this.#waiting.splice(0)) reject(failure);
      const left = this.#loop.stagedThrough();
      for (const flush of this.#flushes) if (flush.through > left) flush.through = left;
      if (this.#snapshotStage === 'mark-open' || this.#snapshotStage === 'mark-sealed') {
        this.#loop.discardSnapshot();
        this.#onSnapshotFailed(failure);
      }
      return;
    }
    const code = failure.code === 'full' ? 'io' : failure.code;
    this.#loop.onFailed(statusOf(code), failure.message);
    this.#fail(
      code === 'store-lost'
        ? failure
        : new RewardPoolError(
            'outcome-unknown',
            `the log has failed, open the pool again: ${failure.message}`,
            { cause: failure },
          ),
    );
  }

  /** Nothing is taken on or answered from now on. */
  #fail(failure: RewardPoolError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    clearTimeout(this.#intervalTimer);
    const rejected = [
      ...this.#waiting.splice(0),
      ...this.#flushes.splice(0),
      ...this.#inbox.splice(0),
      ...this.#visits.splice(0),
      ...this.#snapshotWaiters.splice(0),
      ...this.#snapshotTakers.splice(0),
    ];
    for (const { reject } of rejected) reject(this.#failure);
    if (this.#closing !== undefined) {
      this.#letGo();
      this.#closing.reject(this.#failure);
    }
    this.onFailure?.(this.#failure);
  }

  #letGo(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#storage.abandon();
    this.#loop.delete();
  }

  async #finishClosing(): Promise<void> {
    const loop = this.#loop;
    this.#busy = true;
    try {
      loop.stageClosed();
      loop.sealBatch();
      const startsSegment = loop.batchStartsSegment();
      const frames = loop.batchFrames().slice();
      try {
        if (startsSegment) {
          const header = loop.batchHeader().slice();
          await this.#storage.startSegment(loop.batchSegment(), loop.batchCapacityBytes(), header);
        }
        await this.#storage.append(frames);
      } catch (error) {
        // Without the note all is still true, and synced.
        if (!(error instanceof RewardPoolError) || error.code !== 'full') throw error;
      }
      await this.#storage.sync();
      await this.#storage.close();
      this.#closed = true;
      loop.delete();
      this.#closing!.resolve();
    } catch (error) {
      this.#onStorageFailed(error, true);
    }
  }

  // --- Snapshots ----------------------------------------------------------------

  #snapshotIsWanted(): boolean {
    if (this.#snapshotStage !== 'none') return false;
    if (this.#snapshotWaiters.length > 0) return true;
    // One that is merely due is not worth holding up a closing pool.
    if (this.#closing !== undefined) return false;
    if (this.#snapshotIsDue) return true;
    const { everyRequests, everyBytes } = this.#options.snapshots;
    return (
      (everyRequests !== undefined &&
        this.#loop.stagedThrough() - this.#image >= BigInt(everyRequests)) ||
      (everyBytes !== undefined && this.#stats.walBytes - this.#walBytesAtImage >= everyBytes)
    );
  }

  /** Requires that nothing is open. */
  #takeSnapshotIfWanted(): void {
    if (!this.#snapshotIsWanted() || this.#loop.hasOpenBatch()) return;
    this.#snapshotIsDue = false;
    this.#snapshotTakers.push(...this.#snapshotWaiters.splice(0));
    if (this.#lastSnapshot === this.#loop.stagedThrough()) {
      for (const taker of this.#snapshotTakers.splice(0)) taker.resolve(this.#lastSnapshot);
      return;
    }
    this.#image = this.#loop.takeSnapshot();
    this.#walBytesAtImage = this.#stats.walBytes;
    this.#snapshotStage = 'mark-open';
  }

  async #publishSnapshot(): Promise<void> {
    this.#snapshotStage = 'publishing';
    const name = this.#image;
    const bytes = this.#loop.encodeSnapshot().slice();
    try {
      await this.#storage.publishSnapshot(name, bytes);
      if (this.#failure !== undefined) return;
      this.#lastSnapshot = name;
      ++this.#stats.snapshots;
      check(this.#loop, this.#loop.onSnapshotPublished(name));
      for (const operation of this.#loop.takeOperations()) {
        await perform(this.#storage, operation);
        if (this.#failure !== undefined) return;
      }
      this.#snapshotStage = 'none';
      for (const taker of this.#snapshotTakers.splice(0)) taker.resolve(name);
    } catch (error) {
      if (this.#failure !== undefined) return;
      const failure = asRewardPoolError(error, 'publishing a snapshot');
      this.#onSnapshotFailed(failure);
      if (failure.code === 'store-lost') this.#onStorageFailed(failure, true);
    }
    this.#wakeIfWork();
  }

  #onSnapshotFailed(failure: RewardPoolError): void {
    this.#snapshotStage = 'none';
    ++this.#stats.snapshotsFailed;
    for (const taker of this.#snapshotTakers.splice(0)) taker.reject(failure);
  }

  #statsNow(): PoolStats {
    return { ...this.#stats, durableThrough: this.#durableThrough, role: 'leader' };
  }

  // --- Readers ------------------------------------------------------------------

  /**
   * Hands all that is stored to a reader, at a moment when nothing is under way to
   * the storage. Draws go on while what it reads with is fetched.
   */
  #visit(job: Job, read: (files: PoolFiles) => void): void {
    const { reject } = job;
    const fail = (error: unknown): void => reject(asRewardPoolError(error, 'reading the pool'));
    const queue = (files: PoolFiles): void => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      const run = (): Promise<void> =>
        load(files, this.#storage)
          .then(() => read(files))
          .catch(fail);
      this.#visits.push({ run, reject });
    };
    ++this.#visitsComing;
    void this.#modules
      .newPoolFiles()
      .then(queue, fail)
      .then(() => {
        --this.#visitsComing;
        if (this.#failure === undefined) this.#wake();
      });
  }

  #stageLog(job: Job, request: RequestOf<'log'>): void {
    const { reading } = request;
    const files = job.session.reading(reading);
    if (files !== undefined) {
      this.#answerLog(job, request, files);
    } else if (request.skip > 0) {
      job.reject(
        new RewardPoolError('io', 'the reading of the log was cut short; read it again'),
      );
    } else {
      this.#visit(job, (opened) => {
        job.session.beginReading(reading, opened);
        this.#answerLog(job, request, opened);
      });
    }
  }

  #answerLog(job: Job, { reading, after, skip }: RequestOf<'log'>, files: PoolFiles): void {
    try {
      const lines = files.readLog(after, skip, LOG_PAGE_BYTES);
      if (lines === '') job.session.endReading(reading);
      job.resolve(lines);
    } catch (error) {
      job.session.endReading(reading);
      job.reject(asRewardPoolError(error, 'reading the log'));
    }
  }
}

/** One client of an owner: what it has heard of, and what it is reading. */
export class OwnerSession {
  readonly #owner: PoolOwner;
  readonly #readings = new Map<number, PoolFiles>();
  #namesKnown = 0;

  constructor(owner: PoolOwner) {
    this.#owner = owner;
  }

  submit<K extends Kind>(request: RequestOf<K>): Promise<AnswerOf<K>> {
    return this.#owner.submit(this, request);
  }

  /** The client is gone. */
  end(): void {
    this.#readings.clear();
  }

  // --- For the owner ------------------------------------------------------------

  takeNames(): NewNames {
    const first = this.#namesKnown;
    if (this.#owner.nameCount() === first) {
      return { epoch: this.#owner.epoch, first, itemIds: [] };
    }
    const names = this.#owner.namesFrom(first);
    this.#namesKnown += names.itemIds.length;
    return names;
  }

  reading(id: number): PoolFiles | undefined {
    return this.#readings.get(id);
  }
  beginReading(id: number, files: PoolFiles): void {
    this.#readings.set(id, files);
  }
  endReading(id: number): void {
    this.#readings.delete(id);
  }
}

function configure(loop: CorePoolLoop, options: OwnerOptions): void {
  loop.setSelector(options.selector);
  loop.setSegmentBytes(options.segmentBytes);
  loop.setKeyRetention(options.keyRetention);
  loop.setPendingRequestsMax(PENDING_REQUESTS_MAX);
  if (options.durability !== 'durable') loop.setAcknowledgeWhenWritten();
  if (options.insecureSeed === undefined) {
    loop.setSecureKey(crypto.getRandomValues(new Uint8Array(32)));
  } else {
    loop.setInsecureSeed(options.insecureSeed);
  }
  loop.setSaltSeed(crypto.getRandomValues(new BigUint64Array(1))[0]!);
}

function hasPolicy({ everyRequests, everyBytes }: SnapshotPolicy): boolean {
  return everyRequests !== undefined || everyBytes !== undefined;
}

/** Hands all that is stored to the core. Resolves to the number of segments. */
export async function load(
  into: Pick<PoolFiles, 'loadSegment' | 'loadSnapshot'>,
  storage: Pick<PoolStorage, 'list' | 'readSegment' | 'loadSnapshot'>,
): Promise<number> {
  const { segments, snapshots } = await storage.list();
  for (const { number } of segments) {
    const bytes = await storage.readSegment(number);
    into.loadSegment(number, bytes.length).set(bytes);
  }
  for (const name of snapshots) {
    const bytes = await storage.loadSnapshot(name);
    into.loadSnapshot(name, bytes.length).set(bytes);
  }
  return segments.length;
}

/** What recovery would find, if it were asked now. Changes nothing. */
export async function findPool(
  core: CoreModule,
  storage: PoolStorage,
): Promise<{ exists: boolean; lastRequestId: bigint }> {
  const loop = new core.PoolLoop();
  try {
    await load(loop, storage);
    const status = loop.open(false);
    if (status === statusOf('not-found')) return { exists: false, lastRequestId: 0n };
    check(loop, status);
    return { exists: true, lastRequestId: loop.recoveredThrough() };
  } finally {
    loop.delete();
  }
}

/** @throws RewardPoolError if `status` is a failure */
function check(core: { message(): string }, status: number): void {
  if (status !== 0) throw new RewardPoolError(errorCodeOf(status), core.message());
}

function perform(storage: PoolStorage, operation: StorageOperation): Awaitable<void> {
  switch (operation.kind) {
    case 'start-segment':
      return storage.startSegment(operation.segment, operation.capacityBytes, operation.bytes);
    case 'append':
      return storage.append(operation.bytes);
    case 'sync':
      return storage.sync();
    case 'truncate':
      return storage.truncateSegment(operation.segment, operation.length);
    case 'persist':
      return storage.persistSegment(operation.segment);
    case 'remove-segment':
      return storage.removeSegment(operation.segment);
    case 'remove-snapshot':
      return storage.removeSnapshot(operation.snapshot);
  }
}

function settleThrough(waiting: Waiting[], through: bigint): void {
  let count = 0;
  while (count < waiting.length && waiting[count]!.through <= through) ++count;
  if (count === 0) return;
  for (const { settle } of waiting.splice(0, count)) settle();
}
