/** The log as it is on the disk: read behind the newest draws, or from a place of one's own. */
import { RewardPool, type LogRecord } from 'rewardpool';

import { Latest } from '../engine/latest.js';
import type { Playground, Tally } from '../engine/playground.js';
import { parseWhole } from '../state/poolConfig.js';
import { byId, make, setAttributes } from './dom.js';
import { bytes, count, plural } from './format.js';

/** Records on show: enough to read, few enough to lay out at once. */
const RECORDS_MAX = 120;
/** A reading replays the whole log, so after one the next waits as long again, and this much. */
const PAUSE_MS = 400;

export class LogPanel {
  readonly #playground: Playground;
  readonly #latest = new Latest((tookMs) => PAUSE_MS + tookMs);
  readonly #frame = byId('log-records');
  readonly #follow = byId<HTMLInputElement>('log-follow');
  readonly #from = byId<HTMLInputElement>('log-from');

  constructor(playground: Playground) {
    this.#playground = playground;
    this.#follow.addEventListener('change', () => {
      this.#from.disabled = this.#follow.checked;
      this.read();
    });
    this.#from.addEventListener('input', () => this.read());
    byId('download').addEventListener('click', () => void this.#download());
  }

  /** Reads the log again. */
  read(): void {
    const { pool } = this.#playground;
    const tally = this.#playground.tally.value;
    const first = this.#firstWanted(tally);
    if (pool === undefined || first === undefined) return;
    this.#latest.run(
      async () => {
        const records: LogRecord[] = [];
        for await (const record of pool.log({ afterRequest: first - 1n })) {
          records.push(record);
          if (records.length === RECORDS_MAX) break;
        }
        return records;
      },
      (records) => this.#show(records),
      // The pool went while it was read; the next one is read in its turn.
      () => undefined,
    );
  }

  forget(): void {
    this.#latest.cancel();
    this.#frame.replaceChildren();
    byId('log-summary').textContent = '';
    byId('verify-result').replaceChildren();
  }

  #firstWanted({ draws }: Tally): bigint | undefined {
    if (this.#follow.checked) return BigInt(Math.max(1, draws - RECORDS_MAX + 12));
    const wanted = parseWhole(this.#from.value, BigInt(Number.MAX_SAFE_INTEGER));
    const isWrong = typeof wanted === 'string' || wanted < 1n;
    setAttributes(this.#from, { 'aria-invalid': isWrong ? 'true' : undefined });
    return isWrong ? undefined : wanted;
  }

  #show(records: readonly LogRecord[]): void {
    const lines = records.map((record) => {
      const { number, kind, words } = describe(record);
      return make(
        'li',
        {},
        make('span', { class: 'number' }, number),
        make('span', { class: 'kind' }, kind),
        make('span', {}, words),
      );
    });
    this.#frame.replaceChildren(make('ol', {}, ...lines));
    if (this.#follow.checked) this.#frame.scrollTop = this.#frame.scrollHeight;
    const shown = records.flatMap((record) => ('requestId' in record ? [record.requestId] : []));
    const { draws } = this.#playground.tally.value;
    byId('log-summary').textContent =
      shown.length === 0
        ? `${plural(records.length, 'record')}, no draw yet.`
        : `Requests ${count(shown[0]!)} to ${count(shown.at(-1)!)} of ${count(draws)}.`;
  }

  async #download(): Promise<void> {
    const { pool } = this.#playground;
    const result = byId('verify-result');
    if (pool === undefined) return;
    try {
      const archive = await pool.export();
      save(archive, 'pool.tar');
      const report = await RewardPool.verify(archive);
      result.replaceChildren(
        `Verified in this page before you do: ${bytes(archive.length)}, ` +
          `${plural(report.segments, 'segment')}, ${plural(report.frames, 'frame')}, ` +
          `${plural(report.records, 'record')}, ${plural(Number(report.lastRequestId), 'request')}; ` +
          `every checksum is right.`,
      );
    } catch (error) {
      result.replaceChildren(error instanceof Error ? error.message : String(error));
    }
  }
}

function save(content: Uint8Array, name: string): void {
  const url = URL.createObjectURL(new Blob([content as BlobPart], { type: 'application/x-tar' }));
  make('a', { href: url, download: name }).click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function describe(record: LogRecord): { number: string; kind: string; words: string } {
  const number = 'requestId' in record ? count(record.requestId) : '';
  const of = (words: string): { number: string; kind: string; words: string } => ({
    number,
    kind: record.type,
    words,
  });
  switch (record.type) {
    case 'draw':
      return of(record.itemIds.join(', '));
    case 'draw-refused':
      return of('nothing left to draw');
    case 'catalog-item':
    case 'item-added':
      return of(`${record.itemId}: weight ${record.weight}, stock ${record.quantity}`);
    case 'item-updated':
    case 'item-removed':
      return of(record.itemId);
    case 'pool-created':
      return of(plural(record.itemCount, 'item'));
    case 'snapshot-taken':
      return of(`of the state after request ${count(record.afterRequestId)}`);
    case 'pool-closed':
      return of('');
  }
}
