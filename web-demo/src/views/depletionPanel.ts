/** Stock and odds over the draws of a pool from full to empty, at a place of one's choice. */
import { RewardPool, type Odds, type OddsCurves, type Simulation } from 'rewardpool';

import { Chart, type ChartLine } from '../charts/chart.js';
import { itemColor, itemDash } from '../charts/itemColor.js';
import { Latest } from '../engine/latest.js';
import { affordableRuns, SIMULATED_DRAWS_MAX, simulateRuns } from '../engine/odds.js';
import type { PoolConfig } from '../state/poolConfig.js';
import { byId, make, mark, oncePerFrame } from './dom.js';
import { compact, count, decimal, errorBound, percent, plural } from './format.js';

const POINTS = 120;
/** Where the slider begins: far enough for something to have happened. */
const FIRST_PLACE = 0.6;
const RUNS_MAX = 40;
const THREADS_MAX = 240;
/** So many draws are shown if nothing runs out. */
const HORIZON_ENDLESS = 1000;
/** So many runs are enough to leave out one in twenty on each side. */
const RUNS_FOR_QUANTILES = 20;

interface Picture {
  readonly config: PoolConfig;
  readonly draws: readonly number[];
  readonly curves: OddsCurves;
  readonly simulation: Simulation;
}

export class DepletionPanel {
  readonly #stock = new Chart(byId('stock-chart'));
  readonly #odds = new Chart(byId('odds-chart'));
  readonly #slider = byId<HTMLInputElement>('depletion-draw');
  readonly #latest = new Latest();
  #picture: Picture | undefined;

  constructor() {
    this.#slider.max = String(POINTS);
    this.#slider.addEventListener('input', oncePerFrame(() => this.#moveTo()));
  }

  show(config: PoolConfig): void {
    this.#latest.cancel();
    this.#latest.run(
      () => pictureOf(config),
      (picture) => this.#render(picture),
      (error) => {
        byId('depletion-method').textContent = String(error);
      },
    );
  }

  refresh(): void {
    this.#stock.refresh();
    this.#odds.refresh();
  }

  #render(picture: Picture): void {
    const { config, draws, curves } = picture;
    const finite = config.items.flatMap(({ quantity }, i) =>
      quantity === 'unlimited' || quantity === 0n ? [] : [i],
    );
    byId('depletion-none').hidden = finite.length > 0;
    this.#slider.max = String(draws.length - 1);
    if (this.#picture === undefined) this.#slider.value = String(Math.round(FIRST_PLACE * draws.length));
    this.#picture = picture;
    const line = (position: number, values: ArrayLike<number>): ChartLine => {
      const dash = itemDash(position);
      return {
        values: Array.from(values),
        color: itemColor(position),
        width: 2.5,
        ...(dash !== undefined && { dash }),
      };
    };
    const common = { xs: draws, isLog: false, xWords: compact, yWords: percent };
    this.#stock.show({
      ...common,
      lines: finite.map((i) => {
        const stock = Number(config.items[i]!.quantity);
        return line(i, curves.items[i]!.remaining.map((left) => left / stock));
      }),
      threads: stockThreads(picture, finite),
      yRange: [0, 1],
      label: 'Mean stock left of each item, in percent of what there was, against the number of draws. The table below has the numbers.',
    });
    this.#odds.show({
      ...common,
      lines: config.items.map((_, i) => line(i, curves.items[i]!.next)),
      yRange: [0, Math.min(1, 1.05 * Math.max(...curves.items.flatMap(({ next }) => [...next])))],
      label: 'Odds of the next draw for each item against the number of draws. The table below has the numbers.',
    });
    const methods = [...new Set(curves.methods)].join(', ');
    byId('depletion-method').textContent =
      `Exact: ${methods}, off by ${errorBound(Math.max(...curves.errors))} at most, at ` +
      `${count(draws.length)} places. Simulated: ${plural(picture.simulation.runs, 'run')} on the pool's own ` +
      `selector.`;
    this.#moveTo();
  }

  #moveTo(): void {
    const picture = this.#picture;
    if (picture === undefined) return;
    const point = Math.min(Number(this.#slider.value), picture.draws.length - 1);
    const k = picture.draws[point]!;
    byId('depletion-k').textContent = count(k);
    this.#slider.setAttribute('aria-valuetext', `after draw ${count(k)}`);
    this.#stock.mark(k);
    this.#odds.mark(k);
    this.#renderTable(picture, point);
  }

  #renderTable({ config, curves, simulation }: Picture, point: number): void {
    const head = (text: string, ...marks: Node[]): HTMLElement =>
      make('th', { scope: 'col' }, ...marks, ' ', text);
    const rows = config.items.map(({ itemId, quantity }, i) => {
      const swatch = make('span', { class: 'swatch', 'aria-hidden': 'true' });
      swatch.style.borderTopColor = itemColor(i);
      swatch.style.borderTopStyle = swatchStyle(i);
      const { remaining, next } = curves.items[i]!;
      return make(
        'tr',
        {},
        make('th', { scope: 'row' }, swatch, itemId),
        make('td', {}, quantity === 'unlimited' ? 'unlimited' : decimal(remaining[point]!)),
        make('td', {}, quantity === 'unlimited' ? '' : leftRange(simulation, i, point, quantity)),
        make('td', {}, percent(next[point]!)),
      );
    });
    byId('depletion-table').replaceChildren(
      make(
        'table',
        {},
        make(
          'thead',
          {},
          make(
            'tr',
            {},
            head('Item'),
            head('mean left', mark('exact')),
            head(rangeWords(simulation), mark('simulated')),
            head('next draw', mark('exact')),
          ),
        ),
        make('tbody', {}, ...rows),
      ),
    );
  }
}

/** How many draws it takes until what can run out has done so on average. */
function horizonOf(config: PoolConfig, odds: Odds): number {
  const allFinite = config.items.every(
    ({ quantity, weight }) => quantity !== 'unlimited' || weight === 0n,
  );
  if (allFinite) {
    const units = config.items.reduce(
      (sum, { quantity, weight }) => sum + (weight === 0n ? 0n : (quantity as bigint)),
      0n,
    );
    return Math.min(Number(units), SIMULATED_DRAWS_MAX);
  }
  const ends = odds.items.map(({ drawsUntilGone }) => drawsUntilGone).filter(Number.isFinite);
  const longest = Math.max(0, ...ends);
  return longest === 0 ? HORIZON_ENDLESS : Math.min(Math.ceil(longest * 1.1), SIMULATED_DRAWS_MAX);
}

async function pictureOf(config: PoolConfig): Promise<Picture> {
  const horizon = horizonOf(config, await RewardPool.odds(config.items));
  const draws = [
    ...new Set(Array.from({ length: POINTS + 1 }, (_, i) => Math.round((horizon * i) / POINTS))),
  ];
  const threadsPerRun = config.items.length;
  const runs = Math.min(affordableRuns(horizon, RUNS_MAX), Math.ceil(THREADS_MAX / threadsPerRun));
  const [odds, simulation] = await Promise.all([
    RewardPool.odds(config.items, { curveDraws: draws }),
    simulateRuns(config, runs, draws.slice(1), runs < RUNS_FOR_QUANTILES ? [0, 1] : [0.05, 0.95]),
  ]);
  return { config, draws, curves: odds.curves!, simulation };
}

function stockThreads({ config, simulation }: Picture, finite: readonly number[]): ChartLine[] {
  const { runs, curveDraws, items, traces } = simulation;
  return Array.from({ length: runs }, (_, run) =>
    finite.map((position) => {
      const stock = Number(config.items[position]!.quantity);
      const left = curveDraws.map((_draws, point) => {
        const drawn = traces[(run * curveDraws.length + point) * items.length + position]!;
        return 1 - drawn / stock;
      });
      return {
        values: [1, ...left],
        color: `color-mix(in oklab, ${itemColor(position)} 22%, transparent)`,
        width: 1,
      };
    }),
  ).flat();
}

function leftRange(
  { items }: Simulation,
  position: number,
  point: number,
  quantity: bigint,
): string {
  if (point === 0) return count(quantity);
  const [fewDrawn, manyDrawn] = items[position]!.quantileCurves;
  const stock = Number(quantity);
  return `${count(stock - manyDrawn![point - 1]!)} – ${count(stock - fewDrawn![point - 1]!)}`;
}

function rangeWords({ runs }: Simulation): string {
  return runs < RUNS_FOR_QUANTILES ? `all of ${count(runs)}` : `nine of ten of ${count(runs)}`;
}

function swatchStyle(position: number): string {
  const dash = itemDash(position);
  return dash === undefined ? 'solid' : dash[0]! > 5 ? 'dashed' : 'dotted';
}
