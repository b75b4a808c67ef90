/**
 * A pool in an IndexedDB database of its own, in a page or any worker.
 *
 * Every transaction asks for `durability: 'strict'`: the default keeps nothing
 * over a loss of power. A batch is one put, never one for each record. So that
 * recovery need not read a row for each batch, a short last row is written again
 * with the new batch behind it.
 *
 * Rows of `segments` are pieces: [segment, offset of the piece] -> bytes. Nothing
 * is preallocated, so there are no zeros behind a segment.
 */
import { RewardPoolError } from '../errors.js';
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

/** A last row that is longer than this is left as it is. */
const PIECE_BYTES = 4096;
const SEGMENTS = 'segments';
const SNAPSHOTS = 'snapshots';

function asStorageError(error: unknown, what: string): RewardPoolError {
  if (error instanceof RewardPoolError) return error;
  const { name, message } = (error ?? {}) as DOMException;
  const code = name === 'QuotaExceededError' ? 'full' : 'io';
  return new RewardPoolError(code, `${what}: ${name}: ${message}`, { cause: error });
}

/** Keys order as numbers do. */
function keyOf(number: bigint): string {
  return String(number).padStart(20, '0');
}

type PieceKey = [segment: string, offset: number];

function piecesOf(number: bigint): IDBKeyRange {
  return IDBKeyRange.bound([keyOf(number), 0], [keyOf(number), Number.MAX_SAFE_INTEGER]);
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

interface OpenSegment {
  number: bigint;
  /** The last row: where it begins, and what is in it. */
  pieceOffset: number;
  piece: Uint8Array<ArrayBuffer>;
  /** The header is put with the first batch: 'full' then leaves nothing behind. */
  isStored: boolean;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

export class IndexedDbStorage implements PoolStorage {
  readonly kind = 'indexeddb';
  readonly #database: IDBDatabase;
  readonly #releaseLock: () => void;
  #open: OpenSegment | undefined;
  #failure: RewardPoolError | undefined;
  #isClosed = false;

  constructor(database: IDBDatabase, releaseLock: () => void) {
    this.#database = database;
    this.#releaseLock = releaseLock;
    const lost = (): void => {
      this.#failure ??= new RewardPoolError(
        'store-lost',
        "the site's data was cleared while the pool was open",
      );
      database.close();
    };
    database.onclose = lost;
    // Somebody deletes the database: the site's data is being cleared.
    database.onversionchange = lost;
  }

  async list(): Promise<StorageListing> {
    return this.#transact('reading the pool', 'readonly', async (segments, snapshots) => {
      const [pieces, names] = await Promise.all([
        resultOf(segments.getAll()),
        resultOf(snapshots.getAllKeys()),
      ]);
      const keys = (await resultOf(segments.getAllKeys())) as PieceKey[];
      const bytes = new Map<string, number>();
      keys.forEach(([segment, offset], i) => {
        bytes.set(segment, offset + (pieces[i] as Uint8Array).length);
      });
      const open = this.#open;
      if (open !== undefined && !open.isStored) bytes.set(keyOf(open.number), open.piece.length);
      return {
        segments: [...bytes].sort().map(([key, size]) => ({ number: BigInt(key), bytes: size })),
        snapshots: (names as string[]).map(BigInt),
      };
    });
  }

  async readSegment(number: bigint): Promise<Uint8Array> {
    if (this.#open?.number === number && !this.#open.isStored) return this.#open.piece.slice();
    const pieces = await this.#transact('reading a segment', 'readonly', (segments) =>
      resultOf<Uint8Array[]>(segments.getAll(piecesOf(number))),
    );
    if (pieces.length === 0) throw noSuchSegment(number);
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  async startSegment(number: bigint, _capacityBytes: number, header: Uint8Array): Promise<void> {
    this.#checkUsable();
    if (this.#open?.number === number && this.#open.piece.length === header.length) {
      // Begun anew, whether or not it was stored.
      this.#open.piece = header.slice();
      return;
    }
    // The segment before has to be there as a whole, were it only its header.
    await this.#storeHeader();
    for (const { number: existing } of (await this.list()).segments) {
      if (existing < number) continue;
      const isLeftBehind =
        existing === number &&
        existing !== this.#open?.number &&
        isAllZero(await this.readSegment(existing), header.length);
      if (!isLeftBehind) throw cannotStart(number, existing);
      await this.#change('removing a segment', (segments) => segments.delete(piecesOf(existing)));
    }
    this.#open = { number, pieceOffset: 0, piece: header.slice(), isStored: false };
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#checkUsable();
    const open = this.#open;
    if (open === undefined) throw noOpenSegment();
    const isNewPiece = open.isStored && open.piece.length >= PIECE_BYTES;
    const pieceOffset = isNewPiece ? open.pieceOffset + open.piece.length : open.pieceOffset;
    const piece = isNewPiece ? bytes.slice() : joined(open.piece, bytes);
    await this.#appendPiece(open.number, pieceOffset, piece);
    open.pieceOffset = pieceOffset;
    open.piece = piece;
    open.isStored = true;
  }

  async sync(): Promise<void> {
    this.#checkUsable();
    // Every append was durable when it was done.
    await this.#storeHeader();
  }

  async truncateSegment(number: bigint, length: number): Promise<void> {
    const bytes = await this.#readClosed(number);
    if (length > bytes.length) throw shorterThan(number, length);
    await this.#change('cutting a segment', (segments) => {
      segments.delete(piecesOf(number));
      segments.put(bytes.slice(0, length), [keyOf(number), 0]);
    });
  }

  async persistSegment(number: bigint): Promise<void> {
    const bytes = await this.#readClosed(number);
    await this.#change('writing a segment again', (segments) => {
      segments.delete(piecesOf(number));
      segments.put(bytes.slice(), [keyOf(number), 0]);
    });
  }

  async removeSegment(number: bigint): Promise<void> {
    if (number === this.#open?.number) throw segmentIsOpen(number);
    await this.#change('removing a segment', (segments) => segments.delete(piecesOf(number)));
  }

  async installSegment(number: bigint, bytes: Uint8Array): Promise<void> {
    const { segments: stored } = await this.list();
    if (stored.some((segment) => segment.number === number)) throw segmentExists(number);
    await this.#change('storing a segment', (segments) =>
      segments.put(bytes.slice(), [keyOf(number), 0]),
    );
  }

  async loadSnapshot(name: bigint): Promise<Uint8Array> {
    const bytes = await this.#transact('reading a snapshot', 'readonly', (_, snapshots) =>
      resultOf<Uint8Array | undefined>(snapshots.get(keyOf(name))),
    );
    if (bytes === undefined) throw noSuchSnapshot(name);
    return bytes;
  }

  async publishSnapshot(name: bigint, bytes: Uint8Array): Promise<void> {
    await this.#change('storing a snapshot', (_, snapshots) =>
      snapshots.put(bytes.slice(), keyOf(name)),
    );
  }

  async removeSnapshot(name: bigint): Promise<void> {
    await this.#change('removing a snapshot', (_, snapshots) => snapshots.delete(keyOf(name)));
  }

  /** Holds what `from` does and nothing else, all at once; no segment is open then. */
  async replaceAll(from: PoolStorage): Promise<void> {
    const { segments: numbers, snapshots: names } = await from.list();
    const pieces: [string, Uint8Array][] = [];
    for (const { number } of numbers) {
      pieces.push([keyOf(number), (await from.readSegment(number)).slice()]);
    }
    const images: [string, Uint8Array][] = [];
    for (const name of names) images.push([keyOf(name), (await from.loadSnapshot(name)).slice()]);
    await this.#change('storing the pool', (segments, snapshots) => {
      segments.clear();
      snapshots.clear();
      for (const [key, bytes] of pieces) segments.put(bytes, [key, 0]);
      for (const [key, bytes] of images) snapshots.put(bytes, key);
    });
    this.#open = undefined;
  }

  /** Holds nothing, durably: the deletion of a database need not be. */
  async clear(): Promise<void> {
    await this.#change('emptying the pool', (segments, snapshots) => {
      segments.clear();
      snapshots.clear();
    });
    this.#open = undefined;
  }

  probe(): void {
    if (this.#failure?.code === 'store-lost') throw this.#failure;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    try {
      if (this.#failure === undefined) await this.#storeHeader();
    } finally {
      this.abandon();
    }
  }

  abandon(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#database.onclose = null;
    this.#database.onversionchange = null;
    this.#database.close();
    this.#releaseLock();
  }

  // ------------------------------------------------------------------------------

  #checkUsable(): void {
    if (this.#isClosed) throw new RewardPoolError('closed', 'the storage is closed');
    if (this.#failure?.code === 'store-lost') throw this.#failure;
    if (this.#failure !== undefined) throw earlierFailure(this.#failure);
  }

  /** Runs `use` in one transaction, and waits until it is complete. */
  async #transact<T>(
    what: string,
    mode: IDBTransactionMode,
    use: (segments: IDBObjectStore, snapshots: IDBObjectStore) => Promise<T> | T,
  ): Promise<T> {
    this.#checkUsable();
    try {
      const transaction = this.#database.transaction([SEGMENTS, SNAPSHOTS], mode, {
        durability: 'strict',
      });
      const complete = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error);
      });
      // The transaction's error is the one to tell.
      complete.catch(() => undefined);
      const result = use(transaction.objectStore(SEGMENTS), transaction.objectStore(SNAPSHOTS));
      // Changes ask for nothing more when they hear of what they asked for: else the
      // browser would wait for that.
      if (mode === 'readwrite') transaction.commit();
      const value = await result;
      await complete;
      return value;
    } catch (error) {
      this.#checkUsable();
      throw asStorageError(error, what);
    }
  }

  async #change(
    what: string,
    use: (segments: IDBObjectStore, snapshots: IDBObjectStore) => unknown,
  ): Promise<void> {
    await this.#transact(what, 'readwrite', (segments, snapshots) => {
      use(segments, snapshots);
    });
  }

  async #appendPiece(number: bigint, offset: number, piece: Uint8Array): Promise<void> {
    try {
      await this.#change('appending to the log', (segments) =>
        segments.put(piece, [keyOf(number), offset]),
      );
    } catch (error) {
      const failure = error as RewardPoolError;
      // An aborted transaction has written nothing.
      if (failure.code !== 'full') this.#failure ??= failure;
      throw failure;
    }
  }

  async #storeHeader(): Promise<void> {
    const open = this.#open;
    if (open === undefined || open.isStored) return;
    await this.#appendPiece(open.number, 0, open.piece);
    open.isStored = true;
  }

  async #readClosed(number: bigint): Promise<Uint8Array> {
    if (number === this.#open?.number) throw segmentIsOpen(number);
    return this.readSegment(number);
  }
}

/** How often an opening is begun, if each is aborted by a clearing of the site's data. */
const OPENINGS_MAX = 3;

/** Rejects with 'not-found' if there is none and `create` is false. */
function openDatabase(
  database: string,
  name: string,
  create: boolean,
  openingsLeft = OPENINGS_MAX,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    if (typeof indexedDB === 'undefined') {
      reject(new RewardPoolError('unsupported', 'there is no IndexedDB here'));
      return;
    }
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => {
      if (!create) {
        // Undoes the making of it.
        request.transaction!.abort();
        return;
      }
      request.result.createObjectStore(SEGMENTS);
      request.result.createObjectStore(SNAPSHOTS);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => {
      const { error } = request;
      if (!create && error?.name === 'AbortError') {
        reject(noPool(JSON.stringify(name)));
      } else if (error?.name === 'AbortError' && openingsLeft > 1) {
        // Nothing is there now, and a new one can be made.
        resolve(openDatabase(database, name, create, openingsLeft - 1));
      } else if (error?.name === 'SecurityError' || error?.name === 'InvalidStateError') {
        reject(new RewardPoolError('unsupported', `IndexedDB is not to be had: ${error.message}`));
      } else {
        reject(asStorageError(error, 'opening the database'));
      }
    };
  });
}

/** Above 64 KiB Chromium puts a value into a file of its own. */
const FILLER_BYTES = 60_000;
/** Makes Chromium's LevelDB begin three logs, by its own notes (156); two are needed. */
const FILLER_COUNT = 100;

let hasLeftTornLog = false;

/**
 * Makes Chromium let go of a log whose last record may be torn. When a browser that was
 * killed runs again, its LevelDB goes on writing behind such a record, and finds the log
 * damaged when it reads it the next time; then all databases of the origin are dropped
 * (https://github.com/google/leveldb/issues/1287). What is written here and removed at
 * once makes it begin another log, and one more, for which it must be done with the first.
 *
 * Costs 0.2 to 0.5 s, once a thread: none survives the browser. Where it fails, as for
 * want of room, all stays as it was.
 */
async function leaveTornLog(database: IDBDatabase): Promise<void> {
  // Only Chromium tells what it has dropped.
  if (hasLeftTornLog || !('dataLoss' in IDBVersionChangeEvent.prototype)) return;
  try {
    const transaction = database.transaction(SNAPSHOTS, 'readwrite', { durability: 'strict' });
    const complete = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const store = transaction.objectStore(SNAPSHOTS);
    const filler = new Uint8Array(FILLER_BYTES);
    for (let i = 0; i < FILLER_COUNT; ++i) store.put(filler, `filler ${i}`);
    store.delete(IDBKeyRange.bound('filler', 'filler:'));
    transaction.commit();
    await complete;
    hasLeftTornLog = true;
  } catch {
    // If something is wrong with the database, whoever uses it next is told.
  }
}

function deleteDatabase(database: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(database);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(asStorageError(request.error, 'deleting the database'));
  });
}

/** Names of databases that this thread has open: IndexedDB itself would not mind two. */
const inUse = new Set<string>();

function inUseError(name: string): RewardPoolError {
  return new RewardPoolError('busy', `the pool ${JSON.stringify(name)} is open`);
}

export interface IndexedDbStorageOpener extends StorageOpener {
  open(create: boolean): Promise<IndexedDbStorage>;
}

/** Threads and tabs are kept apart by the Web Lock of SharedPort. */
export function indexedDbStorageOpener(name: string): IndexedDbStorageOpener {
  return openerOf(name, `rewardpool:${name}`, leaveTornLog);
}

/** The mirror of the pool of that name in OPFS; no pool's own database has such a one. */
export function mirrorOpenerOf(name: string): IndexedDbStorageOpener {
  return openerOf(`mirror of ${name}`, `rewardpool mirror of ${name}`, async () => undefined);
}

function openerOf(
  name: string,
  database: string,
  /** Does not reject. */
  prepare: (opened: IDBDatabase) => Promise<void>,
): IndexedDbStorageOpener {
  return {
    kind: 'indexeddb',
    open: async (create) => {
      if (inUse.has(database)) throw inUseError(name);
      inUse.add(database);
      try {
        const opened = await openDatabase(database, name, create);
        const storage = new IndexedDbStorage(opened, () => inUse.delete(database));
        await prepare(opened);
        return storage;
      } catch (error) {
        inUse.delete(database);
        throw error;
      }
    },
    delete: async () => {
      if (inUse.has(database)) throw inUseError(name);
      await deleteDatabase(database);
    },
  };
}
