/**
 * A pool that is killed again and again. Every draw has a key of its own; after
 * each crash what the log holds is compared with what was answered before it.
 */
import { RewardPool, RewardPoolError, type Draw } from 'rewardpool';

import { newPoolName, removePool } from '../engine/temporaryPools.js';
import type { Item } from '../state/poolConfig.js';

/** What became of a draw that was asked for before the crash. */
export type Fate =
  /** Answered, and in the log with the same outcome. */
  | 'kept'
  /** Not answered, but already in the log: repeating it gave the recorded outcome. */
  | 'recovered'
  /** Not answered and not in the log: repeating it drew it for the first time. */
  | 'repeated'
  /** Answered, and not in the log, or otherwise. Must not happen. */
  | 'lost'
  /** In the log more than once. Must not happen. */
  | 'doubled';

export interface KillReport {
  /** Of each draw, in the order in which they were asked for. */
  readonly fates: readonly Fate[];
  readonly answered: number;
  readonly reopeningMs: number;
  /** What recovery had to say. */
  readonly notes: readonly string[];
}

export interface Totals {
  readonly kills: number;
  readonly asked: number;
  readonly answered: number;
  readonly lost: number;
  readonly doubled: number;
}

interface Asked {
  readonly key: string;
  answer: Draw | undefined;
}

const BURST_DRAWS = 24;
const BURSTS_UNDER_WAY = 3;
const BURSTS_ANSWERED_MIN = 4;
const BURSTS_ANSWERED_MAX = 10;

export class CrashLab {
  #pool: RewardPool | undefined;
  #name = '';
  #catalog: readonly Item[] = [];
  #rounds = 0;
  /** What is asked for is done in order: each of it opens, ends or reads the same pool. */
  #last: Promise<unknown> = Promise.resolve();
  totals: Totals = { kills: 0, asked: 0, answered: 0, lost: 0, doubled: 0 };

  get poolName(): string {
    return this.#name;
  }

  /** Uses these items from now on, without end of stock. */
  use(items: readonly Item[]): Promise<void> {
    return this.#inTurn(() => this.#use(items));
  }

  /** Draws, ends the worker while draws are on their way to the disk, opens again and compares. */
  kill(): Promise<KillReport> {
    return this.#inTurn(() => this.#kill());
  }

  /** The lab's pool as one file, with some frames in its log. */
  archive(): Promise<Uint8Array> {
    return this.#inTurn(() => this.#archive());
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act, act);
    this.#last = done;
    return done;
  }

  async #use(items: readonly Item[]): Promise<void> {
    this.#catalog = items.map(({ itemId, weight }) => ({ itemId, weight, quantity: 'unlimited' }));
    const pool = this.#pool;
    const name = this.#name;
    this.#pool = undefined;
    this.#name = '';
    if (pool === undefined) return;
    await pool.close().catch(() => undefined);
    await removePool(name).catch(() => undefined);
  }

  async #kill(): Promise<KillReport> {
    const pool = await this.#opened();
    const asked = await this.#drawUntilKilled(pool);
    const started = performance.now();
    const reopened = await this.#open();
    const reopeningMs = performance.now() - started;
    const found = await outcomesByKey(reopened);
    const answered = asked.filter(({ answer }) => answer !== undefined).length;
    // Whoever got no answer asks again, with the same key.
    const repeated = await Promise.all(
      asked.map(({ key, answer }) => (answer === undefined ? reopened.draw({ key }) : undefined)),
    );
    const afterwards = await outcomesByKey(reopened);
    const fates = asked.map(({ key, answer }, i): Fate => {
      const times = afterwards.get(key)?.length ?? 0;
      if (times !== 1) return times === 0 ? 'lost' : 'doubled';
      const before = found.get(key)?.[0];
      if (answer !== undefined) return isSame(before, answer) ? 'kept' : 'lost';
      if (before === undefined) return 'repeated';
      return isSame(before, repeated[i]) ? 'recovered' : 'doubled';
    });
    const count = (fate: Fate): number => fates.filter((each) => each === fate).length;
    this.totals = {
      kills: this.totals.kills + 1,
      asked: this.totals.asked + asked.length,
      answered: this.totals.answered + answered,
      lost: this.totals.lost + count('lost'),
      doubled: this.totals.doubled + count('doubled'),
    };
    return { fates, answered, reopeningMs, notes: reopened.opening.notes };
  }

  async #archive(): Promise<Uint8Array> {
    const pool = await this.#opened();
    if ((await pool.state()).lastRequestId === 0n) {
      for (let burst = 0; burst < BURSTS_ANSWERED_MAX; ++burst) {
        await Promise.all(Array.from({ length: BURST_DRAWS }, () => pool.draw()));
      }
    }
    return pool.export();
  }

  async #opened(): Promise<RewardPool> {
    if (this.#pool === undefined) {
      this.#name = newPoolName();
      await this.#open();
    }
    return this.#pool!;
  }

  async #open(): Promise<RewardPool> {
    // The lock of a worker that was just ended takes a moment to be free; who shares waits for it.
    this.#pool = await RewardPool.open({
      name: this.#name,
      catalog: this.#catalog,
      tabs: 'share',
      persist: false,
    });
    return this.#pool;
  }

  async #drawUntilKilled(pool: RewardPool): Promise<Asked[]> {
    const round = ++this.#rounds;
    const asked: Asked[] = [];
    const span = BURSTS_ANSWERED_MAX - BURSTS_ANSWERED_MIN;
    const bursts = BURSTS_ANSWERED_MIN + Math.floor(Math.random() * (span + 1));
    return new Promise((resolve, reject) => {
      let answered = 0;
      let killed = false;
      const sendBurst = (): void => {
        const burst = Array.from({ length: BURST_DRAWS }, async () => {
          const draw: Asked = { key: `round ${round}, draw ${asked.length + 1}`, answer: undefined };
          asked.push(draw);
          draw.answer = await pool.draw({ key: draw.key });
        });
        Promise.all(burst).then(onAnswered, (error: unknown) => {
          if (!killed) reject(error as Error);
        });
      };
      const onAnswered = (): void => {
        if (killed) return;
        if (++answered < bursts) {
          sendBurst();
          return;
        }
        // This burst was flushed and answered; the worker is busy with those behind it.
        killed = true;
        pool.terminate();
        resolve(asked);
      };
      for (let burst = 0; burst < BURSTS_UNDER_WAY; ++burst) sendBurst();
    });
  }
}

function isSame(a: Draw | undefined, b: Draw | undefined): boolean {
  return a !== undefined && a.requestId === b?.requestId && a.itemId === b.itemId;
}

async function outcomesByKey(pool: RewardPool): Promise<Map<string, Draw[]>> {
  const outcomes = new Map<string, Draw[]>();
  for await (const record of pool.log()) {
    if (record.type !== 'draw' || record.key === undefined) continue;
    const draws = outcomes.get(record.key) ?? [];
    draws.push({ requestId: record.requestId, itemId: record.itemIds[0]! });
    outcomes.set(record.key, draws);
  }
  return outcomes;
}

/** Whether the error says that nothing here outlives a worker. */
export function isUnsupported(error: unknown): boolean {
  return error instanceof RewardPoolError && error.code === 'unsupported';
}
