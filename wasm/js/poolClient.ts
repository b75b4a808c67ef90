/**
 * The public pool object, whatever is between it and the owner. Its comments are
 * in types/index.d.ts.
 */
import type {
  CatalogItem,
  Draw,
  DrawBatch,
  DrawMany,
  DrawOptions,
  ItemChange,
  LogOptions,
  LogRecord,
  OpeningReport,
  PoolState,
  PoolStats,
} from '../types/index.js';
import {
  asRewardPoolError,
  closedError,
  exhaustedError,
  invalidArgument,
  shown,
  type RewardPoolError,
} from './errors.js';
import { toCount, toQuantity, toRequestId, toWeight } from './integers.js';
import { parseRecords, parseState } from './coreJson.js';
import { checkItem, checkOptions, checkText, type NamesOf } from './openOptions.js';
import {
  REFUSED,
  RESERVED_KEY_PREFIX,
  type AnswerOf,
  type DrawEachAnswer,
  type Kind,
  type NewNames,
  type PoolPort,
  type RequestOf,
} from './protocol.js';

const DRAWS_PER_RECORD_MAX = 10_000;
const DRAW_EACH_MAX = 1_000_000;

const DRAW_OPTIONS: NamesOf<DrawOptions> = { key: true, user: true };
const LOG_OPTIONS: NamesOf<LogOptions> = { afterRequest: true };

/** Where it is missing, what compilers of `await using` look for in its place. */
const asyncDispose = (Symbol.asyncDispose ??
  Symbol.for('Symbol.asyncDispose')) as typeof Symbol.asyncDispose;

/** Plain draws that one message carries, and what became of them. */
interface DrawsTogether {
  count: number;
  readonly answered: Promise<DrawsAnswered>;
  resolve(answered: DrawsAnswered): void;
  reject(error: RewardPoolError): void;
}

interface DrawsAnswered {
  answer: DrawEachAnswer;
  itemIds: string[];
}

export class PoolClient {
  readonly #port: PoolPort;
  /** Not sent yet. */
  #draws: DrawsTogether | undefined;
  #names: { epoch: string; itemIds: string[] } = { epoch: '', itemIds: [] };
  #readings = 0;
  #closed: Promise<void> | undefined;

  readonly opening: OpeningReport;

  /** `persisted`: what the browser said when it was asked to keep the data. */
  constructor(port: PoolPort, persisted?: boolean) {
    // In JavaScript nothing keeps a caller from trying.
    if (port?.opening === undefined) throw invalidArgument('a pool is made by RewardPool.open()');
    this.#port = port;
    this.opening =
      persisted === undefined ? { ...port.opening } : { ...port.opening, persisted };
  }

  draw(options?: DrawOptions): Promise<Draw> {
    return options === undefined ? this.#drawPlain() : this.#drawOne(options);
  }

  async drawMany(count: number, options: DrawOptions = {}): Promise<DrawMany> {
    toCount(count, 'count', 1, DRAWS_PER_RECORD_MAX);
    checkOptions(options, DRAW_OPTIONS);
    return this.#drawRequested(count, options);
  }

  async drawEach(count: number): Promise<DrawBatch> {
    toCount(count, 'count', 1, DRAW_EACH_MAX);
    const answer = await this.#submit({ kind: 'draw-each', count });
    const itemIds = this.#learn(answer.names);
    const { firstRequestId, requestIds, refused } = answer;
    if (refused === 0) {
      return { firstRequestId, ...(requestIds && { requestIds }), picks: answer.picks, itemIds, refused };
    }
    const picks = answer.picks.filter((pick) => pick !== REFUSED);
    if (requestIds === undefined) return { firstRequestId, picks, itemIds, refused };
    // Those that got an item first, as `picks` has them.
    const order = Array.from(answer.picks.keys()).sort(
      (a, b) => Number(answer.picks[a] === REFUSED) - Number(answer.picks[b] === REFUSED),
    );
    return {
      firstRequestId,
      requestIds: BigUint64Array.from(order, (i) => requestIds[i]!),
      picks,
      itemIds,
      refused,
    };
  }

  async add(item: CatalogItem): Promise<bigint> {
    return this.#submit({ kind: 'add', item: checkItem(item, 'the item') });
  }

  async update(itemId: string, change: ItemChange): Promise<bigint> {
    checkText(itemId, 'itemId');
    if (typeof change !== 'object' || change === null) {
      throw invalidArgument(`change is ${shown(change)}: not { weight?, quantity? }`);
    }
    const { weight, quantity } = change;
    if (weight === undefined && quantity === undefined) {
      throw invalidArgument('change has neither weight nor quantity');
    }
    return this.#submit({
      kind: 'update',
      itemId,
      change: {
        weight: weight === undefined ? undefined : toWeight(weight, 'weight'),
        quantity: quantity === undefined ? undefined : toQuantity(quantity, 'quantity'),
      },
    });
  }

  async remove(itemId: string): Promise<bigint> {
    return this.#submit({ kind: 'remove', itemId: checkText(itemId, 'itemId') });
  }

  async state(): Promise<PoolState> {
    return parseState(await this.#submit({ kind: 'state' }));
  }

  async *log(options: LogOptions = {}): AsyncIterableIterator<LogRecord> {
    checkOptions(options, LOG_OPTIONS);
    const after = toRequestId(options.afterRequest ?? 0n, 'afterRequest');
    const reading = ++this.#readings;
    let skip = 0;
    let ended = false;
    try {
      for (;;) {
        const lines = await this.#submit({ kind: 'log', reading, after, skip });
        if (lines === '') {
          ended = true;
          return;
        }
        const records = parseRecords(lines);
        skip += records.length;
        yield* records;
      }
    } finally {
      // The reader has stopped half-way; whether the owner still hears it does not matter.
      if (!ended && this.#closed === undefined) {
        this.#port.submit({ kind: 'log-end', reading }).catch(() => undefined);
      }
    }
  }

  async snapshot(): Promise<bigint> {
    return this.#submit({ kind: 'snapshot' });
  }

  async flush(): Promise<void> {
    await this.#submit({ kind: 'flush' });
  }

  async export(): Promise<Uint8Array> {
    return this.#submit({ kind: 'export' });
  }

  async stats(): Promise<PoolStats> {
    return this.#submit({ kind: 'stats' });
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#sendDraws();
      this.#closed = this.#port.close();
    }
    return this.#closed;
  }

  terminate(): void {
    this.#sendDraws();
    this.#port.terminate();
    this.#closed ??= Promise.resolve();
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }

  // --- Plain draws ----------------------------------------------------------------

  /**
   * The draws asked for in one go of the caller's travel as one message, and wait
   * for one promise: a reaction each is cheaper than a resolver each.
   */
  #drawPlain(): Promise<Draw> {
    if (this.#closed !== undefined) return Promise.reject(closedError());
    const draws = (this.#draws ??= this.#gatherDraws());
    const index = draws.count++;
    if (draws.count === DRAW_EACH_MAX) this.#sendDraws();
    return draws.answered.then((answered) => drawAt(index, answered));
  }

  #gatherDraws(): DrawsTogether {
    let resolve!: DrawsTogether['resolve'];
    let reject!: DrawsTogether['reject'];
    const answered = new Promise<DrawsAnswered>((onResolve, onReject) => {
      resolve = onResolve;
      reject = onReject;
    });
    queueMicrotask(() => this.#sendDraws());
    return { count: 0, answered, resolve, reject };
  }

  #sendDraws(): void {
    const draws = this.#draws;
    if (draws === undefined) return;
    this.#draws = undefined;
    this.#port.submit({ kind: 'draw-each', count: draws.count }).then(
      (answer) => draws.resolve({ answer, itemIds: this.#learn(answer.names) }),
      (error: unknown) => draws.reject(asRewardPoolError(error, 'drawing')),
    );
  }

  /** Item ids by the names in the answer. */
  #learn(names: NewNames): string[] {
    // The answer's own.
    if (names.epoch === '') return names.itemIds;
    if (names.epoch !== this.#names.epoch) this.#names = { epoch: names.epoch, itemIds: [] };
    for (const itemId of names.itemIds) this.#names.itemIds.push(itemId);
    return this.#names.itemIds;
  }

  // --- The rest ---------------------------------------------------------------------

  async #drawOne(options: DrawOptions): Promise<Draw> {
    checkOptions(options, DRAW_OPTIONS);
    if (options.key === undefined && options.user === undefined) return this.#drawPlain();
    const { requestId, itemIds } = await this.#drawRequested(1, options);
    return { requestId, itemId: itemIds[0]! };
  }

  async #drawRequested(count: number, options: DrawOptions): Promise<DrawMany> {
    const key = options.key === undefined ? '' : checkText(options.key, 'key');
    const user = options.user === undefined ? '' : checkText(options.user, 'user');
    if (options.key === '' || key.startsWith(RESERVED_KEY_PREFIX)) {
      const problem = key === '' ? 'is empty' : `begins with ${RESERVED_KEY_PREFIX}, which is reserved`;
      throw invalidArgument(`key ${problem}`);
    }
    return this.#submit({ kind: 'draw', count, key, user });
  }

  #submit<K extends Kind>(request: RequestOf<K>): Promise<AnswerOf<K>> {
    if (this.#closed !== undefined) return Promise.reject(closedError());
    // In the order of the calls.
    this.#sendDraws();
    return this.#port.submit(request);
  }
}

function drawAt(index: number, { answer, itemIds }: DrawsAnswered): Draw {
  const { firstRequestId, requestIds, picks } = answer;
  const requestId = requestIds === undefined ? firstRequestId + BigInt(index) : requestIds[index]!;
  const pick = picks[index]!;
  if (pick === REFUSED) throw exhaustedError(1, requestId);
  return { requestId, itemId: itemIds[pick]! };
}
