// The floor in a browser: a worker that writes and flushes as many bytes as it is
// told, the plainest way there is, and answers.
const ROOM_BYTES = 4 << 20;

/** Into a file that is as large as it will get, so that a flush is of bytes alone. */
async function makeOpfs(name) {
  const root = await navigator.storage.getDirectory();
  const file = await root.getFileHandle(name, { create: true });
  const handle = await file.createSyncAccessHandle();
  handle.write(new Uint8Array(ROOM_BYTES), { at: 0 });
  handle.flush();
  let at = 0;
  return (bytes) => {
    if (at + bytes.length > ROOM_BYTES) at = 0;
    at += handle.write(bytes, { at });
    handle.flush();
  };
}

/** One put in one strict transaction. */
async function makeIndexedDb(name) {
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore('batches');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  let key = 0;
  return (bytes) =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction('batches', 'readwrite', { durability: 'strict' });
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
      transaction.objectStore('batches').put(bytes, ++key);
      transaction.commit();
    });
}

/** Both at once. */
async function makeMirrored(name) {
  const toOpfs = await makeOpfs(name);
  const toIndexedDb = await makeIndexedDb(name);
  return (bytes) => {
    const put = toIndexedDb(bytes);
    toOpfs(bytes);
    return put;
  };
}

const MAKERS = { opfs: makeOpfs, indexeddb: makeIndexedDb, mirrored: makeMirrored };

let write;

self.onmessage = async ({ data: { kind, byteCount } }) => {
  if (kind !== undefined) {
    write = await MAKERS[kind](`floor-${kind}`);
  } else {
    await write(new Uint8Array(byteCount).fill(1));
  }
  self.postMessage(null);
};
