/**
 * OPFS, and IndexedDB beside it while OPFS is too young to be trusted.
 *
 * Chromium loses a *new* OPFS file with its name when power fails within about 40
 * seconds of its creation, although it was flushed (measured; a file that is
 * moved is no safer). So while a file of the primary is younger than the birth
 * window, every change is made in the mirror too, and is done when both are.
 *
 * The rule that recovery rests on: **if there is a mirror, it holds everything
 * that was acknowledged.** It is begun before the first change, replaced and
 * emptied in one transaction, and at the end of the window it is empty before a
 * change is made without it.
 */
import { RewardPoolError } from '../errors.js';
import {
  mirrorOpenerOf,
  type IndexedDbStorage,
  type IndexedDbStorageOpener,
} from './indexedDbStorage.js';
import type { OpfsStorage, OpfsStorageOpener } from './opfsStorage.js';
import type { Awaitable, PoolStorage, StorageListing, StorageOpener } from './poolStorage.js';

/** Half as long again as the longest time seen. */
export const BIRTH_WINDOW_MS = 60_000;

/** What recovery says of a pool's stored bytes; rejects with 'corrupt' if they are no pool's. */
export type Judge = (
  storage: PoolStorage,
) => Promise<{ exists: boolean; lastRequestId: bigint }>;

class MirroredStorage implements PoolStorage {
  readonly kind = 'opfs';
  readonly #primary: OpfsStorage;
  readonly #mirrorOpener: IndexedDbStorageOpener;
  readonly #windowMs: number;
  #mirror: IndexedDbStorage | undefined;
  #mirroredUntil = 0;

  constructor(primary: OpfsStorage, mirrorOpener: IndexedDbStorageOpener, windowMs: number) {
    this.#primary = primary;
    this.#mirrorOpener = mirrorOpener;
    this.#windowMs = windowMs;
  }

  /** Goes on with a mirror that is in step with the primary. */
  continueMirror(mirror: IndexedDbStorage): void {
    this.#mirror = mirror;
    this.#mirroredUntil = performance.now() + this.#windowMs;
  }

  /** Begins a mirror that holds what the primary does. */
  async beginMirror(): Promise<void> {
    let mirror = this.#mirror;
    if (mirror === undefined) {
      mirror = await this.#mirrorOpener.open(true);
      await mirror.replaceAll(this.#primary);
    }
    this.continueMirror(mirror);
  }

  list(): Promise<StorageListing> {
    return this.#primary.list();
  }
  readSegment(number: bigint): Promise<Uint8Array> {
    return this.#primary.readSegment(number);
  }
  loadSnapshot(name: bigint): Promise<Uint8Array> {
    return this.#primary.loadSnapshot(name);
  }

  async startSegment(number: bigint, capacityBytes: number, header: Uint8Array): Promise<void> {
    if (this.#primary.needsNewFile) await this.beginMirror();
    await this.#inBoth((storage) => storage.startSegment(number, capacityBytes, header));
  }

  append(bytes: Uint8Array): Awaitable<void> {
    const mirror = this.#mirror;
    if (mirror === undefined) return this.#primary.append(bytes);
    // A pool that is never synced would have its mirror for ever.
    if (this.#windowIsOver()) return this.#syncBoth().then(() => this.#primary.append(bytes));
    this.#primary.append(bytes);
    return this.#inMirror(mirror, (storage) => storage.append(bytes), () =>
      this.#primary.retract(bytes.length),
    );
  }

  sync(): Awaitable<void> {
    if (this.#mirror === undefined) return this.#primary.sync();
    return this.#syncBoth();
  }

  truncateSegment(number: bigint, length: number): Awaitable<void> {
    return this.#inBoth((storage) => storage.truncateSegment(number, length));
  }
  persistSegment(number: bigint): Awaitable<void> {
    return this.#inBoth((storage) => storage.persistSegment(number));
  }
  removeSegment(number: bigint): Awaitable<void> {
    return this.#inBoth((storage) => storage.removeSegment(number));
  }
  installSegment(number: bigint, bytes: Uint8Array): Awaitable<void> {
    return this.#inBoth((storage) => storage.installSegment(number, bytes));
  }
  async publishSnapshot(name: bigint, bytes: Uint8Array): Promise<void> {
    const mirror = this.#mirror;
    if (mirror === undefined) return this.#primary.publishSnapshot(name, bytes);
    const { snapshots } = await this.#primary.list();
    const replaced = snapshots.includes(name) ? await this.#primary.loadSnapshot(name) : undefined;
    this.#primary.publishSnapshot(name, bytes);
    await this.#inMirror(mirror, (storage) => storage.publishSnapshot(name, bytes), () => {
      this.#primary.removeSnapshot(name);
      if (replaced !== undefined) this.#primary.publishSnapshot(name, replaced);
    });
  }
  removeSnapshot(name: bigint): Awaitable<void> {
    return this.#inBoth((storage) => storage.removeSnapshot(name));
  }

  async probe(): Promise<void> {
    try {
      await this.#primary.probe();
      await this.#mirror?.probe();
    } catch (error) {
      this.#noteIfLost(error);
      throw error;
    }
  }

  /** Who clears one store of a site clears them all. */
  #noteIfLost(error: unknown): void {
    if (error instanceof RewardPoolError && error.code === 'store-lost') {
      this.#primary.noteLost(error);
    }
  }

  async close(): Promise<void> {
    await this.#primary.close();
    await this.#mirror?.close();
  }

  abandon(): void {
    this.#primary.abandon();
    this.#mirror?.abandon();
  }

  #inBoth(change: (storage: PoolStorage) => Awaitable<void>): Awaitable<void> {
    if (this.#mirror === undefined) return change(this.#primary);
    return this.#changeBoth(this.#mirror, change);
  }

  async #changeBoth(
    mirror: IndexedDbStorage,
    change: (storage: PoolStorage) => Awaitable<void>,
  ): Promise<void> {
    await change(this.#primary);
    await this.#inMirror(mirror, change, () => {
      throw new RewardPoolError('io', 'the mirror has no room, and is behind now');
    });
  }

  /** What the mirror has no room for, `undo` takes back from the primary. */
  async #inMirror(
    mirror: IndexedDbStorage,
    change: (storage: IndexedDbStorage) => Awaitable<void>,
    undo: () => void,
  ): Promise<void> {
    try {
      await change(mirror);
    } catch (error) {
      this.#noteIfLost(error);
      if (error instanceof RewardPoolError && error.code === 'full') undo();
      throw error;
    }
  }

  async #syncBoth(): Promise<void> {
    await this.#mirror!.sync();
    this.#primary.sync();
    if (this.#windowIsOver()) await this.#endMirror();
  }

  #windowIsOver(): boolean {
    return performance.now() >= this.#mirroredUntil;
  }

  async #endMirror(): Promise<void> {
    const mirror = this.#mirror!;
    await mirror.clear();
    this.#mirror = undefined;
    await mirror.close();
    await this.#mirrorOpener.delete();
  }
}

/** Makes `to`, which is empty, hold what `from` does. */
async function copy(from: PoolStorage, to: PoolStorage): Promise<void> {
  const { segments, snapshots } = await from.list();
  for (const name of snapshots) await to.publishSnapshot(name, await from.loadSnapshot(name));
  for (const { number } of segments.reverse()) {
    await to.installSegment(number, await from.readSegment(number));
  }
}

async function empty(storage: PoolStorage): Promise<void> {
  const { segments, snapshots } = await storage.list();
  for (const name of snapshots) await storage.removeSnapshot(name);
  for (const { number } of segments) await storage.removeSegment(number);
}

function isEmpty({ segments, snapshots }: StorageListing): boolean {
  return segments.length === 0 && snapshots.length === 0;
}

/** Undefined: there is no mirror. */
async function openExisting(opener: IndexedDbStorageOpener): Promise<IndexedDbStorage | undefined> {
  try {
    return await opener.open(false);
  } catch (error) {
    if (error instanceof RewardPoolError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** Brings the two in step: the longer log wins. */
async function reconcile(
  primary: OpfsStorage,
  mirror: IndexedDbStorage,
  judge: Judge,
): Promise<void> {
  const [ours, theirs] = await Promise.allSettled([judge(primary), judge(mirror)]);
  const lastOf = (judged: typeof ours): bigint =>
    judged.status === 'fulfilled' && judged.value.exists ? judged.value.lastRequestId : -1n;
  if (lastOf(theirs) >= 0n && lastOf(theirs) >= lastOf(ours)) {
    // The mirror is only read: it may be all that survives.
    await empty(primary);
    await copy(mirror, primary);
    return;
  }
  if (ours.status === 'rejected') throw ours.reason;
  await mirror.replaceAll(primary);
}

/** `name`: of the pool. */
export function mirroredStorageOpener(
  primary: OpfsStorageOpener,
  name: string,
  judge: Judge,
  windowMs: number = BIRTH_WINDOW_MS,
): StorageOpener {
  const mirrorOpener = mirrorOpenerOf(name);
  return {
    kind: 'opfs',
    open: async (create) => {
      let mirror: IndexedDbStorage | undefined;
      let opfs: OpfsStorage | undefined;
      try {
        mirror = await openExisting(mirrorOpener);
        // A power cut may have taken all of the primary.
        opfs = await primary.open(create || mirror !== undefined);
        const storage = new MirroredStorage(opfs, mirrorOpener, windowMs);
        if (mirror !== undefined) {
          await reconcile(opfs, mirror, judge);
          storage.continueMirror(mirror);
        } else if (isEmpty(await opfs.list())) {
          await storage.beginMirror();
        }
        return storage;
      } catch (error) {
        opfs?.abandon();
        mirror?.abandon();
        throw error;
      }
    },
    delete: async () => {
      // The primary first: a mirror that is left alone is still the whole pool.
      await primary.delete();
      await mirrorOpener.delete();
    },
  };
}
