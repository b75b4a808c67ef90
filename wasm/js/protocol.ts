/**
 * What a pool's clients say to its owner, whoever is between them: nobody (same
 * thread), a worker's message port, or a channel to another tab. All of it can be
 * cloned by `postMessage()`.
 */
import type { DrawMany, ErrorCode, OpeningReport, PoolStats } from '../types/index.js';
import { RewardPoolError } from './errors.js';

/** An item as it travels: `quantity` null means unlimited. */
export interface ItemWords {
  itemId: string;
  weight: bigint;
  quantity: bigint | null;
}

/** A change as it travels; undefined: stays as it is. */
export interface ChangeWords {
  weight: bigint | undefined;
  quantity: bigint | null | undefined;
}

/** In place of an item's name: the draw found the pool exhausted. */
export const REFUSED = 0xffff_ffff;

/** Keys that are made for draws which may have to be repeated begin so. */
export const RESERVED_KEY_PREFIX = 'rewardpool:';

/** Requests and their answers, by kind. */
export interface Exchange {
  /**
   * `count` plain draws. With `keyPrefix` each has a key, the prefix and its
   * number from `firstKey` on, so that it may be repeated.
   */
  'draw-each': {
    request: { count: number; keyPrefix?: string; firstKey?: number };
    answer: DrawEachAnswer;
  };
  /** A draw with a key, a user or a count. Empty texts: none. */
  draw: { request: { count: number; key: string; user: string }; answer: DrawMany };
  add: { request: { item: ItemWords }; answer: bigint };
  update: { request: { itemId: string; change: ChangeWords }; answer: bigint };
  remove: { request: { itemId: string }; answer: bigint };
  /** The core's stateJson(). */
  state: { request: object; answer: string };
  stats: { request: object; answer: PoolStats };
  snapshot: { request: object; answer: bigint };
  flush: { request: object; answer: undefined };
  export: { request: object; answer: Uint8Array };
  /**
   * The next lines of a reading of the log: `reading` is any number that the
   * client has not used before, of what is behind the request `after`; `skip` lines
   * of it were received. Empty: the end.
   */
  log: { request: { reading: number; after: bigint; skip: number }; answer: string };
  /** Ends a reading before its end. */
  'log-end': { request: { reading: number }; answer: undefined };
}

export type Kind = keyof Exchange;
export type RequestOf<K extends Kind> = { kind: K } & Exchange[K]['request'];
export type Request = { [K in Kind]: RequestOf<K> }[Kind];
export type AnswerOf<K extends Kind> = Exchange[K]['answer'];
export type Answer = AnswerOf<Kind>;

export interface DrawEachAnswer {
  /** The first request's id; the others follow without gaps, unless `requestIds` is there. */
  firstRequestId: bigint;
  requestIds?: BigUint64Array;
  /** For each draw the name of its item, or REFUSED. */
  picks: Uint32Array;
  /** How many of them are REFUSED. */
  refused: number;
  names: NewNames;
}

/**
 * Names of items are numbers that an owner gives out once. With each answer come
 * the ids of those that the client has not heard of.
 */
export interface NewNames {
  /** Which owner's names these are; those of another begin anew. */
  epoch: string;
  first: number;
  itemIds: string[];
}

/** INTERFACE: the way to a pool's owner. */
export interface PoolPort {
  /** How the pool was found. */
  readonly opening: OpeningReport;
  /** Carries out a request; resolves when its effect is acknowledged. */
  submit<K extends Kind>(request: RequestOf<K>): Promise<AnswerOf<K>>;
  /** Carries out what was submitted, closes, and lets go of everything. */
  close(): Promise<void>;
  /** Lets go of everything at once, as a crash would. */
  terminate(): void;
}

/** An error as it travels. */
export interface ErrorWords {
  code: ErrorCode;
  message: string;
  requestId: bigint | undefined;
}

export function toErrorWords(error: unknown): ErrorWords {
  if (error instanceof RewardPoolError) {
    return { code: error.code, message: error.message, requestId: error.requestId };
  }
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: 'io', message: reason, requestId: undefined };
}

export function fromErrorWords(words: ErrorWords): RewardPoolError {
  return new RewardPoolError(
    words.code,
    words.message,
    words.requestId === undefined ? {} : { requestId: words.requestId },
  );
}
