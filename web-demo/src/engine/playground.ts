/**
 * The pool that the page draws from: one at a time, made anew whenever its
 * configuration changes. Knows nothing of how it is shown.
 */
import { RewardPool, RewardPoolError, type StorageKind } from 'rewardpool';

import { sameConfig, type PoolConfig } from '../state/poolConfig.js';
import { Signal } from '../state/signal.js';
import { newPoolName, removePool } from './temporaryPools.js';
import { CHECKPOINTS } from './checkpoints.js';

/** What has been drawn so far. */
export interface Tally {
  readonly config: PoolConfig;
  readonly draws: number;
  /** Draws of each item, in the order of the configuration. */
  readonly counts: readonly number[];
  /** Positions of the items drawn last, the newest first. */
  readonly recent: readonly number[];
  /** Counts when exactly CHECKPOINTS[c] draws had been made, for as many c as there are. */
  readonly trajectory: readonly (readonly number[])[];
  /** A draw found nothing left. */
  readonly exhausted: boolean;
}

export type Activity =
  | { readonly kind: 'opening' }
  | { readonly kind: 'idle' }
  /** `wanted` is Infinity if there is no end. */
  | { readonly kind: 'drawing'; readonly done: number; readonly wanted: number }
  | { readonly kind: 'failed'; readonly message: string };

const RECENT_MAX = 24;
/** A batch is made so large that it takes about so long: progress is seen, and Stop is quick. */
const BATCH_MS = 60;
const BATCH_DRAWS_MIN = 256;
const BATCH_DRAWS_MAX = 200_000;

function emptyTally(config: PoolConfig): Tally {
  return {
    config,
    draws: 0,
    counts: config.items.map(() => 0),
    recent: [],
    trajectory: [],
    exhausted: false,
  };
}

export class Playground {
  readonly tally: Signal<Tally>;
  readonly activity = new Signal<Activity>({ kind: 'opening' });
  /** The latest pool can be drawn from, or has failed. */
  #opened = Promise.resolve();
  /** What was asked for of the latest pool is drawn. */
  #drawn = Promise.resolve();
  /** Grows with every new pool and every stop(): what was asked for before is not begun any more. */
  #endings = 0;
  readonly storage = new Signal<StorageKind | undefined>(undefined);
  #pool: RewardPool | undefined;
  #poolName = '';
  #stopping = false;
  /** Grows with every new pool; who was started for an older one gives up. */
  #generation = 0;
  /** Position in the configuration for each of the library's names of items. */
  #positions: number[] = [];

  constructor(config: PoolConfig) {
    this.tally = new Signal(emptyTally(config));
  }

  get poolName(): string {
    return this.#poolName;
  }

  /** The pool that is open, if one is. */
  get pool(): RewardPool | undefined {
    return this.#pool;
  }

  /** Begins a new pool. Resolves when it can be drawn from, or when an even newer one was begun. */
  restart(config: PoolConfig): Promise<void> {
    this.#opened = this.#open(config);
    return this.#opened;
  }

  /** The same, unless the pool is of that kind already, or being opened. */
  restartIfChanged(config: PoolConfig): Promise<void> {
    return sameConfig(config, this.tally.value.config) ? this.#opened : this.restart(config);
  }

  async #open(config: PoolConfig): Promise<void> {
    const generation = ++this.#generation;
    this.stop();
    this.#drawn = Promise.resolve();
    this.#letGo();
    this.tally.value = emptyTally(config);
    this.activity.value = { kind: 'opening' };
    this.#positions = [];
    const name = newPoolName();
    this.#poolName = name;
    try {
      const pool = await openPool(name, config);
      if (generation !== this.#generation) {
        await discard(pool, name);
        return;
      }
      this.#pool = pool;
      this.storage.value = pool.opening.storage;
      this.activity.value = { kind: 'idle' };
    } catch (error) {
      if (generation === this.#generation) this.#fail(error);
    }
  }

  /**
   * Draws `wanted` times, or until stop() if that is Infinity; once what was asked for
   * before is drawn.
   */
  draw(wanted: number): Promise<void> {
    const endings = this.#endings;
    this.#drawn = this.#drawn.then(() => (endings === this.#endings ? this.#draw(wanted) : undefined));
    return this.#drawn;
  }

  async #draw(wanted: number): Promise<void> {
    const pool = this.#pool;
    if (pool === undefined || this.activity.value.kind !== 'idle') return;
    const generation = this.#generation;
    this.#stopping = false;
    this.activity.value = { kind: 'drawing', done: 0, wanted };
    let done = 0;
    let batchDraws = BATCH_DRAWS_MIN;
    try {
      while (done < wanted && !this.#stopping && !this.tally.value.exhausted) {
        const count = Math.min(batchDraws, wanted - done);
        const started = performance.now();
        const { picks, itemIds, refused } = await pool.drawEach(count);
        if (generation !== this.#generation) return;
        const elapsed = performance.now() - started;
        this.#count(picks, itemIds, refused > 0);
        done += picks.length;
        this.activity.value = { kind: 'drawing', done, wanted };
        batchDraws = nextBatchDraws(count, batchDraws, elapsed);
      }
      this.activity.value = { kind: 'idle' };
    } catch (error) {
      if (generation === this.#generation) this.#fail(error);
    }
  }

  /** Ends drawing after the batch that is under way. */
  stop(): void {
    this.#stopping = true;
    ++this.#endings;
  }

  #count(picks: Uint32Array, itemIds: readonly string[], exhausted: boolean): void {
    const { config, draws, counts: before, recent, trajectory } = this.tally.value;
    const counts = [...before];
    const seen = [...trajectory];
    let checkpoint = CHECKPOINTS[seen.length]! - draws;
    for (let i = 0; i < picks.length; ++i) {
      counts[this.#positionOf(picks[i]!, itemIds)]! += 1;
      if (i + 1 === checkpoint) {
        seen.push([...counts]);
        checkpoint = CHECKPOINTS[seen.length]! - draws;
      }
    }
    const newest = Array.from(picks.subarray(-RECENT_MAX), (pick) => this.#positions[pick]!);
    this.tally.value = {
      config,
      draws: draws + picks.length,
      counts,
      recent: [...newest.reverse(), ...recent].slice(0, RECENT_MAX),
      trajectory: seen,
      exhausted,
    };
  }

  #positionOf(pick: number, itemIds: readonly string[]): number {
    let position = this.#positions[pick];
    if (position === undefined) {
      const itemId = itemIds[pick];
      position = this.tally.value.config.items.findIndex((item) => item.itemId === itemId);
      this.#positions[pick] = position;
    }
    return position;
  }

  #letGo(): void {
    const pool = this.#pool;
    if (pool === undefined) return;
    this.#pool = undefined;
    void discard(pool, this.#poolName);
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.activity.value = { kind: 'failed', message };
  }
}

function nextBatchDraws(made: number, batchDraws: number, elapsedMs: number): number {
  // The last batch of a run says little about how long a full one takes.
  if (made < batchDraws) return batchDraws;
  const factor = Math.min(2, Math.max(0.5, BATCH_MS / Math.max(elapsedMs, 1)));
  return Math.round(Math.min(BATCH_DRAWS_MAX, Math.max(BATCH_DRAWS_MIN, batchDraws * factor)));
}

async function openPool(name: string, { items, seed }: PoolConfig): Promise<RewardPool> {
  const options = {
    name,
    catalog: items,
    insecureSeed: seed,
    tabs: 'exclusive',
    persist: false,
    // The log on show should be whole for as long as that is bearable.
    snapshots: { everyBytes: 16 * 1024 * 1024 },
  } as const;
  try {
    return await RewardPool.open(options);
  } catch (error) {
    if (!(error instanceof RewardPoolError) || error.code !== 'unsupported') throw error;
    return RewardPool.open({ ...options, storage: 'memory' });
  }
}

/** What stays behind because somebody still has it, a later page removes. */
async function discard(pool: RewardPool, name: string): Promise<void> {
  await pool.close().catch(() => undefined);
  await removePool(name).catch(() => undefined);
}
