/** What callers ask of the odds, checked, and as it travels to where they are worked out. */
import type { CatalogItem, OddsOptions, SimulationOptions } from '../types/index.js';
import { invalidArgument, shown } from './errors.js';
import { toCount, toDraws, toSeed } from './integers.js';
import {
  checkCatalog,
  checkOptions,
  checkSelector,
  LOCATIONS,
  type NamesOf,
} from './openOptions.js';
import type { ItemWords } from './protocol.js';

const CURVE_DRAWS_MAX = 10_000;
const CURVE_DRAWS_DEFAULT = 100;
const RUNS_MAX = 10_000_000;
const RUN_DRAWS_MAX = 2 ** 32 - 1;

export interface OddsRequest {
  kind: 'odds';
  items: ItemWords[];
  draws: bigint;
  /** Positions of items. */
  countsOf: number[];
  curveDraws: bigint[] | undefined;
}

export interface SimulationRequest {
  kind: 'simulate';
  items: ItemWords[];
  runs: number;
  draws: number;
  seed: bigint;
  selector: string;
  curveDraws: number[];
  quantiles: number[];
}

const ODDS_OPTIONS: NamesOf<OddsOptions> = {
  draws: true,
  countsOf: true,
  curveDraws: true,
  ...LOCATIONS,
};
const SIMULATION_OPTIONS: NamesOf<SimulationOptions> = {
  runs: true,
  draws: true,
  seed: true,
  selector: true,
  curveDraws: true,
  quantiles: true,
  onProgress: true,
  signal: true,
  ...LOCATIONS,
};

function checkList(list: unknown, what: string): unknown[] {
  if (!Array.isArray(list)) throw invalidArgument(`${what} is ${shown(list)}: not an array`);
  return list;
}

/** @throws RewardPoolError 'invalid-argument' */
export function checkOddsRequest(
  catalog: Iterable<CatalogItem>,
  options: OddsOptions,
): OddsRequest {
  checkOptions(options, ODDS_OPTIONS);
  const items = checkCatalog(catalog);
  const draws = toDraws(options.draws ?? 1, 'draws');
  if (draws === 0n) throw invalidArgument('draws is 0: there must be one');
  const countsOf = checkList(options.countsOf ?? [], 'countsOf').map((wanted) => {
    const position = items.findIndex(({ itemId }) => itemId === wanted);
    if (position < 0) throw invalidArgument(`countsOf names ${shown(wanted)}, which is no item`);
    return position;
  });
  const request: OddsRequest = { kind: 'odds', items, draws, countsOf, curveDraws: undefined };
  if (options.curveDraws !== undefined) {
    const wanted = checkList(options.curveDraws, 'curveDraws');
    if (wanted.length > CURVE_DRAWS_MAX) {
      throw invalidArgument(`curveDraws has ${wanted.length} numbers: allowed are ${CURVE_DRAWS_MAX}`);
    }
    request.curveDraws = wanted.map((number, i) => toDraws(number, `curveDraws[${i}]`));
  }
  return request;
}

function evenSteps(draws: number): number[] {
  const steps = Math.min(draws, CURVE_DRAWS_DEFAULT);
  return Array.from({ length: steps }, (_, i) => Math.round((draws * (i + 1)) / steps));
}

function checkCurveDraws(curveDraws: unknown, draws: number): number[] {
  if (curveDraws === undefined) return evenSteps(draws);
  const numbers = checkList(curveDraws, 'curveDraws').map((number, i) =>
    toCount(number, `curveDraws[${i}]`, 0, draws),
  );
  if (numbers.some((number, i) => i > 0 && number <= numbers[i - 1]!)) {
    throw invalidArgument('curveDraws does not increase');
  }
  if (numbers.at(-1) !== draws) throw invalidArgument('curveDraws does not end with draws');
  return numbers;
}

function checkQuantiles(quantiles: unknown): number[] {
  return checkList(quantiles ?? [0.05, 0.25, 0.5, 0.75, 0.95], 'quantiles').map((quantile, i) => {
    if (typeof quantile !== 'number' || !(quantile >= 0 && quantile <= 1)) {
      throw invalidArgument(`quantiles[${i}] is ${shown(quantile)}: allowed is 0 to 1`);
    }
    return quantile;
  });
}

/** @throws RewardPoolError 'invalid-argument' */
export function checkSimulationRequest(
  catalog: Iterable<CatalogItem>,
  options: SimulationOptions,
): SimulationRequest {
  checkOptions(options, SIMULATION_OPTIONS);
  const { onProgress, signal } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalidArgument(`onProgress is ${shown(onProgress)}: not a function`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidArgument(`signal is ${shown(signal)}: not an AbortSignal`);
  }
  const draws = toCount(options.draws, 'draws', 1, RUN_DRAWS_MAX);
  return {
    kind: 'simulate',
    items: checkCatalog(catalog),
    runs: toCount(options.runs, 'runs', 1, RUNS_MAX),
    draws,
    seed:
      options.seed === undefined
        ? crypto.getRandomValues(new BigUint64Array(1))[0]!
        : toSeed(options.seed, 'seed'),
    selector: checkSelector(options.selector),
    curveDraws: checkCurveDraws(options.curveDraws, draws),
    quantiles: checkQuantiles(options.quantiles),
  };
}
