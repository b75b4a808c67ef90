/**
 * Which storage each pool of this origin was made in. A visit in which the
 * better storage happens to be missing must not open an empty pool in another, and
 * a pool that is gone must not be begun anew as if it had never been.
 *
 * It is kept in IndexedDB. A browser that finds its databases damaged drops all that
 * the origin has, these pins among them, so pools in IndexedDB are noted in OPFS too,
 * where there is one. (Those in OPFS are found without a pin.)
 */
import { asRewardPoolError } from './errors.js';
import { encodedPoolName } from './storage/fileNames.js';

const DATABASE = 'rewardpool';
const STORE = 'pools';

const NOTES_FOLDER = 'rewardpool pools in indexeddb';

export type PinnableKind = 'opfs' | 'indexeddb';

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function transact<T>(
  mode: IDBTransactionMode,
  use: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await openDatabase();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: 'strict' });
      const request = use(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** Undefined: there is none, or no OPFS. Pins must do without it then. */
async function notesFolder(create: boolean): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle(NOTES_FOLDER, { create });
  } catch {
    return undefined;
  }
}

async function isNoted(name: string): Promise<boolean> {
  const folder = await notesFolder(false);
  if (folder === undefined) return false;
  return folder.getFileHandle(encodedPoolName(name)).then(
    () => true,
    () => false,
  );
}

async function note(name: string): Promise<void> {
  const folder = await notesFolder(true);
  // The pin itself is kept elsewhere: a pool is not refused for want of a note.
  await folder?.getFileHandle(encodedPoolName(name), { create: true }).catch(() => undefined);
}

async function removeNote(name: string): Promise<void> {
  const folder = await notesFolder(false);
  try {
    await folder?.removeEntry(encodedPoolName(name));
  } catch (error) {
    if ((error as DOMException).name !== 'NotFoundError') throw error;
  }
}

async function pinInIndexedDb(name: string): Promise<PinnableKind | undefined> {
  try {
    return await transact<PinnableKind | undefined>('readonly', (store) => store.get(name));
  } catch (error) {
    // Where it is refused altogether no pool was ever pinned. Whatever else has
    // failed, the pool may be elsewhere than where a new one would be made.
    const { name: kind } = error as DOMException;
    if (kind === 'SecurityError' || kind === 'InvalidStateError') return undefined;
    throw asRewardPoolError(error, 'looking for where the pool is kept');
  }
}

/** Undefined: no pool of that name, or this browser keeps no databases at all. */
export async function pinnedKind(name: string): Promise<PinnableKind | undefined> {
  if (typeof indexedDB === 'undefined') return undefined;
  return (await pinInIndexedDb(name)) ?? ((await isNoted(name)) ? 'indexeddb' : undefined);
}

export async function pin(name: string, kind: PinnableKind): Promise<void> {
  if (typeof indexedDB === 'undefined') return;
  if (kind === 'indexeddb') await note(name);
  await transact('readwrite', (store) => store.put(kind, name));
}

export async function unpin(name: string): Promise<void> {
  if (typeof indexedDB === 'undefined') return;
  await removeNote(name);
  await transact('readwrite', (store) => store.delete(name));
}
