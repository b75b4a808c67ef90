/** An item's share on its way to its odds, among the intervals that should hold it. */
import type { Simulation } from 'rewardpool';

import { Chart } from '../charts/chart.js';
import { CHECKPOINTS } from '../engine/checkpoints.js';
import { Latest } from '../engine/latest.js';
import { affordableRuns, ExpectedShares, simulateRuns, type ExpectedShare } from '../engine/odds.js';
import type { Tally } from '../engine/playground.js';
import type { PoolConfig } from '../state/poolConfig.js';
import { byId, make, mark, setChoices } from './dom.js';
import { compact, count, errorBound, percent, plural } from './format.js';

const RUNS_MAX = 100;
/** A fan of fewer runs says nothing about 1 in 20. */
const RUNS_MIN = 40;
/** The intervals of the last part, from this share of the draws on, fill the chart's height. */
const HEIGHT_FROM = 1 / 300;
const HEIGHT_DRAWS_MIN = 8;
const TABLE_ROWS_MAX = 40;

interface Fan {
  readonly simulation: Simulation;
  readonly position: number;
}

/** The intervals of one item, and the fan of simulated runs through them. */
interface Picture {
  readonly tally: Tally;
  readonly position: number;
  readonly expected: readonly ExpectedShare[];
  readonly fan: Fan | undefined;
}

export class ConvergencePanel {
  readonly #chart = new Chart(byId('convergence-chart'));
  readonly #item = byId<HTMLSelectElement>('convergence-item');
  readonly #details = byId<HTMLDetailsElement>('convergence-details');
  readonly #latest = new Latest((tookMs) => tookMs);
  #tally: Tally | undefined;
  #shares: ExpectedShares | undefined;
  #sharesOf: { config: PoolConfig; position: number } | undefined;
  #fan: { config: PoolConfig; simulation: Simulation } | undefined;
  #picture: Picture | undefined;

  constructor() {
    this.#item.addEventListener('change', () => this.#ask());
    this.#details.addEventListener('toggle', () => this.#renderTable());
  }

  show(tally: Tally): void {
    if (tally.config !== this.#tally?.config) {
      this.#latest.cancel();
      const { items } = tally.config;
      setChoices(this.#item, items.map(({ itemId }) => itemId));
      // The one that comes most has most to show.
      const heaviest = items.reduce((best, { weight }, i) => (weight > items[best]!.weight ? i : best), 0);
      this.#item.value = String(heaviest);
    }
    this.#tally = tally;
    this.#ask();
  }

  refresh(): void {
    this.#chart.refresh();
  }

  #ask(): void {
    const tally = this.#tally;
    const position = Number(this.#item.value);
    if (tally === undefined) return;
    const { config } = tally;
    if (this.#sharesOf?.config !== config || this.#sharesOf.position !== position) {
      this.#sharesOf = { config, position };
      this.#shares = new ExpectedShares(config, position);
    }
    const shares = this.#shares!;
    this.#latest.run(
      async () => {
        // At least a hundred draws wide, so that there is something to see at first.
        const checkpoints = Math.max(tally.trajectory.length, CHECKPOINTS.indexOf(100) + 1);
        const expected = await shares.first(checkpoints);
        const simulation = await this.#simulate(config, expected.map(({ draws }) => draws));
        const fan = simulation && { simulation, position };
        return { tally, position, expected, fan };
      },
      (picture) => this.#render(picture),
      (error) => {
        byId('convergence-misses').textContent = String(error);
      },
    );
  }

  /** As far as a fan of runs can be afforded; kept until the draws have gone on for longer. */
  async #simulate(config: PoolConfig, draws: readonly number[]): Promise<Simulation | undefined> {
    const affordable = draws.filter((k) => affordableRuns(k, RUNS_MAX) >= RUNS_MIN);
    const end = affordable.at(-1)!;
    const known = this.#fan;
    if (known?.config === config && known.simulation.draws >= end) return known.simulation;
    const simulation = await simulateRuns(config, affordableRuns(end, RUNS_MAX), affordable);
    this.#fan = { config, simulation };
    return simulation;
  }

  #render(picture: Picture): void {
    this.#picture = picture;
    const { tally, position, expected, fan } = picture;
    const { itemId } = tally.config.items[position]!;
    const exact = expected.map(({ expected: units, draws }) => units / draws);
    const observed = observedShares(picture);
    this.#chart.show({
      xs: expected.map(({ draws }) => draws),
      isLog: true,
      lines: [
        { values: expected.map(({ band, draws }) => band.high / draws), color: 'var(--exact)', width: 1 },
        { values: expected.map(({ band, draws }) => band.low / draws), color: 'var(--exact)', width: 1 },
        { values: exact, color: 'var(--exact)', width: 2 },
        { values: observed, color: 'var(--observed)', width: 3 },
      ],
      fill: { upper: 0, lower: 1, color: 'color-mix(in oklab, var(--exact) 13%, transparent)' },
      threads: fan === undefined ? [] : threadsOf(fan, expected.length),
      yRange: heightOf(expected),
      xWords: compact,
      yWords: percent,
      label: this.#words(picture, itemId),
    });
    byId('convergence-caption').replaceChildren(
      `Share of ${itemId} after so many draws. Line: `,
      mark('observed'),
      ' this run. Middle line and 95% intervals: ',
      mark('exact'),
      `, ${methodWords(expected)}. Threads: `,
      mark('simulated'),
      fan === undefined ? ' none.' : ` ${plural(fan.simulation.runs, 'run')} of ${count(fan.simulation.draws)} draws.`,
    );
    this.#renderMisses(picture);
    this.#renderTable();
  }

  #words({ expected, tally }: Picture, itemId: string): string {
    const last = expected[Math.max(tally.trajectory.length, 1) - 1]!;
    return (
      `Share of ${itemId} against the number of draws on a log scale. ` +
      `After ${count(last.draws)} draws exactly ${percent(last.expected / last.draws)} is expected, ` +
      `with 95% between ${percent(last.band.low / last.draws)} and ${percent(last.band.high / last.draws)}.`
    );
  }

  #renderMisses(picture: Picture): void {
    const { fan, expected } = picture;
    const units = observedUnits(picture);
    const own = units.map((drawn, i) => isMiss(drawn, expected[i]!));
    const ownMisses = own.filter(Boolean).length;
    const parts: (Node | string)[] = [];
    if (units.length > 0) {
      parts.push(
        mark('observed'),
        ` This run is outside of its interval at ${ownMisses} of ${plural(units.length, 'place')} looked at` +
          ` (they are not independent: a run that has strayed stays astray for a while). `,
      );
    }
    if (fan !== undefined) {
      const { runs, draws, curveDraws } = fan.simulation;
      const point = Math.min(curveDraws.length, expected.length) - 1;
      const misses = Array.from({ length: runs }, (_, run) =>
        isMiss(traceUnits(fan, run, point), expected[point]!),
      ).filter(Boolean).length;
      const at = point === curveDraws.length - 1 ? draws : curveDraws[point]!;
      parts.push(
        mark('simulated'),
        ` Of ${plural(runs, 'run')}, ${count(misses)} ${misses === 1 ? 'is' : 'are'} outside after ` +
          `${count(at)} draws. About ${count(Math.round(runs / 20))} should be; ` +
          `whole numbers make it fewer where few units are expected.`,
      );
    }
    byId('convergence-misses').replaceChildren(...parts);
  }

  #renderTable(): void {
    const picture = this.#picture;
    if (picture === undefined || !this.#details.open) return;
    const units = observedUnits(picture);
    const rows = picture.expected.slice(0, units.length).map((each, i) =>
      make(
        'tr',
        {},
        make('th', { scope: 'row' }, count(each.draws)),
        make('td', {}, percent(units[i]! / each.draws)),
        make('td', {}, percent(each.expected / each.draws)),
        make('td', {}, `${percent(each.band.low / each.draws)} – ${percent(each.band.high / each.draws)}`),
        make('td', {}, isMiss(units[i]!, each) ? 'outside' : 'within'),
      ),
    );
    const head = ['Draws', 'Observed', 'Exact', '95% interval', 'In it?'].map((text) =>
      make('th', { scope: 'col' }, text),
    );
    byId('convergence-table').replaceChildren(
      make(
        'table',
        {},
        make('thead', {}, make('tr', {}, ...head)),
        make('tbody', {}, ...rows.slice(-TABLE_ROWS_MAX)),
      ),
    );
  }
}

/** From least to most share that is shown: intervals are wide at first, and would leave no room for the rest. */
function heightOf(expected: readonly ExpectedShare[]): [number, number] {
  const last = expected.at(-1)!.draws;
  const shown = expected.filter(({ draws }) => draws >= Math.max(last * HEIGHT_FROM, HEIGHT_DRAWS_MIN));
  const low = Math.min(...shown.map(({ band, draws }) => band.low / draws));
  const high = Math.max(...shown.map(({ band, draws }) => band.high / draws));
  if (high === low) return [0, 1];
  const margin = 0.08 * (high - low);
  return [Math.max(0, low - margin), Math.min(1, high + margin)];
}

function isMiss(units: number, { band }: ExpectedShare): boolean {
  return units < band.low || units > band.high;
}

function observedUnits({ tally, position, expected }: Picture): number[] {
  return tally.trajectory.slice(0, expected.length).map((counts) => counts[position]!);
}

function observedShares(picture: Picture): (number | null)[] {
  const units = observedUnits(picture);
  return picture.expected.map(({ draws }, i) => (i < units.length ? units[i]! / draws : null));
}

function traceUnits({ simulation, position }: Fan, run: number, point: number): number {
  const { traces, curveDraws, items } = simulation;
  return traces[(run * curveDraws.length + point) * items.length + position]!;
}

function threadsOf(
  fan: Fan,
  points: number,
): { values: (number | null)[]; color: string; width: number }[] {
  const { runs, curveDraws } = fan.simulation;
  return Array.from({ length: runs }, (_, run) => ({
    values: Array.from({ length: Math.min(points, curveDraws.length) }, (_each, point) =>
      traceUnits(fan, run, point) / curveDraws[point]!,
    ),
    color: 'color-mix(in oklab, var(--simulated) 22%, transparent)',
    width: 1,
  }));
}

function methodWords(expected: readonly ExpectedShare[]): string {
  const methods = [...new Set(expected.map(({ method }) => method))].join(', ');
  return `${methods}, off by ${errorBound(Math.max(...expected.map(({ error }) => error)))} at most`;
}
