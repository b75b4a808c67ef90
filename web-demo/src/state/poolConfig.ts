/** What a person may enter for a pool, and what of it the engine would take. */

/** A whole number as the engine keeps it: exact, whatever its size. */
export type Units = bigint | 'unlimited';

export interface Item {
  readonly itemId: string;
  readonly weight: bigint;
  readonly quantity: Units;
}

/** A pool that the engine takes. */
export interface PoolConfig {
  readonly items: readonly Item[];
  readonly seed: bigint;
}

/** A row of the editor: texts, right or wrong. */
export interface ItemDraft {
  /** Tells rows apart whatever is typed into them. */
  readonly row: number;
  readonly itemId: string;
  readonly weight: string;
  readonly quantity: string;
  readonly unlimited: boolean;
}

export interface PoolDraft {
  readonly items: readonly ItemDraft[];
  readonly seed: string;
}

export type ItemField = 'itemId' | 'weight' | 'quantity';

/** What is wrong with a draft, each at its place. */
export interface Problems {
  readonly fields: ReadonlyMap<number, Partial<Record<ItemField, string>>>;
  readonly seed: string | undefined;
  readonly pool: string | undefined;
}

export const ITEMS_MAX = 40;
const WEIGHT_MAX = 2n ** 63n - 1n;
const SEED_MAX = 2n ** 64n - 1n;
const ITEM_ID_BYTES_MAX = 255;

let lastRow = 0;

export function newRow(item: Omit<ItemDraft, 'row'>): ItemDraft {
  return { row: ++lastRow, ...item };
}

export function draftOf(config: PoolConfig): PoolDraft {
  return {
    items: config.items.map(({ itemId, weight, quantity }) =>
      newRow({
        itemId,
        weight: String(weight),
        quantity: quantity === 'unlimited' ? '' : String(quantity),
        unlimited: quantity === 'unlimited',
      }),
    ),
    seed: String(config.seed),
  };
}

/** The number that `text` says in digits alone (groups may be set off), or what is wrong. */
export function parseWhole(text: string, max: bigint): bigint | string {
  const digits = text.trim().replace(/(?<=\d)[ ,_\u00a0\u202f](?=\d)/g, '');
  if (digits === '') return 'A number is missing.';
  if (/^-\d+$/.test(digits)) return 'It cannot be negative.';
  if (/^\d*\.\d+$/.test(digits)) return 'Whole numbers only: multiply all weights instead.';
  if (!/^\d+$/.test(digits)) return 'Whole numbers only, in digits.';
  const value = BigInt(digits);
  return value > max ? `The most is ${max.toLocaleString('en')}.` : value;
}

function checkItemId(itemId: string, earlier: ReadonlySet<string>): string | undefined {
  if (itemId === '') return 'A name is missing.';
  if (/\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(itemId)) {
    return 'The name has a character that cannot be stored.';
  }
  if (new TextEncoder().encode(itemId).length > ITEM_ID_BYTES_MAX) {
    return `The name is longer than ${ITEM_ID_BYTES_MAX} bytes.`;
  }
  return earlier.has(itemId) ? 'Another item has this name.' : undefined;
}

function checkPool(items: readonly Item[]): string | undefined {
  if (items.length === 0) return 'A pool without items has nothing to draw: add one.';
  const sum = items.reduce((total, { weight }) => total + weight, 0n);
  if (sum > WEIGHT_MAX) {
    return `The weights add up to ${sum.toLocaleString('en')}; the most is ${WEIGHT_MAX.toLocaleString('en')}.`;
  }
  const canBeDrawn = items.some(({ weight, quantity }) => weight > 0n && quantity !== 0n);
  return canBeDrawn ? undefined : 'No item has both a weight and stock, so nothing can be drawn.';
}

/** Checks every field of a draft. `config` is there if nothing is wrong. */
export function checkDraft(draft: PoolDraft): { config?: PoolConfig; problems: Problems } {
  const fields = new Map<number, Partial<Record<ItemField, string>>>();
  const items: Item[] = [];
  const names = new Set<string>();
  for (const { row, itemId, weight, quantity, unlimited } of draft.items) {
    const wrong: Partial<Record<ItemField, string>> = {};
    const idProblem = checkItemId(itemId, names);
    if (idProblem !== undefined) wrong.itemId = idProblem;
    names.add(itemId);
    const weightValue = parseWhole(weight, WEIGHT_MAX);
    if (typeof weightValue === 'string') wrong.weight = weightValue;
    const units = unlimited ? 'unlimited' : parseWhole(quantity, WEIGHT_MAX);
    if (typeof units === 'string' && units !== 'unlimited') wrong.quantity = units;
    if (Object.keys(wrong).length > 0) {
      fields.set(row, wrong);
    } else {
      items.push({ itemId, weight: weightValue as bigint, quantity: units as Units });
    }
  }
  const seed = parseWhole(draft.seed, SEED_MAX);
  const seedProblem = typeof seed === 'string' ? seed : undefined;
  // Sums say nothing while a part of them is wrong.
  const pool = fields.size === 0 ? checkPool(items) : undefined;
  const problems = { fields, seed: seedProblem, pool };
  if (fields.size > 0 || typeof seed === 'string' || pool !== undefined) return { problems };
  return { config: { items, seed }, problems };
}

export function sameConfig(a: PoolConfig, b: PoolConfig): boolean {
  return (
    a.seed === b.seed &&
    a.items.length === b.items.length &&
    a.items.every((item, i) => {
      const other = b.items[i]!;
      return (
        item.itemId === other.itemId &&
        item.weight === other.weight &&
        item.quantity === other.quantity
      );
    })
  );
}

/** A configuration that `rewardpool --config` reads (as YAML, of which it is a part, and as JSON). */
export function toConfigFile({ items }: PoolConfig): string {
  const lines = items.map(({ itemId, weight, quantity }) => {
    const units = quantity === 'unlimited' ? '"unlimited"' : String(quantity);
    return `  {"item_id": ${JSON.stringify(itemId)}, "quantity": ${units}, "weight": ${weight}}`;
  });
  return `{"pool": {"catalog": [\n${lines.join(',\n')}\n]}}\n`;
}
