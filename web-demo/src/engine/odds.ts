/** What the page asks of the odds: the package does the mathematics, here is what is asked for. */
import { RewardPool, type Odds, type OddsMethod, type Simulation } from 'rewardpool';

import type { PoolConfig } from '../state/poolConfig.js';
import { bandOf, shareOfMisses, type Band } from './bands.js';
import { CHECKPOINTS } from './checkpoints.js';
import type { Tally } from './playground.js';

/** Of all items together, so often. */
export const SIMULTANEOUS_MISSES_MAX = 0.05;
/** Of one item at one number of draws. */
export const POINTWISE_MISSES_MAX = 0.05;

/** What a tally is to be compared with. */
export interface ShareOdds {
  readonly tally: Tally;
  readonly odds: Odds;
  /** For each item, where its count is when all are in their places at once. */
  readonly bands: readonly Band[];
}

/** The odds of as many draws as the tally has. */
export async function oddsOfTally(tally: Tally): Promise<ShareOdds> {
  const { items } = tally.config;
  const odds = await RewardPool.odds(items, {
    draws: Math.max(tally.draws, 1),
    countsOf: tally.draws === 0 ? [] : items.map(({ itemId }) => itemId),
  });
  const misses = shareOfMisses(SIMULTANEOUS_MISSES_MAX, items.length);
  return { tally, odds, bands: odds.counts.map((counts) => bandOf(counts, misses)) };
}

/** One item at one number of draws. */
export interface ExpectedShare {
  readonly draws: number;
  readonly expected: number;
  readonly band: Band;
  readonly method: OddsMethod;
  readonly error: number;
}

/** What one item's count should be at each checkpoint, worked out as far as it is asked for. */
export class ExpectedShares {
  readonly #config: PoolConfig;
  readonly #position: number;
  readonly #known: ExpectedShare[] = [];

  constructor(config: PoolConfig, position: number) {
    this.#config = config;
    this.#position = position;
  }

  /** Those of the first `checkpoints` checkpoints. */
  async first(checkpoints: number): Promise<readonly ExpectedShare[]> {
    const { items } = this.#config;
    const { itemId } = items[this.#position]!;
    while (this.#known.length < checkpoints) {
      const draws = CHECKPOINTS[this.#known.length]!;
      const odds = await RewardPool.odds(items, { draws, countsOf: [itemId] });
      const { expected } = odds.items[this.#position]!;
      const [counts] = odds.counts;
      const band = bandOf(counts!, POINTWISE_MISSES_MAX);
      this.#known.push({ draws, expected, band, method: counts!.method, error: counts!.error });
    }
    return this.#known.slice(0, checkpoints);
  }
}

/** Draws that a simulation for a picture may make in all. */
export const SIMULATED_DRAWS_MAX = 20_000_000;

/** As many runs as can be afforded, at most `runsMax`. */
export function affordableRuns(draws: number, runsMax: number): number {
  return Math.max(1, Math.min(runsMax, Math.floor(SIMULATED_DRAWS_MAX / Math.max(draws, 1))));
}

/** Runs of a pool, noted at `curveDraws`, which end with the number of draws of each run. */
export function simulateRuns(
  { items, seed }: PoolConfig,
  runs: number,
  curveDraws: readonly number[],
  quantiles: readonly number[] = [],
): Promise<Simulation> {
  // The page's own draws are those of `seed`; these are others, and the same each time.
  return RewardPool.simulate(items, {
    runs,
    draws: curveDraws.at(-1)!,
    curveDraws,
    quantiles,
    seed: (seed + 1n) % 2n ** 64n,
  });
}
