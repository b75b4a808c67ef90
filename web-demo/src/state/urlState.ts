/**
 * A pool, its seed and how much was drawn as the part of a link behind `#`, which
 * never leaves the browser: `#seed=42&draws=1000&item=2,4,crown&item=60,unlimited,coin`.
 */
import { checkDraft, newRow, type PoolConfig } from './poolConfig.js';

export interface LinkedState {
  readonly config: PoolConfig;
  /** Draws that the link asks to be made at once. */
  readonly draws: number;
}

/** More are not made unasked. */
export const LINKED_DRAWS_MAX = 10_000_000;

export function toHash({ config, draws }: LinkedState): string {
  const parameters = [`seed=${config.seed}`];
  if (draws > 0 && draws <= LINKED_DRAWS_MAX) parameters.push(`draws=${draws}`);
  for (const { itemId, weight, quantity } of config.items) {
    parameters.push(`item=${weight},${quantity},${encodeURIComponent(itemId)}`);
  }
  return `#${parameters.join('&')}`;
}

/** What a link asks for; a text if it cannot be followed; undefined if it asks for nothing. */
export function fromHash(hash: string): LinkedState | string | undefined {
  if (hash.length <= 1) return undefined;
  const parameters = new URLSearchParams(hash.slice(1).replaceAll('+', '%2B'));
  const lines = parameters.getAll('item');
  // An ordinary link to a part of the page.
  if (lines.length === 0) return undefined;
  const items = lines.map((line) => {
    const [, weight = '', quantity = '', itemId = ''] = /^([^,]*),([^,]*),(.*)$/s.exec(line) ?? [];
    const unlimited = quantity === 'unlimited';
    return newRow({ itemId, weight, quantity: unlimited ? '' : quantity, unlimited });
  });
  const { config, problems } = checkDraft({ items, seed: parameters.get('seed') ?? '' });
  if (config === undefined) {
    const [field] = problems.fields.values();
    const reason = problems.seed ?? problems.pool ?? Object.values(field ?? {})[0] ?? '';
    return `The link's pool is not used: ${reason}`;
  }
  const draws = Number(parameters.get('draws') ?? '0');
  if (!Number.isSafeInteger(draws) || draws < 0 || draws > LINKED_DRAWS_MAX) {
    return `The link's number of draws is not one from 0 to ${LINKED_DRAWS_MAX.toLocaleString('en')}.`;
  }
  return { config, draws };
}
