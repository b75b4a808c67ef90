/** Checks what callers of open() give, before anything is touched. */
import type {
  CatalogItem,
  Durability,
  FlushAfterDraws,
  FlushInterval,
  OddsLocation,
  OpenOptions,
  SnapshotPolicy,
} from '../types/index.js';
import { invalidArgument, shown } from './errors.js';
import { toCount, toQuantity, toSeed, toWeight } from './integers.js';
import type { ItemWords } from './protocol.js';

const NAME_CHARACTERS_MAX = 100;
const SEGMENT_BYTES_MIN = 65_536;
const SEGMENT_BYTES_MAX = 2 ** 30;
const KEY_RETENTION_MAX = 100_000_000;
const SELECTORS = ['auto', 'flat', 'wide', 'envelope', 'fenwick', 'prefix-sum', 'linear'];

/** What an owner needs to know. Can be cloned by `postMessage()`. */
export interface OwnerOptions {
  /** Undefined: do not make a pool. */
  catalog: ItemWords[] | undefined;
  durability: Durability;
  snapshots: SnapshotPolicy;
  segmentBytes: number;
  keyRetention: number;
  selector: string;
  insecureSeed: bigint | undefined;
}

/** The names of all options of a kind; the compiler sees that none is missing. */
export type NamesOf<Options> = Readonly<Record<keyof Options, true>>;

type Intervals = FlushInterval & FlushAfterDraws;
const DURABILITY_OPTIONS: NamesOf<Intervals> = { intervalMs: true, flushAfterDraws: true };
const SNAPSHOT_OPTIONS: NamesOf<SnapshotPolicy> = { everyRequests: true, everyBytes: true };

/** Where files are may be told to all that load any. */
export const LOCATIONS: NamesOf<
  OddsLocation & Pick<OpenOptions, 'wasmUrl' | 'inspectorUrl' | 'workerUrl'>
> = { wasmUrl: true, inspectorUrl: true, workerUrl: true, oddsWasmUrl: true, oddsWorkerUrl: true };

const OPEN_OPTIONS: NamesOf<OpenOptions> = {
  name: true,
  storage: true,
  dir: true,
  catalog: true,
  durability: true,
  snapshots: true,
  segmentBytes: true,
  keyRetention: true,
  selector: true,
  insecureSeed: true,
  tabs: true,
  persist: true,
  ...LOCATIONS,
};

/**
 * Refuses what is no object, and names that are not among `names`: with a slip in
 * `dir` a pool would be in memory, with one in `key` a draw would be made twice.
 */
export function checkOptions(options: unknown, names: object): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidArgument(`options is ${shown(options)}: not an object with options by name`);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(names, name)) {
      const known = Object.keys(names).join(', ');
      throw invalidArgument(`there is no option ${JSON.stringify(name)}: there are ${known}`);
    }
  }
}

/** For open() and those that take some of its options. What is not here is checked where it goes. */
export function checkOpenOptions(options: OpenOptions): void {
  checkOptions(options, OPEN_OPTIONS);
  if (options.name !== undefined) checkName(options.name);
  const { tabs } = options;
  if (tabs !== undefined && tabs !== 'share' && tabs !== 'exclusive') {
    throw invalidArgument(`tabs is ${shown(tabs)}: there are 'share' and 'exclusive'`);
  }
}

export function checkArchive(bytes: unknown): asserts bytes is Uint8Array {
  if (!(bytes instanceof Uint8Array)) {
    throw invalidArgument(`bytes is ${shown(bytes)}: not a Uint8Array`);
  }
}

export function checkItem(item: unknown, what: string): ItemWords {
  if (typeof item !== 'object' || item === null) {
    throw invalidArgument(`${what} is ${shown(item)}: not { itemId, weight, quantity }`);
  }
  const { itemId, weight, quantity } = item as Partial<CatalogItem>;
  if (itemId === '') throw invalidArgument(`itemId of ${what} is empty`);
  return {
    itemId: checkText(itemId, `itemId of ${what}`),
    weight: toWeight(weight, `weight of ${what}`),
    quantity: toQuantity(quantity, `quantity of ${what}`),
  };
}

/** A string without half characters, which UTF-8 cannot hold and would silently change. */
export function checkText(text: unknown, what: string): string {
  if (typeof text !== 'string') throw invalidArgument(`${what} is ${shown(text)}: not a string`);
  if (/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text)) {
    throw invalidArgument(`${what} has half a character (a lone surrogate)`);
  }
  return text;
}

export function checkName(name: unknown): string {
  const text = checkText(name, 'name');
  if (text.length === 0 || text.length > NAME_CHARACTERS_MAX) {
    throw invalidArgument(`name has ${text.length} characters: allowed are 1 to ${NAME_CHARACTERS_MAX}`);
  }
  return text;
}

export function checkCatalog(catalog: unknown): ItemWords[] {
  if (typeof catalog !== 'object' || catalog === null || !(Symbol.iterator in catalog)) {
    throw invalidArgument(`catalog is ${shown(catalog)}: not a list of items`);
  }
  const seen = new Set<string>();
  return Array.from(catalog as Iterable<unknown>, (item, i) => {
    const words = checkItem(item, `catalog[${i}]`);
    if (seen.has(words.itemId)) {
      throw invalidArgument(`itemId of catalog[${i}] is there already: ${shown(words.itemId)}`);
    }
    seen.add(words.itemId);
    return words;
  });
}

export function checkSelector(selector: unknown = 'auto'): string {
  if (typeof selector !== 'string' || !SELECTORS.includes(selector)) {
    throw invalidArgument(`selector is ${shown(selector)}: there are ${SELECTORS.join(', ')}`);
  }
  return selector;
}

function checkDurability(durability: unknown): Durability {
  if (durability === undefined) return 'durable';
  if (durability === 'durable' || durability === 'async') return durability;
  if (typeof durability === 'object' && durability !== null) {
    checkOptions(durability, DURABILITY_OPTIONS);
    const { intervalMs, flushAfterDraws } = durability as Partial<Intervals>;
    if (intervalMs !== undefined && flushAfterDraws === undefined) {
      return { intervalMs: toCount(intervalMs, 'durability.intervalMs', 1, 3_600_000) };
    }
    if (flushAfterDraws !== undefined && intervalMs === undefined) {
      return {
        flushAfterDraws: toCount(flushAfterDraws, 'durability.flushAfterDraws', 1, 2 ** 40),
      };
    }
  }
  throw invalidArgument(
    `durability is ${shown(durability)}: none of 'durable', 'async', { intervalMs: n } and { flushAfterDraws: n }`,
  );
}

function checkSnapshots(snapshots: unknown, segmentBytes: number): SnapshotPolicy {
  if (snapshots === false) return {};
  if (snapshots === undefined) return { everyBytes: segmentBytes / 2 };
  if (typeof snapshots !== 'object' || snapshots === null) {
    throw invalidArgument(
      `snapshots is ${shown(snapshots)}: neither false nor { everyRequests?, everyBytes? }`,
    );
  }
  checkOptions(snapshots, SNAPSHOT_OPTIONS);
  const { everyRequests, everyBytes } = snapshots as SnapshotPolicy;
  const policy: SnapshotPolicy = {};
  if (everyRequests !== undefined) {
    policy.everyRequests = toCount(everyRequests, 'snapshots.everyRequests', 1, 2 ** 50);
  }
  if (everyBytes !== undefined) {
    policy.everyBytes = toCount(everyBytes, 'snapshots.everyBytes', 1, 2 ** 50);
  }
  if (policy.everyRequests === undefined && policy.everyBytes === undefined) {
    policy.everyBytes = segmentBytes / 2;
  }
  return policy;
}

/** @throws RewardPoolError 'invalid-argument' */
export function checkOwnerOptions(options: OpenOptions, segmentBytesDefault: number): OwnerOptions {
  const segmentBytes = toCount(
    options.segmentBytes ?? segmentBytesDefault,
    'segmentBytes',
    SEGMENT_BYTES_MIN,
    SEGMENT_BYTES_MAX,
  );
  return {
    catalog: options.catalog === undefined ? undefined : checkCatalog(options.catalog),
    durability: checkDurability(options.durability),
    snapshots: checkSnapshots(options.snapshots, segmentBytes),
    segmentBytes,
    keyRetention: toCount(options.keyRetention ?? 100_000, 'keyRetention', 0, KEY_RETENTION_MAX),
    selector: checkSelector(options.selector),
    insecureSeed: options.insecureSeed === undefined ? undefined : toSeed(options.insecureSeed, 'insecureSeed'),
  };
}
