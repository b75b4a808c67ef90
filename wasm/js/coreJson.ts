/** The core's JSON as the public API's objects. */
import type { LogRecord, PoolState, VerifyReport } from '../types/index.js';
import { fromDigits, quantityFromDigits } from './integers.js';

/**
 * JSON.parse() would round integers above 2^53, so they are made texts first. In
 * a text the quotes of such a key would have backslashes before them, so only
 * real keys match.
 */
const INTEGERS =
  /"(request_id|after_request_id|weight|quantity|item_count)":(\d+)/g;

function parse(json: string): unknown {
  return JSON.parse(json.replace(INTEGERS, '"$1":"$2"'));
}

/** A line of `rewardpool log --json` (docs/wal-format.md). */
interface RecordWords {
  type: string;
  request_id: string;
  item_id: string;
  item_ids?: string[];
  key?: string;
  user?: string;
  count?: number;
  error?: string;
  weight?: string;
  quantity?: string;
  item_count: string;
  after_request_id: string;
}

function toRecord(words: RecordWords): LogRecord {
  const { type } = words;
  switch (type) {
    case 'draw': {
      const common = {
        requestId: BigInt(words.request_id),
        count: words.count ?? 1,
        ...(words.key !== undefined && { key: words.key }),
        ...(words.user !== undefined && { user: words.user }),
      };
      if (words.error !== undefined) return { type: 'draw-refused', ...common };
      return { type, ...common, itemIds: words.item_ids ?? [words.item_id] };
    }
    case 'item-added':
      return {
        type,
        requestId: BigInt(words.request_id),
        itemId: words.item_id,
        weight: fromDigits(words.weight!),
        quantity: quantityFromDigits(words.quantity!),
      };
    case 'item-updated':
      return {
        type,
        requestId: BigInt(words.request_id),
        itemId: words.item_id,
        ...(words.weight !== undefined && { weight: fromDigits(words.weight) }),
        ...(words.quantity !== undefined && { quantity: quantityFromDigits(words.quantity) }),
      };
    case 'item-removed':
      return { type, requestId: BigInt(words.request_id), itemId: words.item_id };
    case 'catalog-item':
      return {
        type,
        itemId: words.item_id,
        weight: fromDigits(words.weight!),
        quantity: quantityFromDigits(words.quantity!),
      };
    case 'pool-created':
      return { type, itemCount: Number(words.item_count) };
    case 'snapshot-taken':
      return { type, afterRequestId: BigInt(words.after_request_id) };
    case 'pool-closed':
      return { type };
    default:
      throw new TypeError(`the core wrote a record of type ${type}`);
  }
}

/** JSON lines of the log. */
export function parseRecords(lines: string): LogRecord[] {
  const all = parse(`[${lines.trimEnd().replaceAll('\n', ',')}]`) as RecordWords[];
  return all.map(toRecord);
}

interface StateWords {
  last_request_id: string;
  items: { item_id: string; weight: string; quantity: string; drawn: string }[];
}

/** The core's stateJson(). */
export function parseState(json: string): PoolState {
  const words = JSON.parse(json) as StateWords;
  return {
    lastRequestId: BigInt(words.last_request_id),
    items: words.items.map((item) => ({
      itemId: item.item_id,
      weight: fromDigits(item.weight),
      quantity: quantityFromDigits(item.quantity),
      drawn: fromDigits(item.drawn),
    })),
  };
}

interface ReportWords {
  request_id: string;
  after_request_id: string;
  segments: number;
  frames: number;
  records: number;
  snapshots: number;
  snapshots_compared: number;
  notes: string[];
}

/** What the inspector writes of a verification. */
export function parseReport(json: string): VerifyReport {
  const words = parse(json) as ReportWords;
  const { segments, frames, records, snapshots, notes } = words;
  return {
    lastRequestId: BigInt(words.request_id),
    logStartsAfter: BigInt(words.after_request_id),
    segments,
    frames,
    records,
    snapshots,
    snapshotsCompared: words.snapshots_compared,
    notes,
  };
}
