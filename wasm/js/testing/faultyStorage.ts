/**
 * A storage that breaks its promises on request, for tests of all that stands on
 * one: the JavaScript sister of core/testing's FaultyStorage, with its model.
 *
 * - What is written or named is visible at once, and durable only after a sync.
 * - The death of the program loses nothing that was visible.
 * - A loss of power keeps, of everything that was not synced, an arbitrary part:
 *   sectors of 512 bytes in any order, some torn inside; some names and not others.
 * - After a failed sync the lost sectors stay visible, and no later sync brings
 *   them back, unless they are written again.
 *
 * Every change is one step or several; steps are numbered from 0, and a fault
 * names the step that it strikes. Try a fault everywhere: run once without faults,
 * then once for each of `disk.steps`. All is a function of the seed, the faults
 * and the calls. Unlike real storages this one goes on after a failure: an owner
 * that retries is told that all is well, and the test finds what is missing.
 */
import { RewardPoolError } from '../errors.js';
import type { PoolStorage, StorageListing, StorageOpener } from '../storage/poolStorage.js';
import {
  cannotStart,
  isAllZero,
  noOpenSegment,
  noSuchSegment,
  noSuchSnapshot,
  segmentExists,
  segmentIsOpen,
  shorterThan,
} from '../storage/storageErrors.js';

const SECTOR_BYTES = 512;

/**
 * - `crash`: the program dies in this step: of a write a part was done, of any
 *   other step nothing. All later calls fail.
 * - `crash-at-byte`: `at` counts bytes: the write that would reach byte `at` of all
 *   bytes ever written ends there, and the program dies.
 * - `failed-sync`: a sync fails with 'io'; a part became durable, the rest never will.
 * - `lost-sync`: a sync resolves, and nothing became durable.
 * - `failed-call`: a step that is not a sync fails with 'io', nothing done.
 * - `full`: a step that needs room fails with 'full', nothing done.
 */
export type FaultKind =
  | 'crash'
  | 'crash-at-byte'
  | 'failed-sync'
  | 'lost-sync'
  | 'failed-call'
  | 'full';

/** Strikes `count` (1) steps from `at` on; has no effect on steps of another kind. */
export interface Fault {
  kind: FaultKind;
  at: number;
  count?: number;
}

/** 32 bits at a time (splitmix); for tests. */
export class SeededRandom {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }
  below(bound: number): number {
    return this.next() % bound;
  }
}

/** A file: what can be read of it, and what the platter holds. */
class SimulatedFile {
  /** Its end is room to grow. */
  #room: Uint8Array;
  #length: number;
  durable: Uint8Array;
  /** Sectors that were written and not synced. */
  readonly dirty = new Set<number>();

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.#room = bytes.slice();
    this.#length = bytes.length;
    this.durable = bytes.slice();
  }

  get visible(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  cut(length: number): void {
    this.#room = this.#room.slice(0, length);
    this.#length = length;
  }

  write(at: number, bytes: Uint8Array): void {
    const end = at + bytes.length;
    if (end > this.#room.length) {
      const room = new Uint8Array(2 * end);
      room.set(this.visible);
      this.#room = room;
    }
    this.#room.set(bytes, at);
    this.#length = Math.max(this.#length, end);
    const last = Math.ceil(end / SECTOR_BYTES);
    for (let sector = Math.floor(at / SECTOR_BYTES); sector < last; ++sector) {
      this.dirty.add(sector);
    }
  }

  /** Makes a sector, or its first `bytes`, durable. */
  #settle(sector: number, bytes = SECTOR_BYTES): void {
    const from = sector * SECTOR_BYTES;
    const piece = this.visible.subarray(from, from + bytes);
    const end = from + piece.length;
    if (end > this.durable.length) {
      // A view of a longer buffer, so that appending does not copy all each time.
      const isRoomy = end <= this.durable.buffer.byteLength;
      const longer = isRoomy
        ? new Uint8Array(this.durable.buffer, 0, end)
        : new Uint8Array(new ArrayBuffer(2 * end), 0, end);
      if (isRoomy) longer.fill(0, this.durable.length);
      else longer.set(this.durable);
      this.durable = longer;
    }
    this.durable.set(piece, from);
  }

  sync(): void {
    for (const sector of this.dirty) this.#settle(sector);
    if (this.durable.length > this.#length) this.durable = this.durable.slice(0, this.#length);
    this.dirty.clear();
  }

  failSync(random: SeededRandom): void {
    for (const sector of this.dirty) if (random.below(2) === 0) this.#settle(sector);
    this.dirty.clear();
  }

  /** The file as a loss of power may leave it. */
  afterPowerCut(random: SeededRandom): SimulatedFile {
    const left = new SimulatedFile(this.visible);
    left.durable = this.durable.slice();
    for (const sector of this.dirty) {
      const fate = random.below(4);
      if (fate < 2) left.#settle(sector);
      if (fate === 2) left.#settle(sector, random.below(SECTOR_BYTES));
    }
    return new SimulatedFile(left.durable);
  }
}

type Names = Map<string, SimulatedFile>;

function segmentName(number: bigint): string {
  return `wal ${number}`;
}
function snapshotName(name: bigint): string {
  return `snapshot ${name}`;
}

export class FaultyDisk {
  /** What each step did, "write wal 1". */
  readonly steps: string[] = [];
  bytesWritten = 0;
  crashed = false;
  isInUse = false;
  exists = false;
  /** The most that the files may hold together. */
  quotaBytes = Infinity;
  faults: Fault[];
  visible: Names = new Map();
  #durable: Names = new Map();
  readonly #random: SeededRandom;

  constructor(seed: number, faults: Fault[] = []) {
    this.#random = new SeededRandom(seed);
    this.faults = faults;
  }

  /** A new program begins: what was visible is there, durable or not. */
  restart(faults: Fault[] = []): void {
    this.faults = faults;
    this.steps.length = 0;
    this.bytesWritten = 0;
    this.crashed = false;
    this.isInUse = false;
  }

  /** The machine loses power, and a new program begins. */
  losePower(seed: number, faults: Fault[] = []): void {
    const random = new SeededRandom(seed);
    const left: Names = new Map();
    for (const name of new Set([...this.#durable.keys(), ...this.visible.keys()])) {
      const named = random.below(2) === 0 ? this.visible.get(name) : this.#durable.get(name);
      const file = this.visible.get(name) === this.#durable.get(name) ? this.visible.get(name) : named;
      if (file !== undefined) left.set(name, file.afterPowerCut(random));
    }
    this.visible = left;
    this.#durable = new Map(left);
    this.restart(faults);
  }

  /** Everything is gone, names and all, as with a new OPFS file in Chromium. */
  loseEverything(): void {
    this.visible = new Map();
    this.#durable = new Map();
    this.exists = false;
    this.restart();
  }

  // --- The storage's side: each of these is one step ---------------------------

  write(name: string, at: number, bytes: Uint8Array): void {
    const file = this.visible.get(name)!;
    const strike = this.#begin(`write ${name}`);
    const growth = Math.max(0, at + bytes.length - file.visible.length);
    this.#refuse(strike, growth);
    let done = bytes.length;
    if (strike === 'crash') done = this.#random.below(bytes.length + 1);
    const limit = this.faults.find(({ kind }) => kind === 'crash-at-byte')?.at ?? Infinity;
    const dies = strike === 'crash' || this.bytesWritten + bytes.length > limit;
    if (dies) done = Math.min(done, limit - this.bytesWritten);
    file.write(at, bytes.subarray(0, done));
    this.bytesWritten += done;
    if (dies) this.#crash();
  }

  sync(name: string): void {
    const file = this.visible.get(name)!;
    const strike = this.#begin(`sync ${name}`);
    if (strike === 'crash') this.#crash();
    if (strike === 'lost-sync') return;
    if (strike === 'failed-sync') {
      file.failSync(this.#random);
      throw new RewardPoolError('io', `sync ${name} failed`);
    }
    file.sync();
  }

  create(name: string): void {
    this.#change(`create ${name}`, 1);
    this.visible.set(name, new SimulatedFile());
  }

  remove(name: string): void {
    this.#change(`remove ${name}`);
    this.visible.delete(name);
  }

  rename(from: string, to: string): void {
    this.#change(`rename ${from}`);
    this.visible.set(to, this.visible.get(from)!);
    this.visible.delete(from);
  }

  cut(name: string, length: number): void {
    this.#change(`cut ${name}`);
    this.visible.get(name)!.cut(length);
  }

  syncNames(): void {
    const strike = this.#begin('sync names');
    if (strike === 'crash') this.#crash();
    if (strike === 'lost-sync') return;
    if (strike === 'failed-sync') throw new RewardPoolError('io', 'sync of the names failed');
    this.#durable = new Map(this.visible);
  }

  check(): void {
    if (this.crashed) throw new RewardPoolError('io', 'the program has crashed');
  }

  #begin(step: string): FaultKind | undefined {
    this.check();
    const number = this.steps.push(step) - 1;
    return this.faults.find(
      ({ kind, at, count = 1 }) => kind !== 'crash-at-byte' && number >= at && number < at + count,
    )?.kind;
  }

  #change(step: string, growth = 0): void {
    const strike = this.#begin(step);
    if (strike === 'crash') this.#crash();
    this.#refuse(strike, growth);
  }

  #refuse(strike: FaultKind | undefined, growth: number): void {
    const step = this.steps.at(-1)!;
    if (strike === 'failed-call') throw new RewardPoolError('io', `${step} failed`);
    let stored = 0;
    for (const { visible } of this.visible.values()) stored += visible.length;
    if (growth > 0 && (strike === 'full' || stored + growth > this.quotaBytes)) {
      throw new RewardPoolError('full', `${step}: no room`);
    }
  }

  #crash(): never {
    this.crashed = true;
    throw new RewardPoolError('io', `the program dies in "${this.steps.at(-1)!}"`);
  }
}

function numbersOf(names: Iterable<string>, kind: string): bigint[] {
  return [...names]
    .filter((name) => name.startsWith(`${kind} `))
    .map((name) => BigInt(name.slice(kind.length + 1)))
    .sort((a, b) => (a < b ? -1 : Number(a > b)));
}

class FaultyStorage implements PoolStorage {
  readonly kind = 'memory';
  readonly #disk: FaultyDisk;
  #open: bigint | undefined;
  #isClosed = false;

  constructor(disk: FaultyDisk) {
    this.#disk = disk;
  }

  async list(): Promise<StorageListing> {
    this.#check();
    const { visible } = this.#disk;
    return {
      segments: numbersOf(visible.keys(), 'wal')
        .map((number) => ({ number, file: visible.get(segmentName(number))! }))
        .filter(({ file }) => !isAllZero(file.visible))
        .map(({ number, file }) => ({ number, bytes: file.visible.length })),
      snapshots: numbersOf(visible.keys(), 'snapshot'),
    };
  }

  async readSegment(number: bigint): Promise<Uint8Array> {
    this.#check();
    return this.#segment(number).visible.slice();
  }

  async startSegment(number: bigint, _capacityBytes: number, header: Uint8Array): Promise<void> {
    this.#check();
    const disk = this.#disk;
    const name = segmentName(number);
    for (const existing of numbersOf(disk.visible.keys(), 'wal')) {
      if (existing < number) continue;
      const { visible } = this.#segment(existing);
      const isLeftBehind =
        existing !== this.#open && isAllZero(visible, existing === number ? header.length : 0);
      if (!isLeftBehind) throw cannotStart(number, existing);
    }
    if (this.#open !== undefined) disk.sync(segmentName(this.#open));
    if (disk.visible.has(name)) disk.remove(name);
    try {
      disk.create(name);
      disk.write(name, 0, header);
    } catch (error) {
      // Whoever is out of room must not be left with less.
      if ((error as RewardPoolError).code === 'full' && disk.visible.has(name)) disk.remove(name);
      throw error;
    }
    disk.sync(name);
    disk.syncNames();
    this.#open = number;
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#check();
    if (this.#open === undefined) throw noOpenSegment();
    this.#disk.write(segmentName(this.#open), this.#segment(this.#open).visible.length, bytes);
  }

  async sync(): Promise<void> {
    this.#check();
    if (this.#open !== undefined) this.#disk.sync(segmentName(this.#open));
  }

  async truncateSegment(number: bigint, length: number): Promise<void> {
    const { visible } = this.#closedSegment(number);
    if (length > visible.length) throw shorterThan(number, length);
    this.#disk.cut(segmentName(number), length);
    this.#disk.sync(segmentName(number));
  }

  async persistSegment(number: bigint): Promise<void> {
    const { visible } = this.#closedSegment(number);
    this.#disk.write(segmentName(number), 0, visible);
    this.#disk.sync(segmentName(number));
    this.#disk.syncNames();
  }

  async removeSegment(number: bigint): Promise<void> {
    this.#check();
    if (number === this.#open) throw segmentIsOpen(number);
    this.#remove(segmentName(number));
  }

  async installSegment(number: bigint, bytes: Uint8Array): Promise<void> {
    this.#check();
    if (this.#disk.visible.has(segmentName(number))) throw segmentExists(number);
    this.#publish(segmentName(number), bytes);
  }

  async loadSnapshot(name: bigint): Promise<Uint8Array> {
    this.#check();
    const file = this.#disk.visible.get(snapshotName(name));
    if (file === undefined) throw noSuchSnapshot(name);
    return file.visible.slice();
  }

  async publishSnapshot(name: bigint, bytes: Uint8Array): Promise<void> {
    this.#check();
    this.#publish(snapshotName(name), bytes);
  }

  async removeSnapshot(name: bigint): Promise<void> {
    this.#check();
    this.#remove(snapshotName(name));
  }

  async probe(): Promise<void> {
    if (!this.#disk.exists) throw new RewardPoolError('store-lost', 'the disk was taken away');
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.sync();
    } finally {
      this.abandon();
    }
  }

  abandon(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#disk.isInUse = false;
  }

  #check(): void {
    if (this.#isClosed) throw new RewardPoolError('closed', 'the storage is closed');
    this.#disk.check();
  }

  #segment(number: bigint): SimulatedFile {
    const file = this.#disk.visible.get(segmentName(number));
    if (file === undefined) throw noSuchSegment(number);
    return file;
  }

  #closedSegment(number: bigint): SimulatedFile {
    this.#check();
    if (number === this.#open) throw segmentIsOpen(number);
    return this.#segment(number);
  }

  #publish(name: string, bytes: Uint8Array): void {
    const disk = this.#disk;
    const temporary = `temporary ${name}`;
    if (disk.visible.has(temporary)) disk.remove(temporary);
    try {
      disk.create(temporary);
      disk.write(temporary, 0, bytes);
    } catch (error) {
      if ((error as RewardPoolError).code === 'full' && disk.visible.has(temporary)) {
        disk.remove(temporary);
      }
      throw error;
    }
    disk.sync(temporary);
    disk.rename(temporary, name);
    disk.syncNames();
  }

  #remove(name: string): void {
    if (!this.#disk.visible.has(name)) return;
    this.#disk.remove(name);
    this.#disk.syncNames();
  }
}

export function faultyStorageOpener(disk: FaultyDisk): StorageOpener {
  return {
    kind: 'memory',
    open: async (create) => {
      disk.check();
      if (disk.isInUse) throw new RewardPoolError('busy', 'the disk is in use');
      if (!disk.exists && !create) throw new RewardPoolError('not-found', 'there is no pool');
      disk.exists = true;
      disk.isInUse = true;
      return new FaultyStorage(disk);
    },
    delete: async () => {
      if (disk.isInUse) throw new RewardPoolError('busy', 'the disk is in use');
      disk.loseEverything();
    },
  };
}
