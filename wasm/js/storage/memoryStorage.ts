import {
  cannotStart,
  isAllZero,
  noOpenSegment,
  noPool,
  noSuchSegment,
  noSuchSnapshot,
  segmentExists,
  segmentIsOpen,
  shorterThan,
} from './storageErrors.js';
import { RewardPoolError } from '../errors.js';
import type { PoolStorage, StorageListing, StorageOpener } from './poolStorage.js';

/** Bytes that grow by doubling. */
class Bytes {
  #room: Uint8Array<ArrayBuffer>;
  #length: number;

  constructor(bytes: Uint8Array) {
    this.#room = bytes.slice();
    this.#length = bytes.length;
  }

  get length(): number {
    return this.#length;
  }
  view(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }
  append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#room.length) {
      const room = new Uint8Array(Math.max(length, 2 * this.#room.length));
      room.set(this.view());
      this.#room = room;
    }
    this.#room.set(bytes, this.#length);
    this.#length = length;
  }
  truncate(length: number): void {
    this.#room = this.#room.slice(0, length);
    this.#length = length;
  }
}

/** What outlives a MemoryStorage: open it again to play a restart. */
export class MemoryDisk {
  readonly segments = new Map<bigint, Bytes>();
  readonly snapshots = new Map<bigint, Uint8Array>();
  /** There is a place for a pool, be it empty. */
  exists = false;
  isInUse = false;
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b);
}

/** For pools that need not outlive their program, and for tests. */
class MemoryStorage implements PoolStorage {
  readonly kind = 'memory';
  readonly #disk: MemoryDisk;
  #open: { number: bigint; bytes: Bytes } | undefined;
  #isClosed = false;

  constructor(disk: MemoryDisk) {
    this.#disk = disk;
  }

  async list(): Promise<StorageListing> {
    const { segments, snapshots } = this.#disk;
    return {
      segments: [...segments.keys()]
        .sort(ascending)
        .map((number) => ({ number, bytes: segments.get(number)!.length })),
      snapshots: [...snapshots.keys()].sort(ascending),
    };
  }

  async readSegment(number: bigint): Promise<Uint8Array> {
    return this.#segment(number).view().slice();
  }

  startSegment(number: bigint, _capacityBytes: number, header: Uint8Array): void {
    this.#checkUsable();
    for (const [existing, bytes] of this.#disk.segments) {
      if (existing < number) continue;
      const leftBehind = existing === number && isAllZero(bytes.view(), header.length);
      if (!leftBehind) throw cannotStart(number, existing);
    }
    const bytes = new Bytes(header);
    this.#disk.segments.set(number, bytes);
    this.#open = { number, bytes };
  }

  append(bytes: Uint8Array): void {
    this.#checkUsable();
    if (this.#open === undefined) throw noOpenSegment();
    this.#open.bytes.append(bytes);
  }

  sync(): void {
    // Nothing is more durable than the rest.
    this.#checkUsable();
  }

  truncateSegment(number: bigint, length: number): void {
    const bytes = this.#closedSegment(number);
    if (length > bytes.length) throw shorterThan(number, length);
    bytes.truncate(length);
  }

  persistSegment(number: bigint): void {
    this.#closedSegment(number);
  }

  removeSegment(number: bigint): void {
    this.#checkUsable();
    if (number === this.#open?.number) throw segmentIsOpen(number);
    this.#disk.segments.delete(number);
  }

  installSegment(number: bigint, bytes: Uint8Array): void {
    this.#checkUsable();
    if (this.#disk.segments.has(number)) throw segmentExists(number);
    this.#disk.segments.set(number, new Bytes(bytes));
  }

  async loadSnapshot(name: bigint): Promise<Uint8Array> {
    const bytes = this.#disk.snapshots.get(name);
    if (bytes === undefined) throw noSuchSnapshot(name);
    return bytes;
  }

  publishSnapshot(name: bigint, bytes: Uint8Array): void {
    this.#checkUsable();
    this.#disk.snapshots.set(name, bytes.slice());
  }

  removeSnapshot(name: bigint): void {
    this.#checkUsable();
    this.#disk.snapshots.delete(name);
  }

  probe(): void {
    // Nobody can take it away.
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#open = undefined;
    this.#disk.isInUse = false;
  }

  abandon(): void {
    this.close();
  }

  #checkUsable(): void {
    if (this.#isClosed) throw new RewardPoolError('closed', 'the storage is closed');
  }

  #segment(number: bigint): Bytes {
    const bytes = this.#disk.segments.get(number);
    if (bytes === undefined) throw noSuchSegment(number);
    return bytes;
  }

  #closedSegment(number: bigint): Bytes {
    this.#checkUsable();
    if (number === this.#open?.number) throw segmentIsOpen(number);
    return this.#segment(number);
  }
}

/** Every opener without a disk of its own has a new, empty one. */
export function memoryStorageOpener(disk: MemoryDisk = new MemoryDisk()): StorageOpener {
  return {
    kind: 'memory',
    open: async (create) => {
      if (disk.isInUse) throw new RewardPoolError('busy', 'the pool in memory is open already');
      if (!disk.exists && !create) {
        throw noPool('in memory');
      }
      disk.exists = true;
      disk.isInUse = true;
      return new MemoryStorage(disk);
    },
    delete: async () => {
      if (disk.isInUse) throw new RewardPoolError('busy', 'the pool in memory is open');
      disk.segments.clear();
      disk.snapshots.clear();
      disk.exists = false;
    },
  };
}
