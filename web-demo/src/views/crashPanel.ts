/** The lab: kills the pool's worker, and damages copies of its log for the verifier to find. */
import { RewardPool } from 'rewardpool';

import { pack, unpack, type PoolFile } from '../lab/archive.js';
import { isUnsupported, type CrashLab, type Fate, type KillReport } from '../lab/crashLab.js';
import { changeWeight, flipByte, forgeWeight, logBytes, tearTail, type Damage } from '../lab/damage.js';
import { byId, make, mark } from './dom.js';
import { count, plural } from './format.js';
import { hexdump } from './hexdump.js';

const FATE_WORDS: Record<Fate, string> = {
  kept: 'answered, and in the log with the same outcome',
  recovered: 'unanswered, but in the log: asked again, it gave that outcome',
  repeated: 'unanswered and not in the log: asked again, it was drawn then',
  lost: 'answered and lost',
  doubled: 'drawn twice',
};

/** Who says something, and what; `isBad` is how the words are set. */
interface Words {
  readonly lead: string;
  readonly text: string;
  readonly isBad: boolean;
}

export class CrashPanel {
  readonly #lab: CrashLab;
  readonly #place = byId<HTMLInputElement>('damage-place');
  readonly #buttons = [...byId('crash').querySelectorAll('button')];
  #files: readonly PoolFile[] | undefined;

  constructor(lab: CrashLab) {
    this.#lab = lab;
    const onClick = (id: string, act: () => Promise<void>): void => {
      byId(id).addEventListener('click', () => void this.#alone(act));
    };
    onClick('kill', () => this.#kill());
    onClick('tear', () => this.#damage(tearTail, explainTear));
    onClick('flip', () => this.#flip());
    onClick('change-weight', () => this.#damage(changeWeight, explainDamage));
    onClick('forge', () => this.#damage(forgeWeight, explainForgery));
    this.#place.addEventListener('input', () => this.#showPlace());
  }

  /** The lab's pool is another one now. */
  reset(): void {
    this.#files = undefined;
    this.#place.disabled = true;
    this.#place.value = '0';
    this.#showPlace();
    byId('crash-report').replaceChildren();
    byId('crash-picture').replaceChildren();
  }

  /** One act at a time: each of them opens, ends or reads the same pool. */
  async #alone(act: () => Promise<void>): Promise<void> {
    for (const button of this.#buttons) button.disabled = true;
    try {
      await act();
    } catch (error) {
      const text = isUnsupported(error)
        ? 'This browser gives no storage here that outlives a worker, so there is nothing to recover.'
        : String(error);
      this.#report([{ lead: 'The lab has failed.', text, isBad: true }]);
    } finally {
      for (const button of this.#buttons) button.disabled = false;
    }
  }

  // --- Kill -----------------------------------------------------------------------

  async #kill(): Promise<void> {
    byId('crash-picture').replaceChildren();
    byId('crash-report').replaceChildren(make('p', {}, 'Drawing, until the worker is ended …'));
    const report = await this.#lab.kill();
    this.#files = undefined;
    this.#showKill(report);
  }

  #showKill({ fates, answered, reopeningMs, notes }: KillReport): void {
    const of = (fate: Fate): number => fates.filter((each) => each === fate).length;
    const broken = of('lost') + of('doubled');
    const { totals } = this.#lab;
    const verdict =
      broken === 0
        ? `Recovered ${count(of('kept'))} of ${count(answered)} answered draws. None lost, none doubled.`
        : `${plural(broken, 'draw')} lost or doubled. This must not happen: please tell us.`;
    const unanswered = fates.length - answered;
    byId('crash-report').replaceChildren(
      make('p', {}, make('strong', {}, verdict), ' ', mark('observed')),
      make(
        'p',
        {},
        `The worker was ended with ${plural(unanswered, 'draw')} under way, of ${count(fates.length)} asked for. ` +
          `Opened again in ${Math.round(reopeningMs)} ms. ` +
          `In all: ${plural(totals.kills, 'kill')}, ${count(totals.answered)} answered, ` +
          `${count(totals.lost)} lost, ${count(totals.doubled)} doubled.`,
      ),
      ...notes.map((note) => make('p', {}, `Recovery noted: ${note}`)),
    );
    const present = (Object.keys(FATE_WORDS) as Fate[]).filter((fate) => of(fate) > 0);
    byId('crash-picture').replaceChildren(
      make(
        'div',
        { class: 'fates', role: 'img', 'aria-label': 'Each draw in the order in which it was asked for; the list below has the numbers' },
        ...fates.map((fate) => make('i', { class: fate })),
      ),
      make(
        'ul',
        { class: 'legend' },
        ...present.map((fate) =>
          make('li', {}, make('i', { class: fate }), `${count(of(fate))} ${FATE_WORDS[fate]}`),
        ),
      ),
    );
  }

  // --- Damage ---------------------------------------------------------------------

  async #load(): Promise<readonly PoolFile[]> {
    if (this.#files === undefined) {
      this.#files = unpack(await this.#lab.archive());
      const size = logBytes(this.#files);
      this.#place.max = String(size - 1);
      // The middle, until somebody says otherwise.
      this.#place.value = String(Math.floor(size / 2));
      this.#place.disabled = false;
      this.#showPlace();
    }
    return this.#files;
  }

  #showPlace(): void {
    const size = Number(this.#place.max) + 1;
    byId('damage-offset').textContent = this.#place.disabled
      ? 'in the middle of the log'
      : `${count(Number(this.#place.value))} of ${count(size)}`;
  }

  #flip(): Promise<void> {
    const bit = crypto.getRandomValues(new Uint8Array(1))[0]! & 7;
    return this.#damage((files) => flipByte(files, Number(this.#place.value), bit), explainDamage);
  }

  async #damage(
    damageOf: (files: readonly PoolFile[]) => Damage,
    explain: (error: string | undefined, notes: readonly string[]) => string,
  ): Promise<void> {
    const files = await this.#load();
    const damage = damageOf(files);
    let error: string | undefined;
    let notes: readonly string[] = [];
    try {
      notes = (await RewardPool.verify(pack(damage.files))).notes;
    } catch (reason) {
      error = reason instanceof Error ? reason.message : String(reason);
    }
    this.#report([
      { lead: 'What was done to a copy of the log:', text: damage.deed, isBad: false },
      {
        lead: 'What the verifier says:',
        text: error ?? (notes.length > 0 ? notes.join('; ') : 'good: no checksum is wrong'),
        isBad: error !== undefined,
      },
    ]);
    byId('crash-report').append(make('p', {}, explain(error, notes)));
    const before = files.find(({ name }) => name === damage.file)!;
    const after = damage.files.find(({ name }) => name === damage.file)!;
    byId('crash-picture').replaceChildren(hexdump(before, after, damage));
  }

  #report(words: readonly Words[]): void {
    byId('crash-report').replaceChildren(
      ...words.map(({ lead, text, isBad }) =>
        make('p', {}, lead, make('code', { class: isBad ? 'words bad' : 'words' }, text)),
      ),
    );
  }
}

function explainDamage(error: string | undefined, notes: readonly string[]): string {
  if (error !== undefined) return 'Nothing of it is used: damage is refused with its place.';
  return notes.length > 0
    ? 'This was the last frame, which nothing behind it vouches for: it cannot be told from one that was torn while it was written, so it is cut. A pool that was closed in order ends with a frame that does vouch.'
    : 'The byte is one that no pool is read from.';
}

function explainTear(error: string | undefined): string {
  return error === undefined
    ? 'A crash can tear the frame that is being written, and nobody has been told of its draws yet. It is cut, and all before it stands.'
    : 'Nothing of it is used: damage is refused with its place.';
}

function explainForgery(error: string | undefined): string {
  return error === undefined
    ? 'Checksums find accidents. They are no signature: whoever can write to the storage can forge a log, and we say so. Keep copies where others cannot write.'
    : 'Even so something does not fit.';
}
