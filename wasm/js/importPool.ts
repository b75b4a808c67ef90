import type { VerifyReport } from '../types/index.js';
import type { CoreModule, PoolModules } from './coreModule.js';
import { RewardPoolError } from './errors.js';
import type { PoolFiles } from './poolFiles.js';
import { findPool } from './poolOwner.js';
import type { Awaitable, PoolStorage } from './storage/poolStorage.js';

/** Loads what an archive holds, when all of it has been verified. */
function verified(files: PoolFiles, bytes: Uint8Array): VerifyReport {
  files.decodeArchive(bytes);
  return files.verify();
}

/** See RewardPool.verify(). */
export async function verifyArchive(
  files: Promise<PoolFiles>,
  bytes: Uint8Array,
): Promise<VerifyReport> {
  return verified(await files, bytes);
}

/**
 * Puts what an archive holds into a storage without a pool. At every moment before
 * the end, what is there is refused by recovery: the log's pieces come last to
 * first, so that nothing passes for a shorter log, and its snapshots after them,
 * so that no late piece passes for a pool without its history.
 */
export async function importArchive(
  { core, newPoolFiles }: PoolModules,
  bytes: Uint8Array,
  storage: PoolStorage,
): Promise<void> {
  const files = await newPoolFiles();
  verified(files, bytes);
  await requireNoPool(core, storage);
  const done: (() => Awaitable<void>)[] = [];
  try {
    for (const number of files.segmentNumbers().reverse()) {
      await storage.installSegment(number, files.segmentBytes(number));
      done.push(() => storage.removeSegment(number));
    }
    for (const name of files.snapshotNames()) {
      await storage.publishSnapshot(name, files.snapshotBytes(name));
      done.push(() => storage.removeSnapshot(name));
    }
  } catch (error) {
    await undo(done);
    throw error;
  }
}

/** Last to first, so that again nothing on the way passes for a pool. */
async function undo(done: (() => Awaitable<void>)[]): Promise<void> {
  try {
    for (const remove of done.reverse()) await remove();
  } catch {
    // What is left is refused, as after a crash. The error that led here is the one to tell.
  }
}

async function requireNoPool(core: CoreModule, storage: PoolStorage): Promise<void> {
  const { segments, snapshots } = await storage.list();
  if (segments.length === 0 && snapshots.length === 0) return;
  // What cannot be read is left of a pool, too.
  const found = await findPool(core, storage).catch(() => ({ exists: true }));
  if (found.exists) {
    throw new RewardPoolError('already-exists', 'there is a pool, or what is left of one');
  }
  for (const { number } of segments) await storage.removeSegment(number);
}
