/**
 * Which storage each pool of this origin was made in. A visit in which the
 * better storage happens to be missing must not open an empty pool in another.
 */
import { asRewardPoolError } from './errors.js';

const DATABASE = 'rewardpool';
const STORE = 'pools';

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

/** Undefined: no pool of that name, or this browser keeps no databases at all. */
export async function pinnedKind(name: string): Promise<PinnableKind | undefined> {
  if (typeof indexedDB === 'undefined') return undefined;
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

export async function pin(name: string, kind: PinnableKind): Promise<void> {
  if (typeof indexedDB === 'undefined') return;
  await transact('readwrite', (store) => store.put(kind, name));
}

export async function unpin(name: string): Promise<void> {
  if (typeof indexedDB === 'undefined') return;
  await transact('readwrite', (store) => store.delete(name));
}
