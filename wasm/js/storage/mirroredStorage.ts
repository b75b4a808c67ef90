/**
 * OPFS, and IndexedDB beside it while OPFS is too young to be trusted.
 *
 * Chromium loses a *new* OPFS file with its name when power fails within about 40
 * seconds of its creation, although it was flushed (measured; a file that is
 * moved is no safer). So while a file of the primary is younger than the birth
 * window, every change is made in the mirror too, and is done when both are.
 *
 * The rule that recovery rests on: **if there is a mirror, it holds everything
 * that was acknowledged.** It is begun before the first change, and at the end of
 * the window it is emptied in full before a change is made without it.
 */
import { RewardPoolError } from '../errors.js';
import { indexedDbStorageOpener } from './indexedDbStorage.js';
import type { OpfsStorage, OpfsStorageOpener } from './opfsStorage.js';
import type { Awaitable, PoolStorage, StorageListing, StorageOpener } from './poolStorage.js';

/** Half as long again as the longest time seen. */
export const BIRTH_WINDOW_MS = 60_000;

/** What recovery says of a pool's stored bytes; rejects with 'corrupt' if they are no pool's. */
export type Judge = (
  storage: PoolStorage,
) => Promise<{ exists: boolean; lastRequestId: bigint }>;

type Primary = PoolStorage & Partial<Pick<OpfsStorage, 'needsNewFile' | 'noteLost'>>;

export class MirroredStorage implements PoolStorage {
  readonly kind;
  readonly #primary: Primary;
  readonly #openMirror: () => Promise<PoolStorage>;
  readonly #deleteMirror: () => Promise<void>;
  readonly #windowMs: number;
  #mirror: PoolStorage | undefined;
  #mirroredUntil = 0;

  constructor(
    primary: Primary,
    openMirror: () => Promise<PoolStorage>,
    deleteMirror: () => Promise<void>,
    windowMs: number,
  ) {
    this.kind = primary.kind;
    this.#primary = primary;
    this.#openMirror = openMirror;
    this.#deleteMirror = deleteMirror;
    this.#windowMs = windowMs;
  }

  /** True while changes are made in both. */
  get isMirroring(): boolean {
    return this.#mirror !== undefined;
  }

  /** Goes on with a mirror that is in step with the primary. */
  continueMirror(mirror: PoolStorage): void {
    this.#mirror = mirror;
    this.#mirroredUntil = performance.now() + this.#windowMs;
  }

  /** Begins a mirror that holds what the primary does. */
  async beginMirror(): Promise<void> {
    const mirror = this.#mirror ?? (await this.#openMirror());
    if (this.#mirror === undefined) await copy(this.#primary, mirror);
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
    if (this.#primary.needsNewFile === true) await this.beginMirror();
    await this.#inBoth((storage) => storage.startSegment(number, capacityBytes, header));
  }

  append(bytes: Uint8Array): Awaitable<void> {
    return this.#inBoth((storage) => storage.append(bytes));
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
  publishSnapshot(name: bigint, bytes: Uint8Array): Awaitable<void> {
    return this.#inBoth((storage) => storage.publishSnapshot(name, bytes));
  }
  removeSnapshot(name: bigint): Awaitable<void> {
    return this.#inBoth((storage) => storage.removeSnapshot(name));
  }

  async probe(): Promise<void> {
    try {
      await this.#primary.probe();
      await this.#mirror?.probe();
    } catch (error) {
      if (error instanceof RewardPoolError && error.code === 'store-lost') {
        this.#primary.noteLost?.(error);
      }
      throw error;
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

  /** The mirror first: what it refuses ('full') must not be in the primary. */
  async #changeBoth(
    mirror: PoolStorage,
    change: (storage: PoolStorage) => Awaitable<void>,
  ): Promise<void> {
    await change(mirror);
    try {
      await change(this.#primary);
    } catch (error) {
      // Now the two differ, whatever the primary says.
      if (error instanceof RewardPoolError && error.code === 'full') {
        throw new RewardPoolError('io', error.message, { cause: error });
      }
      throw error;
    }
  }

  async #syncBoth(): Promise<void> {
    await this.#mirror!.sync();
    await this.#primary.sync();
    if (performance.now() >= this.#mirroredUntil) await this.#endMirror();
  }

  /** Nothing changes meanwhile, so at every moment the mirror is complete or refused. */
  async #endMirror(): Promise<void> {
    await this.#mirror!.close();
    const mirror = await this.#openMirror();
    this.#mirror = mirror;
    // Durably, which the deletion of a database need not be.
    await empty(mirror);
    await mirror.close();
    await this.#deleteMirror();
    this.#mirror = undefined;
  }
}

/** Makes `to`, which is empty, hold what `from` does, whole or refused at every moment. */
async function copy(from: PoolStorage, to: PoolStorage): Promise<void> {
  const { segments, snapshots } = await from.list();
  for (const name of snapshots) await to.publishSnapshot(name, await from.loadSnapshot(name));
  for (const { number } of segments.reverse()) {
    await to.installSegment(number, await from.readSegment(number));
  }
}

async function empty(storage: PoolStorage): Promise<void> {
  const { segments, snapshots } = await storage.list();
  // A log whose beginning is missing is refused; one whose end is missing is not.
  for (const name of snapshots) await storage.removeSnapshot(name);
  for (const { number } of segments) await storage.removeSegment(number);
}

function isEmpty({ segments, snapshots }: StorageListing): boolean {
  return segments.length === 0 && snapshots.length === 0;
}

function isNotFound(error: unknown): boolean {
  return error instanceof RewardPoolError && error.code === 'not-found';
}

/** Undefined: there is no mirror. */
async function openExisting(opener: StorageOpener): Promise<PoolStorage | undefined> {
  try {
    return await opener.open(false);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Brings the two in step. A good mirror that is not behind is only read: until the
 * window is over it may be all that survives.
 */
async function reconcile(primary: PoolStorage, mirror: PoolStorage, judge: Judge): Promise<void> {
  const [ours, theirs] = await Promise.allSettled([judge(primary), judge(mirror)]);
  const lastOf = (judged: typeof ours): bigint =>
    judged.status === 'fulfilled' && judged.value.exists ? judged.value.lastRequestId : -1n;
  if (lastOf(theirs) >= 0n && lastOf(theirs) >= lastOf(ours)) {
    await empty(primary);
    await copy(mirror, primary);
    return;
  }
  // A mirror that was not finished, or was being emptied.
  if (ours.status === 'rejected') throw ours.reason;
  await empty(mirror);
  await copy(primary, mirror);
}

/** `name`: of the mirror's database. */
export function mirroredStorageOpener(
  primary: OpfsStorageOpener | StorageOpener,
  name: string,
  judge: Judge,
  windowMs: number = BIRTH_WINDOW_MS,
  mirror: StorageOpener = indexedDbStorageOpener(`mirror of ${name}`),
): StorageOpener {
  return {
    kind: primary.kind,
    open: async (create) => {
      let mirrorStorage: PoolStorage | undefined;
      let primaryStorage: Primary | undefined;
      try {
        mirrorStorage = await openExisting(mirror);
        // A power cut may have taken all of the primary.
        primaryStorage = await primary.open(create || mirrorStorage !== undefined);
        const storage = new MirroredStorage(
          primaryStorage,
          () => mirror.open(true),
          () => mirror.delete(),
          windowMs,
        );
        if (mirrorStorage !== undefined) {
          await reconcile(primaryStorage, mirrorStorage, judge);
          storage.continueMirror(mirrorStorage);
        } else if (isEmpty(await primaryStorage.list())) {
          await storage.beginMirror();
        }
        return storage;
      } catch (error) {
        primaryStorage?.abandon();
        mirrorStorage?.abandon();
        throw error;
      }
    },
    delete: async () => {
      // The primary first: a mirror that is left alone is still the whole pool.
      await primary.delete();
      await mirror.delete();
    },
  };
}
