/**
 * A pool in a folder, in Node: the same files as the native library's, written in
 * the same order (native/src/segment_log.cc, docs/adr/0002-segment-preparation.md).
 *
 * Appending is a write into the page cache and done at once; whatever waits for
 * the disk is asynchronous, so that a flush does not hold up the program.
 */
import * as fs from 'node:fs';
import { mkdir, readdir, readFile, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { RewardPoolError } from '../errors.js';
import {
  LOCK_FILE_NAME,
  parseFileName,
  segmentFileName,
  snapshotFileName,
  temporarySegmentFileName,
  temporarySnapshotFileName,
} from './fileNames.js';
import { lockFolder, type FolderLock } from './folderLock.js';
import type { PoolStorage, StorageListing, StorageOpener } from './poolStorage.js';
import {
  cannotStart,
  earlierFailure,
  isAllZero,
  noOpenSegment,
  noPool,
  noSuchSegment,
  noSuchSnapshot,
  segmentExists,
  segmentIsOpen,
  shorterThan,
} from './storageErrors.js';

/** By how much the open segment grows: a few milliseconds of writing. */
const ROOM_STEP_BYTES = 1024 * 1024;
/** A log that has this much in its open segment is worth preparing the next for. */
const WORTH_PREPARING_BYTES = 256 * 1024;

const open = promisify(fs.open);
const close = promisify(fs.close);
const fsync = promisify(fs.fsync);
const fdatasync = promisify(fs.fdatasync);
const ftruncate = promisify(fs.ftruncate);
const write = promisify(fs.write);

function asStorageError(error: unknown, what: string): RewardPoolError {
  if (error instanceof RewardPoolError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const kind = code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : 'io';
  return new RewardPoolError(kind, `${what}: ${message}`, { cause: error });
}

async function syncFolder(folder: string): Promise<void> {
  const descriptor = await open(folder, 'r');
  try {
    await fsync(descriptor);
  } finally {
    await close(descriptor);
  }
}

function isFolder(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * Makes `folder` and the missing ones above it, each durable in its parent. One by
 * one: where nothing can be made, as in /proc, `recursive` tries for ever in Node 20.
 */
async function makeFolder(folder: string): Promise<void> {
  if (isFolder(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) await makeFolder(parent);
  try {
    await mkdir(folder);
  } catch (error) {
    // Somebody else has just made it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!isFolder(folder)) throw new RewardPoolError('io', `${folder} is not a folder`);
  }
  await syncFolder(parent);
}

async function writeFully(descriptor: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await write(
      descriptor,
      bytes,
      done,
      bytes.length - done,
      position + done,
    );
    done += bytesWritten;
  }
}

/** Allocates room, zero and durable as zeros. */
async function makeRoom(descriptor: number, from: number, to: number): Promise<void> {
  const zeros = new Uint8Array(Math.min(to - from, ROOM_STEP_BYTES));
  for (let at = from; at < to; at += zeros.length) {
    await writeFully(descriptor, zeros.subarray(0, Math.min(zeros.length, to - at)), at);
  }
  await fsync(descriptor);
}

/** Writes a file under another name, and gives it its name when it is durable. */
async function publish(
  folder: string,
  temporaryName: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const temporaryPath = join(folder, temporaryName);
  try {
    const descriptor = await open(temporaryPath, 'w', 0o644);
    try {
      await writeFully(descriptor, bytes, 0);
      await fsync(descriptor);
    } finally {
      await close(descriptor);
    }
    await rename(temporaryPath, join(folder, name));
  } catch (error) {
    await unlink(temporaryPath).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

interface OpenSegment {
  number: bigint;
  descriptor: number;
  capacityBytes: number;
  /** [usedBytes, roomBytes) is allocated, zero and durable as zeros. */
  roomBytes: number;
  usedBytes: number;
  syncedBytes: number;
}

/** The next segment's file, made of zeros ahead of need. */
interface Prepared {
  number: bigint;
  descriptor: number;
  roomBytes: number;
}

class NodeStorage implements PoolStorage {
  readonly kind = 'node';
  readonly #folder: string;
  readonly #lock: FolderLock;
  #open: OpenSegment | undefined;
  #preparing: Promise<Prepared | undefined> | undefined;
  #failure: RewardPoolError | undefined;
  #isClosed = false;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(folder: string, lock: FolderLock) {
    this.#folder = folder;
    this.#lock = lock;
  }

  /** Removes what a crash has left of files that were not finished. */
  async removeUnfinished(): Promise<void> {
    let removed = false;
    for (const name of await readdir(this.#folder)) {
      const parsed = parseFileName(name);
      const isUnfinished =
        parsed?.kind === 'temporary' ||
        (parsed?.kind === 'segment' && isAllZero(await readFile(join(this.#folder, name))));
      if (!isUnfinished) continue;
      await unlink(join(this.#folder, name));
      removed = true;
    }
    if (removed) await syncFolder(this.#folder);
  }

  list(): Promise<StorageListing> {
    return this.#run('listing the pool', async () => {
      const listing: StorageListing = { segments: [], snapshots: [] };
      for (const name of (await readdir(this.#folder)).sort()) {
        const parsed = parseFileName(name);
        if (parsed?.kind === 'snapshot') listing.snapshots.push(parsed.number);
        if (parsed?.kind !== 'segment') continue;
        const bytes = await readFile(join(this.#folder, name));
        if (isAllZero(bytes)) continue;
        listing.segments.push({ number: parsed.number, bytes: bytes.length });
      }
      return listing;
    });
  }

  readSegment(number: bigint): Promise<Uint8Array> {
    return this.#read(segmentFileName(number), noSuchSegment(number));
  }

  startSegment(number: bigint, capacityBytes: number, header: Uint8Array): Promise<void> {
    return this.#change(async () => {
      const current = this.#open;
      if (current?.number === number && current.usedBytes === header.length) {
        await this.#writeHeader(current.descriptor, header);
        return;
      }
      const leftBehind = await this.#checkStart(number, header.length);
      await this.#syncOpen();
      const capacity = Math.max(capacityBytes, header.length);
      const { descriptor, roomBytes } = await this.#obtain(number, capacity, leftBehind);
      await this.#writeHeader(descriptor, header);
      const sealed = this.#open;
      this.#open = {
        number,
        descriptor,
        capacityBytes: capacity,
        roomBytes,
        usedBytes: header.length,
        syncedBytes: header.length,
      };
      if (sealed !== undefined) {
        // The next header tells the length in use, so zeros behind it may stay.
        await ftruncate(sealed.descriptor, sealed.usedBytes).catch(() => undefined);
        await close(sealed.descriptor);
      }
    });
  }

  append(bytes: Uint8Array): void | Promise<void> {
    this.#checkUsable();
    const segment = this.#open;
    if (segment === undefined) throw noOpenSegment();
    if (segment.usedBytes + bytes.length > segment.roomBytes) {
      return this.#change(async () => {
        await this.#grow(segment, segment.usedBytes + bytes.length);
        this.#write(segment, bytes);
      });
    }
    this.#write(segment, bytes);
  }

  sync(): Promise<void> {
    return this.#change(() => this.#syncOpen());
  }

  truncateSegment(number: bigint, length: number): Promise<void> {
    return this.#change(() =>
      this.#withClosed(number, async (descriptor, size) => {
        if (length > size) throw shorterThan(number, length);
        await ftruncate(descriptor, length);
        await fsync(descriptor);
      }),
    );
  }

  persistSegment(number: bigint): Promise<void> {
    return this.#change(async () => {
      await this.#withClosed(number, async (descriptor) => {
        await writeFully(descriptor, await readFile(this.#pathOf(segmentFileName(number))), 0);
        await fsync(descriptor);
      });
      await syncFolder(this.#folder);
    });
  }

  removeSegment(number: bigint): Promise<void> {
    return this.#change(async () => {
      if (number === this.#open?.number) throw segmentIsOpen(number);
      await this.#remove(segmentFileName(number));
    });
  }

  installSegment(number: bigint, bytes: Uint8Array): Promise<void> {
    return this.#change(async () => {
      if (fs.existsSync(this.#pathOf(segmentFileName(number)))) throw segmentExists(number);
      await publish(
        this.#folder,
        temporarySegmentFileName(number),
        segmentFileName(number),
        bytes,
      );
    });
  }

  loadSnapshot(name: bigint): Promise<Uint8Array> {
    return this.#read(snapshotFileName(name), noSuchSnapshot(name));
  }

  publishSnapshot(name: bigint, bytes: Uint8Array): Promise<void> {
    return this.#change(() =>
      publish(this.#folder, temporarySnapshotFileName(name), snapshotFileName(name), bytes),
    );
  }

  removeSnapshot(name: bigint): Promise<void> {
    return this.#change(() => this.#remove(snapshotFileName(name)));
  }

  probe(): void {
    if (!this.#lock.isInPlace()) {
      throw new RewardPoolError('store-lost', `the pool's folder ${this.#folder} was removed`);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#run('closing the pool', async () => {
        const prepared = await this.#preparing;
        this.#preparing = undefined;
        if (prepared !== undefined) {
          await close(prepared.descriptor);
          await this.#remove(segmentFileName(prepared.number));
        }
        const segment = this.#open;
        if (segment === undefined || this.#failure !== undefined) return;
        await this.#syncOpen();
        await ftruncate(segment.descriptor, segment.usedBytes);
        await fsync(segment.descriptor);
      });
    } finally {
      this.abandon();
    }
  }

  abandon(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#underWay.size === 0 && this.#preparing === undefined) {
      this.#letGo(undefined);
      return;
    }
    // Descriptors must not be closed under what is still using them.
    const done = Promise.allSettled(this.#underWay)
      .then(() => this.#preparing)
      .then((prepared) => this.#letGo(prepared));
    releasing.set(this.#folder, done);
    void done.finally(() => {
      if (releasing.get(this.#folder) === done) releasing.delete(this.#folder);
    });
  }

  #letGo(prepared: Prepared | undefined): void {
    if (prepared !== undefined) fs.closeSync(prepared.descriptor);
    if (this.#open !== undefined) fs.closeSync(this.#open.descriptor);
    this.#open = undefined;
    this.#lock.release();
  }

  // ------------------------------------------------------------------------------

  #pathOf(name: string): string {
    return join(this.#folder, name);
  }

  #checkUsable(): void {
    if (this.#isClosed) throw new RewardPoolError('closed', 'the storage is closed');
    if (this.#failure !== undefined) throw earlierFailure(this.#failure);
  }

  #fail(error: unknown, what: string): RewardPoolError {
    const failure = asStorageError(error, what);
    this.#failure ??= failure;
    return failure.code === 'full' ? new RewardPoolError('io', failure.message) : failure;
  }

  /** Words errors, and keeps count of what uses descriptors. */
  #run<T>(what: string, action: () => Promise<T>): Promise<T> {
    const running = action().catch((error: unknown) => {
      throw asStorageError(error, what);
    });
    this.#underWay.add(running);
    const forget = (): void => void this.#underWay.delete(running);
    running.then(forget, forget);
    return running;
  }

  #change(action: () => Promise<void>): Promise<void> {
    return this.#run('writing the pool', async () => {
      this.#checkUsable();
      await action();
    });
  }

  #read(name: string, missing: RewardPoolError): Promise<Uint8Array> {
    return this.#run(`reading ${name}`, async () => {
      try {
        return await readFile(this.#pathOf(name));
      } catch (error) {
        throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? missing : error;
      }
    });
  }

  async #remove(name: string): Promise<void> {
    await removeIfThere(this.#pathOf(name));
    await syncFolder(this.#folder);
  }

  async #withClosed(
    number: bigint,
    use: (descriptor: number, size: number) => Promise<void>,
  ): Promise<void> {
    if (number === this.#open?.number) throw segmentIsOpen(number);
    let descriptor: number;
    try {
      descriptor = await open(this.#pathOf(segmentFileName(number)), 'r+');
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? noSuchSegment(number) : error;
    }
    try {
      await use(descriptor, fs.fstatSync(descriptor).size);
    } finally {
      await close(descriptor);
    }
  }

  /** Whether an earlier failed call has left the segment behind. */
  async #checkStart(number: bigint, headerBytes: number): Promise<boolean> {
    const prepared = await this.#preparing;
    let leftBehind = false;
    for (const name of await readdir(this.#folder)) {
      const parsed = parseFileName(name);
      if (parsed?.kind !== 'segment' || parsed.number < number) continue;
      if (parsed.number === prepared?.number) continue;
      const isOurs = parsed.number === number && parsed.number !== this.#open?.number;
      const from = parsed.number === number ? headerBytes : 0;
      if (parsed.number === this.#open?.number || !isAllZero(await readFile(this.#pathOf(name)), from)) {
        throw cannotStart(number, parsed.number);
      }
      leftBehind ||= isOurs;
    }
    return leftBehind;
  }

  async #prepare(number: bigint, roomBytes: number): Promise<Prepared> {
    const path = this.#pathOf(segmentFileName(number));
    const descriptor = await open(path, 'wx+', 0o644);
    try {
      await makeRoom(descriptor, 0, roomBytes);
      await syncFolder(this.#folder);
    } catch (error) {
      // Gives the room back. What cannot be removed is zeros, and is not listed.
      await close(descriptor);
      await this.#remove(segmentFileName(number)).catch(() => undefined);
      throw error;
    }
    return { number, descriptor, roomBytes };
  }

  async #obtain(number: bigint, capacity: number, leftBehind: boolean): Promise<Prepared> {
    const prepared = await this.#preparing;
    this.#preparing = undefined;
    if (prepared !== undefined) {
      if (prepared.number === number) return prepared;
      await close(prepared.descriptor);
      await this.#remove(segmentFileName(prepared.number));
    }
    if (leftBehind) await this.#remove(segmentFileName(number));
    return this.#prepare(number, Math.min(capacity, ROOM_STEP_BYTES));
  }

  async #writeHeader(descriptor: number, header: Uint8Array): Promise<void> {
    try {
      await writeFully(descriptor, header, 0);
      await fdatasync(descriptor);
    } catch (error) {
      throw this.#fail(error, 'starting a segment');
    }
  }

  async #grow(segment: OpenSegment, neededBytes: number): Promise<void> {
    const target = Math.max(
      neededBytes,
      Math.min(segment.roomBytes + ROOM_STEP_BYTES, segment.capacityBytes),
    );
    try {
      await makeRoom(segment.descriptor, segment.roomBytes, target);
    } catch (error) {
      const failure = asStorageError(error, 'making room for the log');
      if (failure.code !== 'full') throw this.#fail(error, 'making room for the log');
      try {
        await ftruncate(segment.descriptor, segment.roomBytes);
      } catch (restoring) {
        throw this.#fail(restoring, 'giving room back');
      }
      throw failure;
    }
    segment.roomBytes = target;
  }

  #write(segment: OpenSegment, bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) {
        done += fs.writeSync(
          segment.descriptor,
          bytes,
          done,
          bytes.length - done,
          segment.usedBytes + done,
        );
      }
    } catch (error) {
      throw this.#fail(error, 'appending to the log');
    }
    segment.usedBytes += bytes.length;
    if (segment.usedBytes >= Math.min(WORTH_PREPARING_BYTES, segment.capacityBytes / 2)) {
      // A failure shows when the segment is needed.
      this.#preparing ??= this.#prepare(
        segment.number + 1n,
        Math.min(segment.capacityBytes, ROOM_STEP_BYTES),
      ).catch(() => undefined);
    }
  }

  async #syncOpen(): Promise<void> {
    const segment = this.#open;
    if (segment === undefined || segment.syncedBytes === segment.usedBytes) return;
    const through = segment.usedBytes;
    try {
      await fdatasync(segment.descriptor);
    } catch (error) {
      throw this.#fail(error, 'syncing the log');
    }
    segment.syncedBytes = through;
  }
}

/** Folders whose last storage, in this program, still has something under way. */
const releasing = new Map<string, Promise<void>>();

async function lock(folder: string): Promise<FolderLock> {
  await releasing.get(folder);
  try {
    return lockFolder(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw noPool(`in ${folder}`);
    }
    throw asStorageError(error, 'locking the folder');
  }
}

/** Requires a folder that is there. */
async function deletePool(folder: string): Promise<void> {
  const held = await lock(folder);
  try {
    // Snapshots first: a log without them is whole or refused, never too short.
    const names = (await readdir(folder)).filter((name) => parseFileName(name) !== undefined);
    for (const name of names.sort()) await removeIfThere(join(folder, name));
    await removeIfThere(join(folder, LOCK_FILE_NAME));
    await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
      // There are files that are not the pool's.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    await syncFolder(dirname(folder));
  } catch (error) {
    throw asStorageError(error, 'deleting the pool');
  } finally {
    held.release();
  }
}

export function nodeStorageOpener(dir: string): StorageOpener {
  const folder = resolve(dir);
  return {
    kind: 'node',
    open: async (create) => {
      if (create) {
        try {
          await makeFolder(folder);
        } catch (error) {
          throw asStorageError(error, 'making the folder');
        }
      }
      const storage = new NodeStorage(folder, await lock(folder));
      try {
        await storage.removeUnfinished();
      } catch (error) {
        storage.abandon();
        throw asStorageError(error, 'opening the folder');
      }
      return storage;
    },
    delete: async () => {
      if (fs.existsSync(folder)) await deletePool(folder);
    },
  };
}
