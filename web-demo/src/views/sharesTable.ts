/** Observed shares beside the exact ones, with the band that holds all of them at once. */
import type { Band } from '../engine/bands.js';
import type { ShareOdds } from '../engine/odds.js';
import { byId, make, mark } from './dom.js';
import { count, decimal, errorBound, percent, percentTo, plural } from './format.js';

interface Row {
  readonly element: HTMLTableRowElement;
  readonly bar: HTMLElement;
  readonly band: HTMLElement;
  readonly tick: HTMLElement;
  readonly needle: HTMLElement;
  readonly strip: HTMLElement;
  readonly drawn: HTMLElement;
  readonly observed: HTMLElement;
  readonly exact: HTMLElement;
  readonly verdict: HTMLElement;
}

/** How far a strip reaches, in widths of half the band: the band fills its middle three fifths. */
const STRIP_REACH = 5 / 3;

function makeRow(itemId: string): Row {
  const bar = make('span', { class: 'bar-observed' });
  const band = make('span', { class: 'bar-band' });
  const tick = make('span', { class: 'bar-exact' });
  const needle = make('span', { class: 'needle' });
  const strip = make(
    'div',
    { class: 'strip-track', 'aria-hidden': 'true' },
    make('span', { class: 'strip-band' }),
    make('span', { class: 'strip-exact' }),
    needle,
  );
  const drawn = make('td', { class: 'drawn' });
  // Where there is no room for the table's head, the marks stand beside the numbers.
  const observed = make('span');
  const exact = make('span');
  const verdict = make('td', { class: 'verdict-cell' });
  const element = make(
    'tr',
    {},
    make('th', { scope: 'row', title: itemId }, itemId),
    make('td', { class: 'plot' }, make('div', { class: 'bar-track', 'aria-hidden': 'true' }, band, bar, tick)),
    drawn,
    make('td', {}, mark('observed', 'narrow'), ' ', observed),
    make('td', {}, mark('exact', 'narrow'), ' ', exact),
    make('td', { class: 'strip' }, strip),
    verdict,
  );
  return { element, bar, band, tick, needle, strip, drawn, observed, exact, verdict };
}

export class SharesTable {
  readonly #host = byId('shares');
  readonly #method = byId('shares-method');
  #rows: readonly Row[] = [];
  #shown = '';

  show({ tally, odds, bands }: ShareOdds): void {
    this.#lay(odds.items.map(({ itemId }) => itemId));
    const { draws, counts } = tally;
    const shares = counts.map((drawn) => (draws === 0 ? 0 : drawn / draws));
    const expected = odds.items.map((item) => item.expected / odds.draws);
    const largest = Math.max(...shares, ...expected, ...bands.map(({ high }) => high / draws));
    const at = (share: number): string => `${(100 * share) / largest}%`;
    let outside = 0;
    this.#rows.forEach((row, i) => {
      const band = bands[i];
      row.bar.style.width = at(shares[i]!);
      row.tick.style.left = at(expected[i]!);
      row.drawn.textContent = count(counts[i]!);
      const resolution = band === undefined ? 0 : (band.high - band.low) / (2 * draws);
      row.observed.textContent = draws === 0 ? '–' : percentTo(shares[i]!, resolution);
      row.exact.textContent = percentTo(expected[i]!, resolution);
      row.band.hidden = row.strip.hidden = band === undefined;
      if (band === undefined) {
        row.verdict.textContent = '';
        row.element.classList.remove('outside');
        return;
      }
      row.band.style.left = at(band.low / draws);
      row.band.style.width = at((band.high - band.low) / draws);
      const isOutside = counts[i]! < band.low || counts[i]! > band.high;
      if (isOutside) ++outside;
      row.element.classList.toggle('outside', isOutside);
      row.needle.style.left = `${stripPlace(counts[i]!, odds.items[i]!.expected, band)}%`;
      row.verdict.textContent =
        `${isOutside ? 'outside' : 'within'} ${rangeWords(band)}`;
    });
    this.#explain({ tally, odds, bands }, outside);
  }

  #lay(itemIds: readonly string[]): void {
    const names = JSON.stringify(itemIds);
    if (names === this.#shown) return;
    this.#shown = names;
    this.#rows = itemIds.map(makeRow);
    const head = (text: string, kind?: 'exact' | 'observed'): HTMLElement =>
      make('th', { scope: 'col' }, ...(kind === undefined ? [] : [mark(kind), ' ']), text);
    this.#host.replaceChildren(
      make(
        'table',
        { class: 'shares' },
        make('caption', { class: 'visually-hidden' }, 'Observed shares and exact odds'),
        make(
          'thead',
          {},
          make(
            'tr',
            {},
            head('Item'),
            head('Share of the draws'),
            make('th', { scope: 'col', class: 'drawn' }, 'drawn'),
            head('', 'observed'),
            head('', 'exact'),
            head('In its band'),
            make('th', { scope: 'col', class: 'verdict-cell' }, 'band'),
          ),
        ),
        make('tbody', {}, ...this.#rows.map(({ element }) => element)),
      ),
    );
  }

  #explain({ tally, odds }: ShareOdds, outside: number): void {
    const methods = [...new Set(odds.items.map(({ method }) => method))].join(', ');
    const error = Math.max(...odds.items.map((item) => item.error));
    const source = `Exact: ${methods}, off by ${errorBound(error)} at most.`;
    if (tally.draws === 0) {
      this.#method.textContent = `Odds of the next draw. ${source}`;
      return;
    }
    this.#method.textContent =
      `Over ${plural(tally.draws, 'draw')} from a full pool, with stock leaving. ${source} ` +
      `Bands: in at least 95% of all runs every item is within its own at once (exact distribution, ` +
      `Bonferroni over ${plural(odds.items.length, 'item')}). ` +
      (outside === 0
        ? 'Here all are within.'
        : `Here ${plural(outside, 'item')} ${outside === 1 ? 'is' : 'are'} outside, as in 1 run of 20.`);
  }
}

function rangeWords({ low, high }: Band): string {
  return low === high ? count(low) : `${count(low)}–${count(high)}`;
}

/** Where a count is on its strip, in percent: the middle is the mean, the band's ends are at 20 and 80. */
function stripPlace(
  units: number,
  expected: number,
  { low, high }: Band,
): number {
  // All runs come to the same, or nearly all.
  if (low === high && units === low) return 50;
  const half = units < expected ? expected - low : high - expected;
  const offset = half <= 0 ? Math.sign(units - expected) : (units - expected) / half;
  const clipped = Math.max(-STRIP_REACH, Math.min(STRIP_REACH, offset));
  return 50 + 30 * clipped;
}

/** The odds of the first draw in words: a fraction and what it comes to. */
export function firstDrawWords({ odds }: ShareOdds): string[] {
  return odds.items.map(({ nextNumerator, nextDenominator, drawsUntilFirst }) => {
    if (nextNumerator === 0n) return 'cannot be drawn';
    const share = Number(nextNumerator) / Number(nextDenominator);
    return (
      `${count(nextNumerator)} in ${count(nextDenominator)} = ${percent(share)}; ` +
      `mean wait ${decimal(drawsUntilFirst)} draws`
    );
  });
}
