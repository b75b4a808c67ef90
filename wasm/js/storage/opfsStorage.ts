/**
 * A pool in the origin private file system, in a dedicated worker.
 *
 * A pool is a folder with a fixed set of files, slots, that are made once and kept
 * open: a log segment lies in one of the slots `wal-0`, `wal-1`, ..., a snapshot in
 * one of `snap-0`, ... So nothing is created, moved or removed while drawing:
 * Chromium may lose a *new* file with its name when power fails, up to about 40
 * seconds after its creation, although it was flushed. MirroredStorage bridges
 * that time.
 *
 * A segment slot holds the segment from its first byte; zeros where its header
 * would be: free. A snapshot slot begins with a header of ours, and is free unless
 * that is whole.
 */
import { RewardPoolError } from '../errors.js';
import { randomId } from '../randomId.js';
import { crc32c } from './crc32c.js';
import { encodedPoolName } from './fileNames.js';
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

const ROOT_FOLDER = 'rewardpool';
/** Each opening begins a segment, and the log keeps what two snapshots need. */
const SEGMENT_SLOTS = 8;
/** Two that are kept, one that is written, one more for replacing. */
const SNAPSHOT_SLOTS = 4;

const SEGMENT_HEADER_BYTES = 64;
const SEGMENT_NUMBER_AT = 16;
const SEGMENT_CRC_AT = 60;

/** "RPSLOT", version 1. */
const SNAPSHOT_SLOT_MAGIC = 0x0001_544f_4c53_5052n;
const SNAPSHOT_SLOT_HEADER_BYTES = 32;

/** How long handles of a worker that has just died may linger. */
const HANDLE_PATIENCE_MS = 5000;

const ZEROS = new Uint8Array(256 * 1024);

function asStorageError(error: unknown, what: string): RewardPoolError {
  if (error instanceof RewardPoolError) return error;
  const { name, message } = error as DOMException;
  const told = `${what}: ${name}: ${message}`;
  switch (name) {
    case 'QuotaExceededError':
      return new RewardPoolError('full', told, { cause: error });
    case 'NoModificationAllowedError':
      return new RewardPoolError('busy', told, { cause: error });
    case 'NotFoundError':
      return new RewardPoolError('store-lost', told, { cause: error });
    case 'SecurityError':
      return new RewardPoolError('unsupported', told, { cause: error });
    default:
      return new RewardPoolError('io', told, { cause: error });
  }
}

/** Writes all of it, or throws 'full' with the file as far as it came. */
function writeFully(handle: FileSystemSyncAccessHandle, bytes: Uint8Array, at: number): void {
  // Browsers differ in whether a short count or an exception tells of a full quota.
  const count = handle.write(bytes as Uint8Array<ArrayBuffer>, { at });
  if (count !== bytes.length) {
    throw new RewardPoolError('full', `only ${count} of ${bytes.length} bytes could be written`);
  }
}

function writeZeros(handle: FileSystemSyncAccessHandle, from: number, to: number): void {
  for (let at = from; at < to; at += ZEROS.length) {
    writeFully(handle, ZEROS.subarray(0, Math.min(ZEROS.length, to - at)), at);
  }
}

function readAll(handle: FileSystemSyncAccessHandle, from = 0): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, handle.getSize() - from));
  const count = handle.read(bytes, { at: from });
  if (count !== bytes.length) {
    throw new RewardPoolError('io', `only ${count} of ${bytes.length} bytes could be read`);
  }
  return bytes;
}

interface SegmentSlot {
  handle: FileSystemSyncAccessHandle;
  /** Undefined: free. */
  number: bigint | undefined;
  /** Beyond this there are only zeros. */
  usedBytes: number;
}

interface SnapshotSlot {
  handle: FileSystemSyncAccessHandle;
  /** Undefined: free. */
  name: bigint | undefined;
}

/** Length without the zeros at the end. */
function usedLength(bytes: Uint8Array): number {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) --length;
  return length;
}

function readSegmentSlots(handles: FileSystemSyncAccessHandle[]): SegmentSlot[] {
  const slots: SegmentSlot[] = [];
  const torn: SegmentSlot[] = [];
  let largest = 0n;
  for (const handle of handles) {
    const bytes = readAll(handle);
    const slot: SegmentSlot = { handle, number: undefined, usedBytes: usedLength(bytes) };
    slots.push(slot);
    const header = bytes.subarray(0, SEGMENT_HEADER_BYTES);
    if (isAllZero(header)) continue;
    const view = new DataView(bytes.buffer);
    if (
      header.length < SEGMENT_HEADER_BYTES ||
      view.getUint32(SEGMENT_CRC_AT, true) !== crc32c(header.subarray(0, SEGMENT_CRC_AT))
    ) {
      torn.push(slot);
      continue;
    }
    slot.number = view.getBigUint64(SEGMENT_NUMBER_AT, true);
    if (slot.number > largest) largest = slot.number;
  }
  // A header that is not whole does not tell its number. If it was being written
  // when the power failed, it was that of the next segment; recovery judges.
  for (const slot of torn) slot.number = ++largest;
  return slots;
}

function snapshotSlotHeader(name: bigint, length: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(SNAPSHOT_SLOT_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setBigUint64(0, SNAPSHOT_SLOT_MAGIC, true);
  view.setBigUint64(8, name, true);
  view.setBigUint64(16, BigInt(length), true);
  view.setUint32(28, crc32c(header.subarray(0, 28)), true);
  return header;
}

function readSnapshotSlot(handle: FileSystemSyncAccessHandle): SnapshotSlot {
  const free = { handle, name: undefined };
  const size = handle.getSize();
  if (size < SNAPSHOT_SLOT_HEADER_BYTES) return free;
  const header = new Uint8Array(SNAPSHOT_SLOT_HEADER_BYTES);
  handle.read(header, { at: 0 });
  const view = new DataView(header.buffer);
  const name = view.getBigUint64(8, true);
  const length = size - SNAPSHOT_SLOT_HEADER_BYTES;
  const expected = snapshotSlotHeader(name, length);
  return header.every((byte, i) => byte === expected[i]) ? { handle, name } : free;
}

export class OpfsStorage implements PoolStorage {
  readonly kind = 'opfs';
  readonly #folder: FileSystemDirectoryHandle;
  readonly #segments: SegmentSlot[];
  readonly #snapshots: SnapshotSlot[];
  #open: SegmentSlot | undefined;
  /** Of the open segment's file: to ask for it with each batch takes time. */
  #openFileBytes = 0;
  #failure: RewardPoolError | undefined;
  #isClosed = false;

  constructor(
    folder: FileSystemDirectoryHandle,
    segments: FileSystemSyncAccessHandle[],
    snapshots: FileSystemSyncAccessHandle[],
  ) {
    this.#folder = folder;
    this.#segments = readSegmentSlots(segments);
    this.#snapshots = snapshots.map(readSnapshotSlot);
  }

  /** True if startSegment() would have to make a file. */
  get needsNewFile(): boolean {
    return this.#segments.every((slot) => slot.number !== undefined);
  }

  async list(): Promise<StorageListing> {
    this.#checkOpen();
    const started = this.#segments.filter((slot) => slot.number !== undefined);
    const names = this.#snapshots.map((slot) => slot.name).filter((name) => name !== undefined);
    const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : Number(a > b));
    return {
      segments: started
        .map((slot) => ({ number: slot.number!, bytes: slot.handle.getSize() }))
        .sort((a, b) => ascending(a.number, b.number)),
      snapshots: names.sort(ascending),
    };
  }

  async readSegment(number: bigint): Promise<Uint8Array> {
    return this.#guard('reading a segment', () => readAll(this.#segment(number).handle));
  }

  startSegment(number: bigint, capacityBytes: number, header: Uint8Array): void | Promise<void> {
    this.#checkUsable();
    if (this.#open?.number === number && this.#open.usedBytes === header.length) {
      this.#writeHeader(this.#open, number, header);
      return undefined;
    }
    for (const slot of this.#segments) {
      if (slot.number === undefined || slot.number < number) continue;
      const leftBehind =
        slot.number === number && slot !== this.#open && slot.usedBytes <= header.length;
      if (!leftBehind) throw cannotStart(number, slot.number);
      this.#guard('freeing a segment', () => this.#free(slot));
    }
    this.sync();
    const free = this.#segments.find((slot) => slot.number === undefined);
    if (free !== undefined) {
      this.#start(free, number, capacityBytes, header);
      return undefined;
    }
    return this.#addSegmentSlot().then((slot) => this.#start(slot, number, capacityBytes, header));
  }

  append(bytes: Uint8Array): void {
    this.#checkUsable();
    const slot = this.#open;
    if (slot === undefined) throw noOpenSegment();
    const { handle, usedBytes } = slot;
    const size = this.#openFileBytes;
    this.#writeOrTakeBack('appending to the log', () => writeFully(handle, bytes, usedBytes), () => {
      handle.truncate(size);
      writeZeros(handle, usedBytes, size);
    });
    slot.usedBytes += bytes.length;
    this.#openFileBytes = Math.max(size, slot.usedBytes);
  }

  /** Undoes the last append() of so many bytes, durably. */
  retract(byteCount: number): void {
    this.#checkUsable();
    const slot = this.#open;
    if (slot === undefined) throw noOpenSegment();
    try {
      writeZeros(slot.handle, slot.usedBytes - byteCount, slot.usedBytes);
      slot.handle.flush();
    } catch (error) {
      throw this.#fail(error, 'taking back a batch');
    }
    slot.usedBytes -= byteCount;
  }

  sync(): void {
    this.#checkUsable();
    if (this.#open === undefined) return;
    try {
      this.#open.handle.flush();
    } catch (error) {
      throw this.#fail(error, 'flushing the log');
    }
  }

  truncateSegment(number: bigint, length: number): void {
    const slot = this.#closedSegment(number);
    this.#guard('cutting a segment', () => {
      if (length > slot.handle.getSize()) throw shorterThan(number, length);
      slot.handle.truncate(length);
      slot.handle.flush();
      slot.usedBytes = Math.min(slot.usedBytes, length);
    });
  }

  persistSegment(number: bigint): void {
    const { handle } = this.#closedSegment(number);
    this.#guard('writing a segment again', () => {
      writeFully(handle, readAll(handle), 0);
      handle.flush();
    });
  }

  removeSegment(number: bigint): void {
    this.#checkUsable();
    const slot = this.#segments.find((one) => one.number === number);
    if (slot === undefined) return;
    if (slot === this.#open) throw segmentIsOpen(number);
    this.#guard('removing a segment', () => this.#free(slot));
  }

  async installSegment(number: bigint, bytes: Uint8Array): Promise<void> {
    this.#checkUsable();
    if (this.#segments.some((slot) => slot.number === number)) throw segmentExists(number);
    const slot =
      this.#segments.find((one) => one.number === undefined) ?? (await this.#addSegmentSlot());
    this.#guard('storing a segment', () => {
      const { handle } = slot;
      this.#clean(slot);
      try {
        // The header last: until then the slot is free.
        handle.truncate(bytes.length);
        writeFully(handle, bytes.subarray(SEGMENT_HEADER_BYTES), SEGMENT_HEADER_BYTES);
        handle.flush();
        writeFully(handle, bytes.subarray(0, SEGMENT_HEADER_BYTES), 0);
        handle.flush();
      } catch (error) {
        handle.truncate(0);
        handle.flush();
        throw error;
      }
      slot.number = number;
      slot.usedBytes = usedLength(bytes);
    });
  }

  async loadSnapshot(name: bigint): Promise<Uint8Array> {
    const slot = this.#snapshots.find((one) => one.name === name);
    if (slot === undefined) throw noSuchSnapshot(name);
    return this.#guard('reading a snapshot', () => readAll(slot.handle, SNAPSHOT_SLOT_HEADER_BYTES));
  }

  publishSnapshot(name: bigint, bytes: Uint8Array): void {
    this.#checkUsable();
    const slot = this.#snapshots.find((one) => one.name === undefined);
    if (slot === undefined) throw new RewardPoolError('io', 'all places for snapshots are taken');
    const replaced = this.#snapshots.find((one) => one.name === name);
    this.#guard('storing a snapshot', () => {
      const { handle } = slot;
      try {
        handle.truncate(0);
        handle.truncate(SNAPSHOT_SLOT_HEADER_BYTES);
        writeFully(handle, bytes, SNAPSHOT_SLOT_HEADER_BYTES);
        handle.flush();
        writeFully(handle, snapshotSlotHeader(name, bytes.length), 0);
        handle.flush();
      } catch (error) {
        handle.truncate(0);
        throw error;
      }
      slot.name = name;
      if (replaced !== undefined) this.#freeSnapshot(replaced);
    });
  }

  removeSnapshot(name: bigint): void {
    this.#checkUsable();
    const slot = this.#snapshots.find((one) => one.name === name);
    if (slot !== undefined) this.#guard('removing a snapshot', () => this.#freeSnapshot(slot));
  }

  async probe(): Promise<void> {
    try {
      // From the root: the handles of a folder that was removed go on working.
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle(ROOT_FOLDER);
      const own = await folder.getDirectoryHandle(this.#folder.name);
      await own.getFileHandle(segmentSlotName(0));
    } catch (error) {
      const { name } = error as DOMException;
      if (name !== 'NotFoundError') throw asStorageError(error, 'looking for the pool');
      throw this.#fail(
        new RewardPoolError('store-lost', "the site's data was cleared while the pool was open"),
      );
    }
  }

  close(): void {
    if (this.#isClosed) return;
    if (this.#failure === undefined) this.sync();
    this.abandon();
  }

  abandon(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Closing a handle whose file was removed never returns.
    if (this.#failure?.code === 'store-lost') return;
    for (const { handle } of [...this.#segments, ...this.#snapshots]) {
      try {
        handle.close();
      } catch {
        // It holds nothing up.
      }
    }
  }

  /** The files were removed: abandon() must not touch them. */
  noteLost(failure: RewardPoolError): void {
    this.#failure ??= failure;
  }

  // ------------------------------------------------------------------------------

  #checkOpen(): void {
    if (this.#isClosed) throw new RewardPoolError('closed', 'the storage is closed');
  }

  #checkUsable(): void {
    this.#checkOpen();
    if (this.#failure?.code === 'store-lost') throw this.#failure;
    if (this.#failure !== undefined) throw earlierFailure(this.#failure);
  }

  #fail(error: unknown, what = 'writing the log'): RewardPoolError {
    const failure = asStorageError(error, what);
    this.#failure ??= failure;
    return failure.code === 'full' ? new RewardPoolError('io', failure.message) : failure;
  }

  /** What there was room for in part only, `takeBack` undoes. */
  #writeOrTakeBack(what: string, write: () => void, takeBack: () => void): void {
    try {
      write();
    } catch (error) {
      const failure = asStorageError(error, what);
      if (failure.code !== 'full') throw this.#fail(failure);
      try {
        takeBack();
      } catch (restoring) {
        throw this.#fail(restoring, 'giving room back');
      }
      throw failure;
    }
  }

  #guard<T>(what: string, action: () => T): T {
    this.#checkUsable();
    try {
      return action();
    } catch (error) {
      throw asStorageError(error, what);
    }
  }

  #segment(number: bigint): SegmentSlot {
    const slot = this.#segments.find((one) => one.number === number);
    if (slot === undefined) throw noSuchSegment(number);
    return slot;
  }

  #closedSegment(number: bigint): SegmentSlot {
    this.#checkUsable();
    const slot = this.#segment(number);
    if (slot === this.#open) throw segmentIsOpen(number);
    return slot;
  }

  #start(slot: SegmentSlot, number: bigint, capacityBytes: number, header: Uint8Array): void {
    const { handle } = slot;
    try {
      this.#clean(slot);
      const size = handle.getSize();
      if (size < capacityBytes) {
        try {
          writeZeros(handle, size, capacityBytes);
        } catch (error) {
          handle.truncate(size);
          throw error;
        }
      }
      handle.flush();
    } catch (error) {
      const failure = asStorageError(error, 'making room for the log');
      throw failure.code === 'full' ? failure : this.#fail(failure);
    }
    this.#writeHeader(slot, number, header);
  }

  #writeHeader(slot: SegmentSlot, number: bigint, header: Uint8Array): void {
    const { handle } = slot;
    const before = new Uint8Array(header.length);
    handle.read(before, { at: 0 });
    this.#writeOrTakeBack('starting a segment', () => writeFully(handle, header, 0), () => {
      writeFully(handle, before, 0);
      handle.flush();
    });
    try {
      handle.flush();
    } catch (error) {
      throw this.#fail(error, 'starting a segment');
    }
    slot.number = number;
    slot.usedBytes = header.length;
    this.#open = slot;
    this.#openFileBytes = handle.getSize();
  }

  /** Makes a free slot all zeros: stale bytes behind a segment would read as damage. */
  #clean(slot: SegmentSlot): void {
    if (slot.usedBytes === 0) return;
    writeZeros(slot.handle, 0, slot.usedBytes);
    slot.handle.flush();
    slot.usedBytes = 0;
  }

  #free(slot: SegmentSlot): void {
    // The header first: a crash in between leaves a free slot with leftovers.
    writeZeros(slot.handle, 0, Math.min(SEGMENT_HEADER_BYTES, slot.handle.getSize()));
    slot.handle.flush();
    slot.number = undefined;
  }

  #freeSnapshot(slot: SnapshotSlot): void {
    slot.handle.truncate(0);
    slot.handle.flush();
    slot.name = undefined;
  }

  async #addSegmentSlot(): Promise<SegmentSlot> {
    try {
      const name = segmentSlotName(this.#segments.length);
      const slot = {
        handle: await openSlot(this.#folder, name, true),
        number: undefined,
        usedBytes: 0,
      };
      this.#segments.push(slot);
      return slot;
    } catch (error) {
      throw asStorageError(error, 'making a file for the log');
    }
  }
}

function segmentSlotName(index: number): string {
  return `wal-${index}`;
}
function snapshotSlotName(index: number): string {
  return `snap-${index}`;
}

async function openSlot(
  folder: FileSystemDirectoryHandle,
  name: string,
  create: boolean,
): Promise<FileSystemSyncAccessHandle> {
  const file = await folder.getFileHandle(name, { create });
  const giveUpAt = performance.now() + HANDLE_PATIENCE_MS;
  for (let pauseMs = 5; ; pauseMs *= 2) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      const isLingering = (error as DOMException).name === 'NoModificationAllowedError';
      if (!isLingering || performance.now() + pauseMs > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/**
 * How the names of a pool's folder begin. Names may not hold every character, and
 * some systems fold their case. Behind it comes something random: Chromium does
 * not let go of a file that was removed while it was open (site data cleared), so
 * a pool that is made anew must not use the same paths.
 */
function folderPrefix(name: string): string {
  return `pool-${encodedPoolName(name)}.`;
}

async function findFolder(
  pools: FileSystemDirectoryHandle,
  name: string,
): Promise<string | undefined> {
  const prefix = folderPrefix(name);
  for await (const entry of pools.keys()) if (entry.startsWith(prefix)) return entry;
  return undefined;
}

async function openOpfs(name: string, create: boolean): Promise<OpfsStorage> {
  if (!(await opfsIsSupported())) {
    throw new RewardPoolError(
      'unsupported',
      'there is no origin private file system with synchronous access here',
    );
  }
  const handles: FileSystemSyncAccessHandle[] = [];
  try {
    const root = await navigator.storage.getDirectory();
    const pools = await root.getDirectoryHandle(ROOT_FOLDER, { create });
    const found = await findFolder(pools, name);
    if (found === undefined && !create) throw noPool(JSON.stringify(name));
    const folder = await pools.getDirectoryHandle(
      found ?? folderPrefix(name) + randomId(),
      { create },
    );
    const openAll = async (count: number, nameOf: (index: number) => string) => {
      const opened: FileSystemSyncAccessHandle[] = [];
      for (let i = 0; ; ++i) {
        try {
          // Slots of the fixed set are made when the pool is, or mended here.
          const handle = await openSlot(folder, nameOf(i), i < count);
          opened.push(handle);
          handles.push(handle);
        } catch (error) {
          if (i >= count && (error as DOMException).name === 'NotFoundError') return opened;
          throw error;
        }
      }
    };
    const segments = await openAll(SEGMENT_SLOTS, segmentSlotName);
    const snapshots = await openAll(SNAPSHOT_SLOTS, snapshotSlotName);
    return new OpfsStorage(folder, segments, snapshots);
  } catch (error) {
    for (const handle of handles) handle.close();
    if ((error as DOMException).name === 'NotFoundError' && !create) throw noPool(JSON.stringify(name));
    throw asStorageError(error, 'opening the pool');
  }
}

async function deleteOpfs(name: string): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory();
    const pools = await root.getDirectoryHandle(ROOT_FOLDER);
    const found = await findFolder(pools, name);
    if (found !== undefined) await pools.removeEntry(found, { recursive: true });
  } catch (error) {
    if ((error as DOMException).name === 'NotFoundError') return;
    throw asStorageError(error, 'deleting the pool');
  }
}

/** Synchronous handles exist in dedicated workers only. */
export async function opfsIsSupported(): Promise<boolean> {
  if (
    typeof FileSystemFileHandle === 'undefined' ||
    !('createSyncAccessHandle' in FileSystemFileHandle.prototype) ||
    typeof navigator.storage?.getDirectory !== 'function'
  ) {
    return false;
  }
  try {
    await navigator.storage.getDirectory();
    return true;
  } catch {
    // Some browsers have it and refuse, in private windows for example.
    return false;
  }
}

export interface OpfsStorageOpener extends StorageOpener {
  open(create: boolean): Promise<OpfsStorage>;
}

export function opfsStorageOpener(name: string): OpfsStorageOpener {
  return {
    kind: 'opfs',
    open: (create) => openOpfs(name, create),
    delete: () => deleteOpfs(name),
  };
}
