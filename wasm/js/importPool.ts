import type { VerifyReport } from '../types/index.js';
import type { CoreModule, CorePoolFiles } from './coreModule.js';
import { RewardPoolError } from './errors.js';
import { load } from './poolOwner.js';
import { errorCodeOf } from './statusCode.js';
import type { PoolStorage } from './storage/poolStorage.js';

function check(files: CorePoolFiles, status: number): void {
  if (status !== 0) throw new RewardPoolError(errorCodeOf(status), files.message());
}

/** Runs `use` on what an archive holds, when all of it has been verified. */
async function withArchive<T>(
  core: CoreModule,
  bytes: Uint8Array,
  use: (files: CorePoolFiles) => T | Promise<T>,
): Promise<T> {
  if (!(bytes instanceof Uint8Array)) {
    throw new RewardPoolError('invalid-argument', 'bytes is not a Uint8Array');
  }
  const files = new core.PoolFiles();
  try {
    files.loadArchive(bytes.length).set(bytes);
    check(files, files.decodeArchive());
    check(files, files.verify());
    return await use(files);
  } finally {
    files.delete();
  }
}

/** See RewardPool.verify(). */
export function verifyArchive(core: CoreModule, bytes: Uint8Array): Promise<VerifyReport> {
  return withArchive(core, bytes, (files) => files.report());
}

/**
 * Puts what an archive holds into a storage without a pool. At every moment before
 * the end, what is there is refused by recovery: the log's pieces come last to
 * first, so that nothing passes for a shorter log, and its snapshots after them,
 * so that no late piece passes for a pool without its history.
 */
export function importArchive(
  core: CoreModule,
  bytes: Uint8Array,
  storage: PoolStorage,
): Promise<void> {
  return withArchive(core, bytes, async (files) => {
    await requireNoPool(core, storage);
    for (const number of files.segmentNumbers().reverse()) {
      await storage.installSegment(number, files.segmentBytes(number).slice());
    }
    for (const name of files.snapshotNames()) {
      await storage.publishSnapshot(name, files.snapshotBytes(name).slice());
    }
  });
}

async function requireNoPool(core: CoreModule, storage: PoolStorage): Promise<void> {
  const { segments, snapshots } = await storage.list();
  if (segments.length === 0 && snapshots.length === 0) return;
  const found = new core.PoolFiles();
  try {
    await load(found, storage);
    const unfinished = found.inspect() === 0 && !found.exists();
    if (!unfinished) {
      throw new RewardPoolError('already-exists', 'there is a pool, or what is left of one');
    }
  } finally {
    found.delete();
  }
  for (const { number } of segments) await storage.removeSegment(number);
}
