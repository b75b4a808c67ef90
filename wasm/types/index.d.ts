/// <reference lib="esnext.disposable" />

/**
 * `rewardpool`: prize draws with exact odds that are written to a log before
 * anybody is told of them, in browsers and in Node.
 *
 * ```js
 * import { RewardPool } from 'rewardpool';
 * const pool = await RewardPool.open({
 *   name: 'shop',
 *   catalog: [{ itemId: 'gold', quantity: 10, weight: 1 },
 *             { itemId: 'mud', quantity: 'unlimited', weight: 9 }],
 * });
 * const { requestId, itemId } = await pool.draw(); // durable when it resolves
 * await pool.close();
 * ```
 *
 * @packageDocumentation
 */

/**
 * A durable reward pool.
 *
 * Every change goes through one owner in one order, so each call sees all that
 * was answered before it. Calls may be made without waiting for one another: all
 * that are under way share one write and one flush.
 *
 * When the storage fails the pool stops: requests whose bytes may or may not be
 * on the disk reject with `'outcome-unknown'`, later ones too. Close it and open
 * it again to recover.
 *
 * Whatever a method says, it also rejects with `'closed'` after
 * {@link RewardPool.close}, and may reject with `'overloaded'`, `'full'`, `'io'`,
 * `'store-lost'` or `'outcome-unknown'`: see {@link ErrorCode}.
 */
export declare class RewardPool {
  private constructor();

  /**
   * Opens the pool, recovering it if it was not closed in order; makes it if
   * there is none and a catalog is given.
   *
   * Rejects with `'invalid-argument'` (an option, or the catalog), `'busy'`,
   * `'not-found'`, `'corrupt'`, `'unsupported'`, `'full'` or `'io'`; in a browser
   * also with `'store-lost'` if there was one and it is gone, catalog or not, until
   * it is imported or deleted.
   */
  static open(options?: OpenOptions): Promise<RewardPool>;

  /**
   * Makes a pool from what {@link RewardPool.export} gave, and opens it; a
   * catalog in `options` is not looked at. All of it is verified before anything
   * is written, and a crash in the middle leaves no pool.
   *
   * Rejects as `open` does, and with `'already-exists'` if there is a pool.
   */
  static import(bytes: Uint8Array, options?: OpenOptions): Promise<RewardPool>;

  /**
   * Checks what {@link RewardPool.export} gave: every checksum, and that the log
   * leads to its snapshots. Rejects with `'corrupt'`, naming the place.
   */
  static verify(
    bytes: Uint8Array,
    options?: Pick<OpenOptions, 'inspectorUrl' | 'workerUrl'>,
  ): Promise<VerifyReport>;

  /**
   * Removes a pool and all that belongs to it. Ok if there is none. In Node `dir`
   * says which, in a browser `name`.
   *
   * Rejects with `'busy'` if it is open anywhere, this program included.
   */
  static delete(
    options: Pick<OpenOptions, 'name' | 'storage' | 'dir' | 'workerUrl'>,
  ): Promise<void>;

  /**
   * The odds of a catalog without a pool: of the next draw as exact fractions, and
   * over many draws with the stock leaving.
   *
   * In a browser it is worked out in a worker that is started by the first call and
   * kept, in Node in the caller's thread. Thousands of items take about a second.
   * Rejects with `'invalid-argument'` (catalog or options) or `'unsupported'`.
   */
  static odds(catalog: Iterable<CatalogItem>, options?: OddsOptions): Promise<Odds>;

  /**
   * Draws from a catalog without a pool, many times over, with the selectors and
   * the generator that pools use. Nothing is written anywhere.
   *
   * In a browser it runs in the worker of {@link RewardPool.odds}, in Node in the
   * caller's thread, in pieces of some milliseconds. The same seed gives the same
   * result everywhere. Rejects as `odds` does, and with the reason of `signal`.
   */
  static simulate(catalog: Iterable<CatalogItem>, options: SimulationOptions): Promise<Simulation>;

  /** How the pool was found when it was opened. */
  readonly opening: OpeningReport;

  /**
   * Draws one item. Rejects with `'exhausted'` (the error has the request's id)
   * if there is none; a repeated key resolves to the recorded outcome.
   */
  draw(options?: DrawOptions): Promise<Draw>;

  /**
   * Draws `count` items (1 to 10,000) as one request: one record, all or nothing.
   * Rejects with `'exhausted'` if the pool cannot serve them all.
   */
  drawMany(count: number, options?: DrawOptions): Promise<DrawMany>;

  /**
   * Draws `count` times (1 to 1,000,000), each a request of its own: the fast way
   * to a great many. Resolves when all of them are acknowledged. Does not reject
   * because of exhaustion: see {@link DrawBatch.refused}.
   */
  drawEach(count: number): Promise<DrawBatch>;

  /**
   * Adds an item. Resolves to the request's id. Rejects with `'already-exists'` or
   * `'invalid-argument'`.
   */
  add(item: CatalogItem): Promise<bigint>;

  /**
   * Changes an item. Resolves to the request's id. Rejects with `'not-found'` or
   * `'invalid-argument'`.
   */
  update(itemId: string, change: ItemChange): Promise<bigint>;

  /** Removes an item. Resolves to the request's id. Rejects with `'not-found'`. */
  remove(itemId: string): Promise<bigint>;

  /** The state, when all that it holds is acknowledged. Cost: grows with the number of items. */
  state(): Promise<PoolState>;

  /** {@link RewardPool.odds} of the pool as it is now. The pool goes on drawing meanwhile. */
  odds(options?: OddsOptions): Promise<Odds>;

  /** {@link RewardPool.simulate} from the pool as it is now. The pool itself draws nothing. */
  simulate(options: SimulationOptions): Promise<Simulation>;

  /**
   * The records of the log, oldest first, up to the last one acknowledged when
   * the reading began. After a snapshot the log may not begin at the beginning.
   *
   * Cost: the log is replayed from its beginning, whatever part of it is asked for.
   */
  log(options?: LogOptions): AsyncIterableIterator<LogRecord>;

  /**
   * Takes a snapshot now and drops the parts of the log that it makes
   * unnecessary. Resolves to the last request that it holds; durable then.
   */
  snapshot(): Promise<bigint>;

  /** Makes everything that was acknowledged before the call durable. */
  flush(): Promise<void>;

  /**
   * The whole pool as one file: log and snapshots. `rewardpool verify FILE` checks
   * it, `rewardpool import` and {@link RewardPool.import} make a pool of it, and any
   * tar program unpacks it to a folder that the native library opens.
   */
  export(): Promise<Uint8Array>;

  /** What the pool has done since it was opened. */
  stats(): Promise<PoolStats>;

  /**
   * Carries out what was asked for before, notes in the log that it was closed in
   * order, flushes, and lets go of the storage. Calls from then on reject with
   * `'closed'`. A second call returns what the first did.
   *
   * Rejects with `'outcome-unknown'` or `'store-lost'` if the storage has failed;
   * the pool is let go of all the same.
   */
  close(): Promise<void>;

  /**
   * Lets go of everything at once, as a crash would: nothing is flushed, and what
   * is under way rejects with `'outcome-unknown'`. For demonstrations and tests.
   */
  terminate(): void;

  /** The same as {@link RewardPool.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * What {@link RewardPool.open} takes. An option of another name is refused, as it is
 * wherever options are: a slip does not pass for a default.
 */
export interface OpenOptions {
  /**
   * The pool's name. In a browser it is the pool's identity within the origin:
   * 1 to 100 characters. In Node the folder is, and the name is optional.
   */
  name?: string;
  /**
   * - `'auto'` (default): in a browser OPFS, else IndexedDB; whichever a pool was
   *   made in is remembered, and a later visit never opens an empty one
   *   elsewhere. In Node `'node'` if `dir` is given, else `'memory'`.
   * - `'opfs'`, `'indexeddb'`: that one, in a browser.
   * - `'node'`: files in `dir`, the same as the native library's.
   * - `'memory'`: nothing outlives the pool object.
   */
  storage?: StorageKind | 'auto';
  /** The pool's folder, for `'node'`. Made if it is missing and a catalog is given. */
  dir?: string;
  /**
   * The items of a new pool, each of its own name. An existing pool keeps what it
   * has; this then changes nothing. Absent: a pool that is not there is
   * `'not-found'`.
   */
  catalog?: Iterable<CatalogItem>;
  /** When a draw resolves. Default: `'durable'`, when it survives a loss of power. */
  durability?: Durability;
  /**
   * When snapshots are taken, which shorten the log and speed up opening. Default:
   * after half of `segmentBytes` of log.
   */
  snapshots?: SnapshotPolicy | false;
  /**
   * Size of a piece of the log, 65,536 to 2^30 bytes. Default: 4 MiB in a browser,
   * 16 MiB in Node.
   */
  segmentBytes?: number;
  /**
   * How many draws with a key are remembered for repetition, 0 to 100,000,000. The
   * oldest are forgotten first. Default: 100,000.
   */
  keyRetention?: number;
  /** How an item is found. Default: `'auto'`, by the size of the catalog. */
  selector?: Selector;
  /**
   * Absent: a cryptographic generator keyed by the platform. A seed (0 to
   * 2^64 - 1) gives the same draws each time, on every platform, from a generator
   * that anyone can predict: for tests and demonstrations, never where a prize
   * depends on it.
   */
  insecureSeed?: Integer;
  /**
   * What happens if another tab has the pool. `'share'` (default): this one sends
   * its requests to that one, and takes over when it goes. `'exclusive'`: it is
   * refused as `'busy'`.
   */
  tabs?: 'share' | 'exclusive';
  /**
   * Whether to ask the browser to keep the origin's data when space runs short
   * (`navigator.storage.persist()`); some browsers ask the user. The answer is in
   * {@link OpeningReport.persisted}. Default: true.
   */
  persist?: boolean;
  /** Where `rewardpool.wasm` is, if not beside the module: for bundlers that move it. */
  wasmUrl?: string | URL;
  /**
   * Where `inspector.wasm` is, if not beside the module. It is fetched when `log()`,
   * `export()`, `import()` or `verify()` is first called.
   */
  inspectorUrl?: string | URL;
  /** Where the worker's script is, if not beside the module: for bundlers that move it. */
  workerUrl?: string | URL;
}

/** Where a pool is kept. What each survives: see the table in the README. */
export type StorageKind = 'node' | 'opfs' | 'indexeddb' | 'memory';

/**
 * When a draw resolves.
 *
 * - `'durable'` (default): when its bytes are flushed. It survives a loss of power.
 * - The others: when its bytes are handed to the storage. It survives the death of
 *   the program. A loss of power takes the draws since the last flush, which is as
 *   often as the name says; under `'async'`, whenever the system does it by itself.
 *
 * IndexedDB flushes every batch in any case.
 */
export type Durability = 'durable' | 'async' | FlushInterval | FlushAfterDraws;

/** Flush at least so often. */
export interface FlushInterval {
  /** Milliseconds, 1 to 3,600,000. What came in the last so many may be lost. */
  intervalMs: number;
}

/** Flush after so many draws. */
export interface FlushAfterDraws {
  /** 1 to 2^40. The last so many may be lost. */
  flushAfterDraws: number;
}

/** When snapshots are taken by themselves, whichever comes first; `false`: never. */
export interface SnapshotPolicy {
  /** After so many requests since the last one, 1 to 2^50. */
  everyRequests?: number;
  /**
   * After so many bytes of log since the last one, 1 to 2^50. Default: half of
   * `segmentBytes`, if `everyRequests` is absent too.
   */
  everyBytes?: number;
}

/** How an item is found. All give exact odds; they differ in speed and memory. */
export type Selector =
  | 'auto'
  | 'flat'
  | 'wide'
  | 'envelope'
  | 'fenwick'
  | 'prefix-sum'
  | 'linear';

/** How a pool was found. */
export interface OpeningReport {
  /** Where the pool is kept. */
  storage: StorageKind;
  /** True if this call made the pool. */
  created: boolean;
  /** The last request that recovery found; 0n for a new pool. */
  recoveredThrough: bigint;
  /** Requests up to here are in a snapshot only; 0n: the log is whole. */
  logStartsAfter: bigint;
  /**
   * What is worth telling a person: a torn tail that was cut, a damaged snapshot
   * that was passed over.
   */
  notes: string[];
  /**
   * What the browser answered to `navigator.storage.persist()`: true if it will
   * not evict the origin's data by itself. Undefined where nobody was asked.
   */
  persisted?: boolean;
  /**
   * `'leader'` if this tab had the pool then, `'follower'` if it sends its requests
   * to another tab.
   */
  role: 'leader' | 'follower';
}

/** One line of a catalog. */
export interface CatalogItem {
  /** 1 to 255 bytes of well-formed UTF-8 without NUL, unique in the pool. */
  itemId: string;
  /**
   * The item's chance, relative to the weights of all items that are in stock;
   * 0 is never drawn. The sum over the pool is at most 2^63 - 1.
   */
  weight: Integer;
  /** How many units there are. */
  quantity: Quantity;
}

/**
 * An exact integer. Given to the library: a `number` that is a safe integer, or
 * a `bigint`; anything else is refused. Coming from it: a `number` up to
 * `Number.MAX_SAFE_INTEGER`, a `bigint` above.
 */
export type Integer = number | bigint;

/** Units of an item: 0 to 2^63 - 1, or without end. */
export type Quantity = Integer | 'unlimited';

/** A change to an item; what is absent stays as it is. */
export interface ItemChange {
  /** The chance from now on. */
  weight?: Integer;
  /** Units left from now on. */
  quantity?: Quantity;
}

/** An item of a pool, as it is now. */
export interface ItemState {
  /** The item's name. */
  itemId: string;
  /** Its chance, relative to the weights of all items that are in stock. */
  weight: Integer;
  /** Units left. */
  quantity: Quantity;
  /** How often it has been drawn since it was added. */
  drawn: Integer;
}

/** A pool's state after one request. */
export interface PoolState {
  /** The last request whose effect is in `items`; 0n before the first. */
  lastRequestId: bigint;
  /**
   * In the order of the catalog; an item that was added takes the first place that
   * a removal has left, or the last.
   */
  items: ItemState[];
}

/** Options of a draw. */
export interface DrawOptions {
  /**
   * Makes the draw repeatable: the same key with the same count and user returns
   * the recorded outcome, also after a crash. 1 to 255 bytes of UTF-8. Keys that
   * begin with `rewardpool:` are reserved.
   */
  key?: string;
  /** Who it is for; only recorded. Up to 255 bytes of UTF-8. */
  user?: string;
}

/** The outcome of {@link RewardPool.draw}. */
export interface Draw {
  /** Unique and increasing over the whole life of the pool. */
  requestId: bigint;
  /** What was drawn. */
  itemId: string;
}

/** The outcome of {@link RewardPool.drawMany}. */
export interface DrawMany {
  /** One for all of them. */
  requestId: bigint;
  /** As many as were asked for. */
  itemIds: string[];
}

/** The outcome of {@link RewardPool.drawEach}: one entry a draw, in order. */
export interface DrawBatch {
  /**
   * The first draw's request; those of the others follow without gaps, if
   * `requestIds` is absent.
   */
  firstRequestId: bigint;
  /** The requests' ids one by one: only in a tab that does not have the pool itself. */
  requestIds?: BigUint64Array;
  /**
   * Which item each draw got, as a position in `itemIds`. Shorter than asked for
   * if the pool was exhausted on the way.
   */
  picks: Uint32Array;
  /** Names of items, by the numbers in `picks`. Grows only; shared between batches. */
  itemIds: readonly string[];
  /** Draws that found the pool exhausted; they have request ids too, after those of `picks`. */
  refused: number;
}

/** What {@link RewardPool.odds} takes. */
export interface OddsOptions extends OddsLocation {
  /** How many draws to look ahead: 1 to 10^12. Default: 1. */
  draws?: Integer;
  /** Items of which the whole distribution of the number drawn is wanted: {@link Odds.counts}. */
  countsOf?: readonly string[];
  /**
   * Numbers of draws, each 0 to 10^12, in any order, at most 10,000 of them: what
   * is expected of every item then is in {@link Odds.curves}.
   */
  curveDraws?: readonly Integer[];
}

/**
 * Where the files are that {@link RewardPool.odds} and {@link RewardPool.simulate}
 * load on first use.
 */
export interface OddsLocation {
  /** Where `odds.wasm` is, if not beside the module: for bundlers that move it. */
  oddsWasmUrl?: string | URL;
  /** Where `oddsWorker.js` is, if not beside the module: for bundlers that move it. */
  oddsWorkerUrl?: string | URL;
}

/** What {@link RewardPool.odds} answers. */
export interface Odds {
  /** {@link OddsOptions.draws} as given. */
  draws: number;
  /** In the order of the catalog. */
  items: ItemOdds[];
  /** In the order of {@link OddsOptions.countsOf}. */
  counts: CountOdds[];
  /** Only if {@link OddsOptions.curveDraws} was given. */
  curves?: OddsCurves;
}

/** The odds of one item. */
export interface ItemOdds {
  /** Which item. */
  itemId: string;
  /**
   * The chance of the very next draw, exactly: the item's weight over that of all
   * that is in stock. 0 of 1 if the pool is exhausted.
   */
  nextNumerator: bigint;
  /** See `nextNumerator`. */
  nextDenominator: bigint;
  /** How many of the item the next `draws` draws bring on average. */
  expected: number;
  /** The probability that they bring at least one. */
  atLeastOne: number;
  /**
   * How many draws it takes on average to win the first unit of the item, that draw
   * included. `Infinity` if the item cannot be drawn.
   */
  drawsUntilFirst: number;
  /**
   * How many draws it takes on average until the item's last unit is drawn; 0 if
   * none is left. `Infinity` if it is unlimited or cannot be drawn.
   */
  drawsUntilGone: number;
  /** How `expected` and `atLeastOne` were found. */
  method: OddsMethod;
  /** Neither of the two is off by more than this. */
  error: number;
}

/**
 * How a value was found; docs/odds.md has the mathematics.
 *
 * - `'certain'`: it follows from the stock alone (an item without weight or stock;
 *   as many draws as there is stock).
 * - `'binomial'`: no stock can run out within so many draws, or only with a
 *   probability that is part of `error`.
 * - `'dynamic-programming'`: the probability of every state of a small pool.
 * - `'poisson-clocks'`: an integral over independent clocks, one for each item.
 * - `'monte-carlo'`: simulated; `error` is the half width of a 99.9% interval.
 *
 * All but the last are exact up to `error`.
 */
export type OddsMethod =
  | 'certain'
  | 'binomial'
  | 'dynamic-programming'
  | 'poisson-clocks'
  | 'monte-carlo';

/** The distribution of the number of units of one item that the draws bring. */
export interface CountOdds {
  /** Which item. */
  itemId: string;
  /** The arrays begin with this number of units, and go on one by one. */
  firstCount: number;
  /** The probability of exactly so many. Others than these have less than 1e-15 in all. */
  exactly: Float64Array;
  /** The probability of at least so many. */
  atLeast: Float64Array;
  /** How the probabilities were found. */
  method: OddsMethod;
  /** No entry is off by more than this. */
  error: number;
}

/** What is expected over the course of the draws: {@link Odds.curves}. */
export interface OddsCurves {
  /** {@link OddsOptions.curveDraws} as given. */
  draws: number[];
  /** In the order of the catalog. */
  items: ItemCurve[];
  /** For each number of draws, how its values were found. */
  methods: OddsMethod[];
  /** For each number of draws, by how much its values may be off. */
  errors: Float64Array;
}

/**
 * What is expected of one item over the course of the draws: one entry for each
 * number of draws.
 */
export interface ItemCurve {
  /** Which item. */
  itemId: string;
  /** How many of the item have been drawn on average. */
  expected: Float64Array;
  /** How many are left on average; `Infinity` if unlimited. */
  remaining: Float64Array;
  /** The probability that the next draw after these brings the item; of an exhausted pool 0. */
  next: Float64Array;
}

/** What {@link RewardPool.simulate} takes. */
export interface SimulationOptions extends OddsLocation {
  /** How many times the draws are made, each time from the same stock: 1 to 10^7. */
  runs: number;
  /** Draws of a run: 1 to 2^32 - 1. A run ends early if the pool is exhausted. */
  draws: number;
  /**
   * Run r (0, 1, ...) makes the draws of a pool that was opened with
   * `insecureSeed: seed + r` (modulo 2^64) and this catalog. Default: random.
   */
  seed?: Integer;
  /** As in {@link OpenOptions.selector}. */
  selector?: Selector;
  /**
   * After how many draws the counts are noted, increasing; the last is `draws`.
   * Default: 100 numbers in equal steps that end with `draws`. Runs times items
   * times these may be 2^27 at most.
   */
  curveDraws?: readonly number[];
  /** Which quantiles are wanted, each 0 to 1. Default: 0.05, 0.25, 0.5, 0.75, 0.95. */
  quantiles?: readonly number[];
  /** Called now and then, in the caller's thread. */
  onProgress?: (progress: SimulationProgress) => void;
  /** Ends the simulation; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** How far a simulation is. */
export interface SimulationProgress {
  /** Draws made so far by all runs. */
  drawsDone: number;
  /** Draws to make in all. */
  drawsTotal: number;
}

/** What {@link RewardPool.simulate} answers. */
export interface Simulation {
  /** {@link SimulationOptions.runs} as given. */
  runs: number;
  /** {@link SimulationOptions.draws} as given. */
  draws: number;
  /** The seed that was used: repeats the simulation. */
  seed: bigint;
  /** {@link SimulationOptions.curveDraws} as given, or the default. */
  curveDraws: number[];
  /** {@link SimulationOptions.quantiles} as given, or the default. */
  quantiles: number[];
  /** In the order of the catalog. */
  items: ItemSimulation[];
  /**
   * Every run's counts: how many of item i run r had drawn after `curveDraws[p]`
   * draws is at `(r * curveDraws.length + p) * items.length + i`.
   */
  traces: Uint32Array;
  /** Draws that all runs made; less than runs times draws if the pool was exhausted. */
  drawsMade: number;
}

/** One item over all runs. */
export interface ItemSimulation {
  /** Which item. */
  itemId: string;
  /** Units drawn by all runs. */
  drawn: number;
  /** Runs that drew at least one. */
  runsWithOne: number;
  /** Units that each run drew: one entry a run. */
  counts: Uint32Array;
  /** Quantiles of `counts`: one for each of {@link Simulation.quantiles}. */
  countQuantiles: number[];
  /** Mean number drawn, one for each of {@link Simulation.curveDraws}. */
  meanCurve: Float64Array;
  /** For each of {@link Simulation.quantiles} a curve of the number drawn. */
  quantileCurves: Float64Array[];
}

/** A record of the log: switch on its `type`. */
export type LogRecord =
  | DrawRecord
  | DrawRefusedRecord
  | ItemAddedRecord
  | ItemUpdatedRecord
  | ItemRemovedRecord
  | CatalogItemRecord
  | PoolCreatedRecord
  | SnapshotTakenRecord
  | PoolClosedRecord;

/** What {@link RewardPool.log} takes. */
export interface LogOptions {
  /**
   * Only the records behind that request, 0 or more: to go on where an earlier
   * reading ended. Default: 0, all of them.
   */
  afterRequest?: Integer;
}

/** What every {@link LogRecord} of a request has. */
export interface RequestRecord {
  /** Which kind of record it is. */
  type: string;
  /** The request that made it. */
  requestId: bigint;
}

/** A draw. Draws without key, user and count, which the log packs, are one record each here. */
export interface DrawRecord extends RequestRecord {
  type: 'draw';
  /** What was drawn, as many as `count`. */
  itemIds: string[];
  /** How many were asked for. */
  count: number;
  /** As in {@link DrawOptions}. */
  key?: string;
  /** As in {@link DrawOptions}. */
  user?: string;
}

/** A draw that found the pool exhausted. */
export interface DrawRefusedRecord extends RequestRecord {
  type: 'draw-refused';
  /** How many were asked for. */
  count: number;
  /** As in {@link DrawOptions}. */
  key?: string;
  /** As in {@link DrawOptions}. */
  user?: string;
}

/** An item came: {@link RewardPool.add}. */
export interface ItemAddedRecord extends RequestRecord, CatalogItem {
  type: 'item-added';
}

/** An item was changed: {@link RewardPool.update}. */
export interface ItemUpdatedRecord extends RequestRecord, ItemChange {
  type: 'item-updated';
  /** Which item. */
  itemId: string;
}

/** An item went: {@link RewardPool.remove}. */
export interface ItemRemovedRecord extends RequestRecord {
  type: 'item-removed';
  /** Which item. */
  itemId: string;
}

/** The log begins with the items that the pool was made with. */
export interface CatalogItemRecord extends CatalogItem {
  /** Which kind of record it is. */
  type: 'catalog-item';
}

/** The end of those items. */
export interface PoolCreatedRecord {
  /** Which kind of record it is. */
  type: 'pool-created';
  /** How many they were. */
  itemCount: number;
}

/** A snapshot: {@link RewardPool.snapshot}. */
export interface SnapshotTakenRecord {
  /** Which kind of record it is. */
  type: 'snapshot-taken';
  /** The last request that it holds. */
  afterRequestId: bigint;
}

/** The pool was closed in order. */
export interface PoolClosedRecord {
  /** Which kind of record it is. */
  type: 'pool-closed';
}

/** What a pool has done since it was opened. */
export interface PoolStats {
  /** Units drawn and acknowledged. */
  draws: number;
  /** Draws that found the pool exhausted. */
  drawsRefused: number;
  /** Batches written to the log: all that is under way shares one. */
  batches: number;
  /** Bytes written to the log. */
  walBytes: number;
  /** Flushes of the log. */
  syncs: number;
  /** Snapshots that were taken. */
  snapshots: number;
  /** Snapshots that could not be taken; the log then stays as long as it is. */
  snapshotsFailed: number;
  /** Requests up to here survive a loss of power. */
  durableThrough: bigint;
  /** Whether this tab has the pool now: a follower becomes the leader when the leader goes. */
  role: 'leader' | 'follower';
}

/** What {@link RewardPool.verify} found. */
export interface VerifyReport {
  /** The last request in it. */
  lastRequestId: bigint;
  /** Requests up to here are in a snapshot only; 0n: the log is whole. */
  logStartsAfter: bigint;
  /** Pieces of the log. */
  segments: number;
  /** Frames in them: one for each batch. */
  frames: number;
  /** Records in the frames. */
  records: number;
  /** Snapshots in it. */
  snapshots: number;
  /** Of these, compared with a replay of the log. */
  snapshotsCompared: number;
  /** What is worth telling a person, as in {@link OpeningReport}. */
  notes: string[];
}

/** The errors that this library throws and rejects with. */
export declare class RewardPoolError extends Error {
  /** For programs that stand in for the library in their tests. */
  constructor(code: ErrorCode, message: string, options?: { requestId?: bigint; cause?: unknown });
  /** The same for all of them. */
  readonly name: 'RewardPoolError';
  /** Switch on this: it is a closed list. */
  readonly code: ErrorCode;
  /** Of an `'exhausted'` draw: it is a request too, and in the log. */
  readonly requestId?: bigint;
}

/**
 * What went wrong, as far as a caller can react to it.
 *
 * | code | what happened | what to do |
 * |---|---|---|
 * | `invalid-argument` | the request is not allowed; nothing changed | mend it |
 * | `not-found` | no such item or pool | name what exists |
 * | `already-exists` | the item id, key or pool is taken | take another |
 * | `exhausted` | no item has both weight and stock | restock the pool |
 * | `overloaded` | too many requests are under way | wait for answers |
 * | `busy` | the pool is open elsewhere | ask its owner |
 * | `closed` | the pool object is closed | open it again |
 * | `full` | no room for the log; nothing changed | free some space, try again |
 * | `io` | reading or writing failed | see the message |
 * | `outcome-unknown` | the log failed, or its owner went, while the request was under way | open again: recovery tells |
 * | `corrupt` | stored bytes are damaged; the message names the place | restore from a copy |
 * | `unsupported` | this platform, or this version, cannot do it | see the message |
 * | `store-lost` | the stored pool was removed, while it was open (site data cleared) or since | import a copy, or `RewardPool.delete()` it and begin anew |
 */
export type ErrorCode =
  | 'invalid-argument'
  | 'not-found'
  | 'already-exists'
  | 'exhausted'
  | 'overloaded'
  | 'busy'
  | 'closed'
  | 'full'
  | 'io'
  | 'outcome-unknown'
  | 'corrupt'
  | 'unsupported'
  | 'store-lost';
