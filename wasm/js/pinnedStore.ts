/**
 * Which storage each pool of this origin was made in. A visit in which the
 * better storage happens to be missing must not open an empty pool in another.
 */
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
  try {
    return await transact<PinnableKind | undefined>('readonly', (store) => store.get(name));
  } catch {
    // Then no pool was ever pinned here, and IndexedDB is not a choice either.
    return undefined;
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
