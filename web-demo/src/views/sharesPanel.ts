/** Asks for the odds of what has been drawn, and shows both of the same moment. */
import { Latest } from '../engine/latest.js';
import { oddsOfTally, type ShareOdds } from '../engine/odds.js';
import type { Tally } from '../engine/playground.js';
import { byId } from './dom.js';
import { SharesTable } from './sharesTable.js';

export class SharesPanel {
  readonly #table = new SharesTable();
  readonly #latest = new Latest((tookMs) => tookMs);
  readonly #onOdds: (odds: ShareOdds) => void;

  constructor(onOdds: (odds: ShareOdds) => void) {
    this.#onOdds = onOdds;
  }

  show(tally: Tally): void {
    if (tally.draws === 0) this.#latest.cancel();
    this.#latest.run(
      () => oddsOfTally(tally),
      (odds) => {
        this.#table.show(odds);
        this.#onOdds(odds);
      },
      (error) => {
        byId('shares-method').textContent = String(error);
      },
    );
  }
}
