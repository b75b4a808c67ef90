/** Errors that every storage words alike. */
import { RewardPoolError } from '../errors.js';
import { segmentFileName, snapshotFileName } from './fileNames.js';

/** `where`, if it is named: "demo", say. */
export function noPool(where: string): RewardPoolError {
  return new RewardPoolError('not-found', `there is no pool ${where}, and no catalog to make one of`);
}
export function noSuchSegment(number: bigint): RewardPoolError {
  return new RewardPoolError('not-found', `${segmentFileName(number)} does not exist`);
}
export function noSuchSnapshot(name: bigint): RewardPoolError {
  return new RewardPoolError('not-found', `${snapshotFileName(name)} does not exist`);
}
export function segmentIsOpen(number: bigint): RewardPoolError {
  return new RewardPoolError(
    'invalid-argument',
    `${segmentFileName(number)} is open for appending`,
  );
}
export function segmentExists(number: bigint): RewardPoolError {
  return new RewardPoolError('invalid-argument', `${segmentFileName(number)} exists`);
}
export function cannotStart(number: bigint, existing: bigint): RewardPoolError {
  return new RewardPoolError(
    'invalid-argument',
    `${segmentFileName(number)} cannot be started: ${segmentFileName(existing)} exists`,
  );
}
export function shorterThan(number: bigint, length: number): RewardPoolError {
  return new RewardPoolError(
    'invalid-argument',
    `${segmentFileName(number)} is shorter than ${length} bytes`,
  );
}
export function noOpenSegment(): RewardPoolError {
  return new RewardPoolError('closed', 'no segment is open');
}
/** What a storage answers after a failure that left its tail unknown. */
export function earlierFailure(failure: RewardPoolError): RewardPoolError {
  return new RewardPoolError('io', `an earlier write failed, open the pool again: ${failure.message}`, {
    cause: failure,
  });
}

export function isAllZero(bytes: Uint8Array, from = 0): boolean {
  for (let i = from; i < bytes.length; ++i) if (bytes[i] !== 0) return false;
  return true;
}
