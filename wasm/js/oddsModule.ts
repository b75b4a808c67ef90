/**
 * Odds and simulation on `odds.wasm` (wasm/src/odds_exports.cc), a module apart, so
 * that nobody fetches it who only draws.
 */
import type {
  CountOdds,
  ItemCurve,
  ItemSimulation,
  Odds,
  OddsCurves,
  OddsMethod,
  Simulation,
  SimulationProgress,
} from '../types/index.js';
import { nextTask } from './nextTask.js';
import type { OddsRequest, SimulationRequest } from './oddsRequest.js';
import { checkStatus, makePlainModule, outputOf, type PlainExports } from './plainModule.js';
import type { ItemWords } from './protocol.js';

/** A status is 0 or a `StatusCode`; what is asked for is then the output, in doubles. */
interface OddsExports extends PlainExports {
  /** Three 64-bit words an item: weight, quantity, whether it is unlimited. */
  roomForItems(count: number): number;
  roomForDraws(count: number): number;
  roomForQuantiles(count: number): number;
  roomForSelector(byteCount: number): number;

  createOdds(): number;
  nextNumerator(index: number): bigint;
  nextDenominator(index: number): bigint;
  /** For each item: expected, at least one, method, error. */
  within(draws: bigint): number;
  /** For each item: until first, until gone. */
  waiting(): number;
  /** First, method, error, then those of exactly and those of at least. */
  countWithin(index: number, draws: bigint): number;
  /** For each number of draws: method, error, expected and next of each item. */
  course(): number;

  createSimulation(runs: bigint, draws: bigint, seed: bigint): number;
  /** Makes about so many draws, and tells how many. */
  advanceSimulation(drawsMax: number): number;
  simulationHasEnded(): number;
  /** In 32-bit words. */
  traces(): number;
  /** Drawn, runs with one, the mean curve, and for each point each quantile. */
  summarizeItem(index: number): number;
}

/** In the order of OddsMethod (core/include/rewardpool/odds.h), whose names these are. */
const METHODS: readonly OddsMethod[] = [
  'certain',
  'binomial',
  'dynamic-programming',
  'poisson-clocks',
  'monte-carlo',
];

/** A piece of a simulation ends when it has taken so long. */
const PIECE_MS = 8;
/** About a tenth of a piece. */
const PIECE_DRAWS = 20_000;

function makeModule(compiled: Promise<WebAssembly.Module>): Promise<OddsExports> {
  return makePlainModule<OddsExports>(compiled, 'odds.wasm');
}

function giveItems(module: OddsExports, items: readonly ItemWords[]): void {
  const address = module.roomForItems(items.length);
  const words = new BigUint64Array(module.memory.buffer, address, 3 * items.length);
  items.forEach(({ weight, quantity }, i) => {
    words.set([weight, quantity ?? 0n, quantity === null ? 1n : 0n], 3 * i);
  });
}

function giveDraws(module: OddsExports, draws: readonly bigint[]): void {
  const address = module.roomForDraws(draws.length);
  new BigUint64Array(module.memory.buffer, address, draws.length).set(draws);
}

function numbersOf(module: OddsExports, status: number): Float64Array {
  checkStatus(module, status);
  return new Float64Array(outputOf(module).buffer);
}

function methodOf(number: number): OddsMethod {
  return METHODS[number]!;
}

function countsOf(module: OddsExports, { items, draws }: OddsRequest, position: number): CountOdds {
  const numbers = numbersOf(module, module.countWithin(position, draws));
  const end = 3 + (numbers.length - 3) / 2;
  return {
    itemId: items[position]!.itemId,
    firstCount: numbers[0]!,
    exactly: numbers.slice(3, end),
    atLeast: numbers.slice(end),
    method: methodOf(numbers[1]!),
    error: numbers[2]!,
  };
}

function curvesOf(
  module: OddsExports,
  items: readonly ItemWords[],
  draws: readonly bigint[],
): OddsCurves {
  giveDraws(module, draws);
  const numbers = numbersOf(module, module.course());
  const pointSize = 2 + 2 * items.length;
  const column = (at: number): Float64Array =>
    Float64Array.from(draws, (_, point) => numbers[point * pointSize + at]!);
  return {
    draws: draws.map(Number),
    items: items.map(({ itemId, quantity }, i): ItemCurve => {
      const expected = column(2 + i);
      const stock = quantity === null ? Infinity : Number(quantity);
      const remaining = expected.map((drawn) => stock - drawn);
      return { itemId, expected, remaining, next: column(2 + items.length + i) };
    }),
    methods: Array.from(column(0), methodOf),
    errors: column(1),
  };
}

/** See RewardPool.odds(). */
export async function workOutOdds(
  compiled: Promise<WebAssembly.Module>,
  request: OddsRequest,
): Promise<Odds> {
  const module = await makeModule(compiled);
  const { items, draws, curveDraws } = request;
  giveItems(module, items);
  checkStatus(module, module.createOdds());
  const within = numbersOf(module, module.within(draws));
  const waiting = numbersOf(module, module.waiting());
  return {
    draws: Number(draws),
    items: items.map(({ itemId }, i) => ({
      itemId,
      nextNumerator: module.nextNumerator(i),
      nextDenominator: module.nextDenominator(i),
      expected: within[4 * i]!,
      atLeastOne: within[4 * i + 1]!,
      drawsUntilFirst: waiting[2 * i]!,
      drawsUntilGone: waiting[2 * i + 1]!,
      method: methodOf(within[4 * i + 2]!),
      error: within[4 * i + 3]!,
    })),
    counts: request.countsOf.map((position) => countsOf(module, request, position)),
    ...(curveDraws !== undefined && { curves: curvesOf(module, items, curveDraws) }),
  };
}

/** Whoever asked wants to hear of progress, and may want no more. */
export interface SimulationWatch {
  onProgress(progress: SimulationProgress): void;
  /** Throws to end the simulation. */
  throwIfEnded(): void;
}

/** See RewardPool.simulate(). Other tasks run in between its pieces. */
export async function simulate(
  compiled: Promise<WebAssembly.Module>,
  request: SimulationRequest,
  watch: SimulationWatch,
): Promise<Simulation> {
  const module = await makeModule(compiled);
  const { items, runs, draws, seed, selector, curveDraws, quantiles } = request;
  giveItems(module, items);
  giveDraws(module, curveDraws.map(BigInt));
  const quantileAddress = module.roomForQuantiles(quantiles.length);
  new Float64Array(module.memory.buffer, quantileAddress, quantiles.length).set(quantiles);
  const selectorBytes = new TextEncoder().encode(selector);
  const selectorAddress = module.roomForSelector(selectorBytes.length);
  new Uint8Array(module.memory.buffer, selectorAddress, selectorBytes.length).set(selectorBytes);
  checkStatus(module, module.createSimulation(BigInt(runs), BigInt(draws), seed));

  let drawsMade = 0;
  while (module.simulationHasEnded() === 0) {
    watch.throwIfEnded();
    const pieceEnd = performance.now() + PIECE_MS;
    do {
      drawsMade += module.advanceSimulation(PIECE_DRAWS);
    } while (module.simulationHasEnded() === 0 && performance.now() < pieceEnd);
    watch.onProgress({ drawsDone: drawsMade, drawsTotal: runs * draws });
    await new Promise<void>(nextTask);
  }
  watch.throwIfEnded();

  checkStatus(module, module.traces());
  const traces = new Uint32Array(outputOf(module).buffer);
  const points = curveDraws.length;
  return {
    runs,
    draws,
    seed,
    curveDraws,
    quantiles,
    items: items.map(({ itemId }, i): ItemSimulation => {
      const numbers = numbersOf(module, module.summarizeItem(i));
      const quantileAt = (point: number, quantile: number): number =>
        numbers[2 + points + point * quantiles.length + quantile]!;
      const last = points - 1;
      return {
        itemId,
        drawn: numbers[0]!,
        runsWithOne: numbers[1]!,
        counts: Uint32Array.from(
          { length: runs },
          (_, run) => traces[(run * points + last) * items.length + i]!,
        ),
        countQuantiles: quantiles.map((_, quantile) => quantileAt(last, quantile)),
        meanCurve: numbers.slice(2, 2 + points),
        quantileCurves: quantiles.map((_, quantile) =>
          Float64Array.from({ length: points }, (_point, point) => quantileAt(point, quantile)),
        ),
      };
    }),
    traces,
    drawsMade,
  };
}
