// Runs one case of the contract suite where the storages of browsers live: in a
// dedicated worker. What only the test in Node can do (quotas, clearing the site's
// data) it asks of the page.
import {
  indexedDbStorageOpener,
  MemoryDisk,
  memoryStorageOpener,
  mirroredStorageOpener,
  opfsStorageOpener,
} from '/npm-test/storages.js';
import { casesFor } from '/wasm-tests/contract/contract.mjs';
import { judgeByLength } from '/wasm-tests/contract/judge.mjs';

const openers = {
  memory: () => memoryStorageOpener(new MemoryDisk()),
  indexeddb: indexedDbStorageOpener,
  opfs: opfsStorageOpener,
  mirrored: (name) => mirroredStorageOpener(opfsStorageOpener(name), name, judgeByLength),
  'mirrored, the mirror full': (name) => openers.mirrored(name),
  // The birth window ends with the first sync.
  'mirrored briefly': (name) =>
    mirroredStorageOpener(opfsStorageOpener(name), name, judgeByLength, 0),
};

let answered;
function ask(question, ...words) {
  return new Promise((resolve) => {
    answered = resolve;
    postMessage({ question, words });
  });
}

/**
 * From now on IndexedDB has room for so many bytes more. Chromium relies for half a
 * minute on the room that it last saw, so this plays what it does in the end: it
 * aborts the transaction when it is to be committed, and says why.
 */
function limitIndexedDb(bytesLeft = Infinity) {
  const put = new Map();
  IDBObjectStore.prototype.put = function (bytes, key) {
    put.set(this.transaction, (put.get(this.transaction) ?? 0) + bytes.length);
    return truePut.call(this, bytes, key);
  };
  IDBTransaction.prototype.commit = function () {
    const bytes = put.get(this) ?? 0;
    put.delete(this);
    if (bytes <= bytesLeft) {
      bytesLeft -= bytes;
      trueCommit.call(this);
      return;
    }
    const error = new DOMException('there is no room left', 'QuotaExceededError');
    Object.defineProperty(this, 'error', { value: error });
    this.abort();
  };
}
const { put: truePut } = IDBObjectStore.prototype;
const { commit: trueCommit } = IDBTransaction.prototype;

async function runCase({ kind, name, traits }) {
  const opener = openers[kind](name);
  const harness = {
    ...traits,
    open: (create = true) => opener.open(create),
    delete: () => opener.delete(),
    limit: async (bytes) => {
      if (kind === 'indexeddb' || kind === 'mirrored, the mirror full') {
        return limitIndexedDb(bytes);
      }
      const { usage } = await navigator.storage.estimate();
      return ask('limit', bytes === undefined ? undefined : usage + bytes);
    },
    lose: () => ask('lose'),
  };
  await casesFor(harness)
    .find((one) => one.name === name)
    .run(harness);
  await opener.delete();
}

self.onmessage = ({ data }) => {
  if (data === 'done') {
    answered();
    return;
  }
  runCase(data).then(
    () => postMessage({ passed: true }),
    ({ message, stack }) => postMessage({ failure: `${message}\n${stack}` }),
  );
};
