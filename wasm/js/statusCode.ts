/** The core's status codes, by the names that JavaScript knows them by. */
import type { ErrorCode } from '../types/index.js';

/** In the order of `StatusCode` (core/include/rewardpool/status.h), whose names these are. */
const NAMES: readonly (ErrorCode | 'ok')[] = [
  'ok',
  'invalid-argument',
  'not-found',
  'already-exists',
  'exhausted',
  'overloaded',
  'busy',
  'closed',
  'full',
  'io',
  'outcome-unknown',
  'corrupt',
  'unsupported',
];

/** Requires a code of a failure. */
export function errorCodeOf(status: number): ErrorCode {
  const name = NAMES[status];
  if (name === undefined || name === 'ok') throw new RangeError(`no failure has status ${status}`);
  return name;
}

/** What the core is told of a storage's failure; what it has no word for is 'io' to it. */
export function statusOf(code: ErrorCode): number {
  const status = NAMES.indexOf(code);
  return status > 0 ? status : NAMES.indexOf('io');
}
