/** Names of a pool's files (docs/wal-format.md); messages use them on every platform. */
const DIGITS = 20;

function digits(number: bigint): string {
  return String(number).padStart(DIGITS, '0');
}

export const LOCK_FILE_NAME = 'lock';

export function segmentFileName(number: bigint): string {
  return `wal-${digits(number)}.log`;
}
export function snapshotFileName(name: bigint): string {
  return `snapshot-${digits(name)}.snap`;
}
/** What they are called until they are whole. */
export function temporarySegmentFileName(number: bigint): string {
  return `wal-${digits(number)}.tmp`;
}
export function temporarySnapshotFileName(name: bigint): string {
  return `snapshot-${digits(name)}.tmp`;
}

/** A pool's name in that of a file or folder: OPFS takes few characters as they are. */
export function encodedPoolName(name: string): string {
  const bytes = new TextEncoder().encode(name);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export type PoolFileName =
  | { kind: 'segment' | 'snapshot'; number: bigint }
  | { kind: 'temporary' };

/** What a name says; undefined for names that are none of a pool's. */
export function parseFileName(fileName: string): PoolFileName | undefined {
  const match = /^(wal|snapshot)-(\d{20})\.(log|snap|tmp)$/.exec(fileName);
  if (match === null) return undefined;
  const [, kind, number, ending] = match;
  if (ending === 'tmp') return { kind: 'temporary' };
  if (kind === 'wal' && ending === 'log') return { kind: 'segment', number: BigInt(number!) };
  if (kind === 'snapshot' && ending === 'snap') return { kind: 'snapshot', number: BigInt(number!) };
  return undefined;
}
