/** The buttons that draw, how far a run is, and what came last. */
import type { Activity, Playground } from '../engine/playground.js';
import { byId, make, oncePerFrame, setAttributes } from './dom.js';
import { count, plural } from './format.js';

const RATE_WINDOW_MS = 1000;
/** Of fewer draws the rate says more about the clock than about drawing. */
const RATE_DRAWS_MIN = 50_000;

export class DrawPanel {
  readonly #playground: Playground;
  readonly #buttons = [...document.querySelectorAll<HTMLButtonElement>('[data-draws]')];
  readonly #drawOn = byId<HTMLButtonElement>('draw-on');
  readonly #stop = byId<HTMLButtonElement>('stop');
  readonly #restart = byId<HTMLButtonElement>('restart');
  readonly #bar = byId<HTMLProgressElement>('progress-bar');
  /** Whether the editor holds a pool that can be drawn from. */
  #isAllowed = true;
  #before: Activity['kind'] = 'opening';
  #drawsBefore = 0;
  #rates: { at: number; draws: number }[] = [];

  /** `prepare` brings the pool up to what the editor says; it resolves to false if that cannot be. */
  constructor(playground: Playground, prepare: () => Promise<boolean>) {
    this.#playground = playground;
    const draw = async (wanted: number): Promise<void> => {
      if (await prepare()) await playground.draw(wanted);
    };
    for (const button of this.#buttons) {
      button.addEventListener('click', () => void draw(Number(button.dataset['draws'])));
    }
    this.#drawOn.addEventListener('click', () => {
      if (playground.activity.value.kind === 'drawing') {
        playground.stop();
      } else {
        void draw(Infinity);
      }
    });
    this.#stop.addEventListener('click', () => playground.stop());
    this.#restart.addEventListener('click', () => {
      void playground.restart(playground.tally.value.config);
    });
    playground.activity.watch(oncePerFrame(() => this.#renderActivity()));
    playground.tally.watch(oncePerFrame(() => this.#renderTally()));
  }

  allow(isAllowed: boolean): void {
    this.#isAllowed = isAllowed;
    this.#renderActivity();
  }

  #renderActivity(): void {
    const activity = this.#playground.activity.value;
    const { exhausted } = this.#playground.tally.value;
    const drawing = activity.kind === 'drawing';
    // While a pool is opened a click waits for it: a button that is disabled between
    // pressing and letting go would lose it.
    const isReady = activity.kind === 'idle' || activity.kind === 'opening';
    const canDraw = this.#isAllowed && isReady && !exhausted;
    for (const button of this.#buttons) button.disabled = !canDraw;
    const endless = drawing && activity.wanted === Infinity;
    this.#drawOn.disabled = !canDraw && !endless;
    setAttributes(this.#drawOn, { 'aria-pressed': String(endless) });
    this.#stop.disabled = !drawing;
    this.#restart.disabled = activity.kind === 'opening';
    byId('progress-text').textContent = this.#words(activity, exhausted);
    this.#bar.hidden = !drawing || endless;
    if (drawing && !endless) this.#bar.value = activity.done / activity.wanted;
    if (this.#before === 'drawing' && activity.kind === 'idle') this.#announce();
    if (activity.kind === 'drawing' && this.#before !== 'drawing') this.#rates = [];
    this.#before = activity.kind;
  }

  #words(activity: Activity, exhausted: boolean): string {
    switch (activity.kind) {
      case 'opening':
        return 'Opening the pool …';
      case 'failed':
        return `The pool has failed: ${activity.message}. Start over.`;
      case 'drawing':
        return activity.wanted === Infinity
          ? 'Drawing until you stop it.'
          : `${count(activity.done)} of ${count(activity.wanted)}`;
      case 'idle':
        if (exhausted) return 'The pool is exhausted: nothing is left that could be drawn.';
        return this.#isAllowed ? '' : 'Mend what is marked in the pool first.';
    }
  }

  #renderTally(): void {
    const { draws, config, recent } = this.#playground.tally.value;
    byId('draw-count').textContent = count(draws);
    byId('draw-rate').textContent = this.#rate(draws);
    const names = recent.map((position) => config.items[position]!.itemId);
    const [newest, ...older] = names;
    byId('recent').replaceChildren(
      ...(newest === undefined ? [] : [make('b', {}, newest), ` ${older.join(' · ')}`]),
    );
  }

  /** Acknowledged draws a second of late, while drawing. */
  #rate(draws: number): string {
    const now = performance.now();
    this.#rates = this.#rates.filter(({ at }) => now - at < RATE_WINDOW_MS);
    const [oldest] = this.#rates;
    this.#rates.push({ at: now, draws });
    if (oldest === undefined || draws - oldest.draws < RATE_DRAWS_MIN) return '';
    const perSecond = ((draws - oldest.draws) / (now - oldest.at)) * 1000;
    const rate = `${count(Number(perSecond.toPrecision(2)))} a second`;
    // In memory there is nothing to flush.
    return this.#playground.storage.value === 'memory' ? rate : `${rate}, each one flushed to the disk`;
  }

  #announce(): void {
    const { draws, exhausted } = this.#playground.tally.value;
    const made = draws - this.#drawsBefore;
    this.#drawsBefore = draws;
    const end = exhausted ? ' The pool is exhausted.' : '';
    byId('draw-announcement').textContent =
      `${plural(Math.max(made, 0), 'draw')} made, ${count(draws)} in all.${end}`;
  }
}
