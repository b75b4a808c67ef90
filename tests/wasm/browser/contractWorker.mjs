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

async function runCase({ kind, name, traits }) {
  const opener = openers[kind](name);
  const harness = {
    ...traits,
    open: (create = true) => opener.open(create),
    delete: () => opener.delete(),
    limit: async (bytes) => {
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
