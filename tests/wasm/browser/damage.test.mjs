// Damaged bytes in the storages of browsers: every flip and cut of the last frames.
import assert from 'node:assert/strict';

import { browserSuite, startServer, withPage } from './harness.mjs';

const suite = browserSuite({}, { headlessShell: true });

/** Runs in a worker of the page: every flip and cut of the last frames. */
const damage = `
  import { RewardPool } from '/dist/browser.js';
  import { opfsStorageOpener, indexedDbStorageOpener, mirrorOpenerOf } from '/npm-test/storages.js';

  const openers = {
    opfs: opfsStorageOpener,
    indexeddb: indexedDbStorageOpener,
    mirror: mirrorOpenerOf,
  };
  const catalog = [{ itemId: 'a', quantity: 50, weight: 1 },
                   { itemId: 'b', quantity: 'unlimited', weight: 3 }];

  async function readSegments(place, name) {
    const storage = await openers[place](name).open(false);
    const { segments } = await storage.list();
    const found = [];
    for (const { number } of segments) {
      const bytes = await storage.readSegment(number);
      let length = bytes.length;
      while (length > 0 && bytes[length - 1] === 0) --length;
      found.push({ number, bytes: bytes.slice(0, length) });
    }
    await storage.close();
    return found;
  }

  /** Each place with the segments that are to be found there. */
  async function openWith(kind, name, places) {
    for (const [place, segments] of Object.entries(places)) {
      const storage = await openers[place](name).open(true);
      for (const { number, bytes } of segments.toReversed()) {
        await storage.installSegment(number, bytes);
      }
      await storage.close();
    }
    try {
      const pool = await RewardPool.open({ name, storage: kind, segmentBytes: 65536 });
      const { lastRequestId, items } = await pool.state();
      const notes = pool.opening.notes.length;
      await pool.close();
      return { last: Number(lastRequestId), drawn: items.map((item) => item.drawn), notes };
    } catch (error) {
      return { code: error.code };
    } finally {
      await RewardPool.delete({ name, storage: kind });
    }
  }

  /** \`struck\`: the places where the damage is; \`whole\`: where it is not. */
  onmessage = async ({ data: { kind, struck, whole, lastBytes } }) => {
    const name = 'damage';
    const pool = await RewardPool.open({ name, storage: kind, catalog, insecureSeed: 5, segmentBytes: 65536, snapshots: false });
    // One frame each; what the state is after each of them.
    const states = new Map();
    for (let i = 0; i < 6; ++i) {
      const { lastRequestId, items } = await pool.state();
      states.set(Number(lastRequestId), items.map((item) => item.drawn));
      await pool.drawEach(3);
    }
    const { lastRequestId, items } = await pool.state();
    states.set(Number(lastRequestId), items.map((item) => item.drawn));
    // As a crash would leave it: without the note of having been closed.
    pool.terminate();
    const segments = await readSegments(struck[0], name);
    const last = segments.at(-1);
    const outcomeOf = (bytes) => {
      const damaged = [...segments.slice(0, -1), { number: last.number, bytes }];
      return openWith(kind, 'damaged', Object.fromEntries([
        ...struck.map((place) => [place, damaged]),
        ...whole.map((place) => [place, segments]),
      ]));
    };
    const outcomes = { whole: await outcomeOf(last.bytes), cut: [], flipped: [] };
    for (let at = Math.max(0, last.bytes.length - lastBytes); at < last.bytes.length; ++at) {
      outcomes.cut.push(await outcomeOf(last.bytes.slice(0, at)));
      const bytes = last.bytes.slice();
      bytes[at] ^= 1 << (at % 8);
      outcomes.flipped.push(await outcomeOf(bytes));
    }
    postMessage({ outcomes, states: [...states] });
  };
`;

async function strike(order) {
  const own = await startServer({ files: { '/damage.js': damage } });
  try {
    const { outcomes, states } = await withPage(suite.browser, `${own.origin}/`, (page) =>
      page.evaluate(
        (asked) =>
          new Promise((resolve, reject) => {
            const worker = new Worker('/damage.js', { type: 'module' });
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = ({ message }) => reject(new Error(message));
            worker.postMessage(asked);
          }),
        order,
      ),
    );
    const known = new Map(states);
    assert.deepEqual(outcomes.whole, { last: 18, drawn: known.get(18), notes: 0 });
    return { ...outcomes, known };
  } finally {
    await own.close();
  }
}

for (const [name, kind, struck] of [
  ['opfs', 'opfs', ['opfs']],
  ['opfs and its mirror alike', 'opfs', ['opfs', 'mirror']],
  ['indexeddb', 'indexeddb', ['indexeddb']],
]) {
  suite.test(`every flip and cut of the last frames is found (${name})`, async () => {
    const { cut, flipped, known } = await strike({ kind, struck, whole: [], lastBytes: 60 });
    let refused = 0;
    for (const outcome of [...cut, ...flipped]) {
      if (outcome.code !== undefined) {
        assert.equal(outcome.code, 'corrupt');
        ++refused;
      } else {
        // A torn tail was cut: what is left is a state that the pool was in.
        assert.ok(outcome.last < 18, JSON.stringify(outcome));
        assert.deepEqual(outcome.drawn, known.get(outcome.last));
      }
    }
    for (const { code, notes } of flipped) assert.ok(code !== undefined || notes > 0);
    assert.ok(refused > 0, 'a frame that a later one vouches for is damaged, not torn');
    assert.ok(cut.every(({ code }) => code === undefined), 'a cut is torn');
  });
}

for (const [struck, whole] of [
  ['opfs', 'mirror'],
  ['mirror', 'opfs'],
]) {
  suite.test(`what is damaged in ${struck} is taken from ${whole}`, async () => {
    const order = { kind: 'opfs', struck: [struck], whole: [whole], lastBytes: 30 };
    const { cut, flipped, known } = await strike(order);
    for (const outcome of [...cut, ...flipped]) {
      assert.deepEqual(outcome, { last: 18, drawn: known.get(18), notes: 0 });
    }
  });
}
