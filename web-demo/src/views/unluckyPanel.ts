/** Where a person's result stands among all that could have been. */
import { RewardPool, type CountOdds } from 'rewardpool';

import { tailsAt } from '../engine/bands.js';
import { Latest } from '../engine/latest.js';
import type { Tally } from '../engine/playground.js';
import { parseWhole, type PoolConfig } from '../state/poolConfig.js';
import { byId, make, makeSvg, mark, setAttributes, setChoices } from './dom.js';
import { count, decimal, errorBound, percent, plural } from './format.js';

const DRAWS_MAX = 1_000_000_000n;
const BARS_MAX = 120;
/** Fewer bars do not become wider. */
const BARS_MIN = 12;
const HEIGHT = 100;

interface Question {
  readonly config: PoolConfig;
  readonly position: number;
  readonly draws: number;
  readonly units: number;
}

export class UnluckyPanel {
  readonly #draws = byId<HTMLInputElement>('unlucky-draws');
  readonly #count = byId<HTMLInputElement>('unlucky-count');
  readonly #item = byId<HTMLSelectElement>('unlucky-item');
  readonly #latest = new Latest();
  #tally: Tally | undefined;

  constructor() {
    this.#draws.value = '100';
    this.#count.value = '0';
    for (const input of [this.#draws, this.#count]) {
      input.addEventListener('input', () => this.#ask());
    }
    this.#item.addEventListener('change', () => this.#ask());
    byId('unlucky-mine').addEventListener('click', () => this.#takeRun());
  }

  show(tally: Tally): void {
    const isNew = tally.config !== this.#tally?.config;
    this.#tally = tally;
    if (!isNew) return;
    setChoices(this.#item, tally.config.items.map(({ itemId }) => itemId));
    this.#ask();
  }

  #takeRun(): void {
    const tally = this.#tally;
    if (tally === undefined) return;
    this.#draws.value = String(tally.draws);
    this.#count.value = String(tally.counts[Number(this.#item.value)] ?? 0);
    this.#ask();
  }

  #ask(): void {
    const question = this.#question();
    if (question === undefined) return;
    const { config, position, draws } = question;
    const { itemId } = config.items[position]!;
    this.#latest.run(
      () => RewardPool.odds(config.items, { draws, countsOf: [itemId] }),
      ({ counts, items }) => this.#render(question, counts[0]!, items[position]!.expected),
      (error) => this.#complain(String(error)),
    );
  }

  /** What is asked, or a complaint on the page. */
  #question(): Question | undefined {
    if (this.#tally === undefined) return undefined;
    const draws = parseWhole(this.#draws.value, DRAWS_MAX);
    const units = parseWhole(this.#count.value, DRAWS_MAX);
    const drawsProblem =
      typeof draws === 'string' ? draws : draws === 0n ? 'At least one draw.' : undefined;
    const unitsProblem =
      typeof units === 'string'
        ? units
        : typeof draws === 'bigint' && units > draws
          ? 'There cannot be more of it than draws.'
          : undefined;
    setAttributes(this.#draws, { 'aria-invalid': drawsProblem && 'true' });
    setAttributes(this.#count, { 'aria-invalid': unitsProblem && 'true' });
    this.#complain(drawsProblem ?? unitsProblem);
    if (drawsProblem !== undefined || unitsProblem !== undefined) return undefined;
    return {
      config: this.#tally.config,
      position: Number(this.#item.value),
      draws: Number(draws),
      units: Number(units),
    };
  }

  #complain(problem: string | undefined): void {
    const element = byId('unlucky-problem');
    element.textContent = problem ?? '';
    element.hidden = problem === undefined;
  }

  #render({ config, position, draws, units }: Question, odds: CountOdds, expected: number): void {
    const { itemId } = config.items[position]!;
    const { atMost, atLeast } = tailsAt(odds, units);
    byId('unlucky-verdict').replaceChildren(...verdictOf(atMost, atLeast), ' ', mark('exact'));
    byId('unlucky-chart').replaceChildren(distribution(odds, units, itemId));
    byId('unlucky-method').textContent =
      `So many or fewer: ${percent(atMost)}. So many or more: ${percent(atLeast)}. ` +
      `On average ${plural(draws, 'draw')} from the full pool ${draws === 1 ? 'brings' : 'bring'} ` +
      `${decimal(expected)}. Method: ${odds.method}, off by ${errorBound(odds.error)} at most.`;
  }
}

/** People out of so many that the share comes to as a number one can picture. */
function outOf(share: number): string {
  if (share <= 0) return 'nobody at all';
  if (share < 1e-9) return 'fewer than 1 in a billion people';
  if (share < 0.01) return `1 in ${count(Number((1 / share).toPrecision(3)))} people`;
  if (share > 0.9995) return 'nearly everybody';
  return `${decimal(share * 100)} in 100 people`;
}

function verdictOf(atMost: number, atLeast: number): (Node | string)[] {
  const strong = (text: string): HTMLElement => make('strong', {}, text);
  if (atMost <= 0 || atLeast <= 0) return ['That ', strong('cannot happen'), ' in this pool.'];
  if (atMost < atLeast) {
    return [
      strong(`${outOf(atMost)[0]!.toUpperCase()}${outOf(atMost).slice(1)}`),
      ` ${verb(atMost)} as unlucky as you, or unluckier.`,
    ];
  }
  return [
    strong(`${outOf(atLeast)[0]!.toUpperCase()}${outOf(atLeast).slice(1)}`),
    ` ${verb(atLeast)} as lucky as you, or luckier.`,
  ];
}

function verb(share: number): string {
  return share > 0.9995 || share < 0.01 ? 'is' : 'are';
}

/** The distribution as bars, those up to the result filled. */
function distribution(odds: CountOdds, units: number, itemId: string): HTMLElement {
  const { firstCount, exactly } = odds;
  const [from, to] = interesting(exactly, units - firstCount);
  const perBar = Math.max(1, Math.ceil((to - from) / BARS_MAX));
  const bars: number[] = [];
  for (let start = from; start < to; start += perBar) {
    let sum = 0;
    for (let i = start; i < Math.min(start + perBar, to); ++i) sum += exactly[i] ?? 0;
    bars.push(sum);
  }
  const largest = Math.max(...bars);
  const width = 1000 / Math.max(bars.length, BARS_MIN);
  const own = Math.floor((units - firstCount - from) / perBar);
  const rects = bars.map((probability, i) => {
    const height = (HEIGHT * probability) / largest;
    return makeSvg('rect', {
      x: (i * width).toFixed(2),
      y: (HEIGHT - height).toFixed(2),
      width: Math.max(1, width * 0.86).toFixed(2),
      height: Math.max(height, 0.4).toFixed(2),
      class: i === own ? 'bar own' : i < own ? 'bar below' : 'bar',
    });
  });
  const svg = makeSvg(
    'svg',
    {
      viewBox: `0 0 1000 ${HEIGHT}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': `Probability of each number of ${itemId}, from ${count(firstCount + from)} to ${count(firstCount + to - 1)}; yours is ${count(units)}`,
    },
    ...rects,
  );
  return make(
    'div',
    {},
    svg,
    make(
      'div',
      { class: 'ends', 'aria-hidden': 'true' },
      make('span', {}, `${count(firstCount + from)} of ${itemId}`),
      make('span', {}, bars.length < BARS_MIN ? '' : count(firstCount + to - 1)),
    ),
  );
}

/** The part of a distribution that can be seen, with the result in it if that is not too far off. */
function interesting(exactly: Float64Array, own: number): [number, number] {
  const visible = 1e-4 * Math.max(...exactly);
  let from = exactly.findIndex((probability) => probability > visible);
  let to = exactly.findLastIndex((probability) => probability > visible) + 1;
  const reach = 2 * (to - from) + 10;
  from = Math.max(0, from - reach, Math.min(from, own));
  to = Math.min(to + reach, Math.max(to, own + 1));
  return [from, to];
}
