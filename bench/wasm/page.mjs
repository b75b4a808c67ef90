// The rows of a browser: this runs in a page.
import { RewardPool } from '/dist/browser.js';
import { catalogOf, measurePool } from './measure.mjs';

/** More than the time for which a new pool is mirrored. */
const AGE_MS = 70_000;

async function startFloor(kind) {
  const worker = new Worker(new URL('./floorWorker.mjs', import.meta.url), { type: 'module' });
  const ask = (message) =>
    new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(message);
    });
  await ask({ kind });
  return { makeRoundTrip: (byteCount) => () => ask({ byteCount }), end: () => worker.terminate() };
}

/** In a page the pool in memory needs no worker: one task, and a copy of the bytes. */
function startMemoryFloor() {
  const { port1, port2 } = new MessageChannel();
  let answer;
  port1.onmessage = () => answer();
  const makeRoundTrip = (byteCount) => {
    const bytes = new Uint8Array(byteCount).fill(1);
    return () =>
      new Promise((resolve) => {
        answer = () => resolve(bytes.slice());
        port2.postMessage(null);
      });
  };
  return { makeRoundTrip, end: () => port1.close() };
}

function isMirrored() {
  return indexedDB
    .databases()
    .then((databases) => databases.some(({ name }) => name.includes('mirror of')));
}

/** Draws until nothing is mirrored any more. */
async function outgrowMirror(pool) {
  const channel = new BroadcastChannel('aheadMs');
  await new Promise((resolve) => {
    channel.onmessage = resolve;
    channel.postMessage(AGE_MS);
  });
  channel.close();
  await pool.draw();
}

const STORAGES = {
  opfs: { storage: 'opfs', floor: 'opfs', mirrored: false },
  'opfs, new': { storage: 'opfs', floor: 'mirrored', mirrored: true },
  indexeddb: { storage: 'indexeddb', floor: 'indexeddb' },
  memory: { storage: 'memory' },
};

export async function measure(name, settings) {
  const { storage, floor: floorKind, mirrored } = STORAGES[name];
  const floor = floorKind === undefined ? startMemoryFloor() : await startFloor(floorKind);
  const pool = await RewardPool.open({
    name,
    storage,
    catalog: catalogOf(1000),
    ...(mirrored === false && { workerUrl: new URL('./agedWorker.mjs', import.meta.url) }),
  });
  try {
    if (mirrored === false) await outgrowMirror(pool);
    const rows = await measurePool(pool, floor.makeRoundTrip, settings);
    if (mirrored !== undefined && (await isMirrored()) !== mirrored) {
      throw new Error(`the pool '${name}' was ${mirrored ? 'not ' : ''}mirrored at the end`);
    }
    return rows;
  } finally {
    await pool.close();
    floor.end();
    if (storage !== 'memory') await RewardPool.delete({ name, storage });
  }
}
