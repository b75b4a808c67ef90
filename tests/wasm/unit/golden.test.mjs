// What tests/golden pins, asked of the npm package: what core writes and draws
// natively is what the package reads and draws.
import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { RewardPool } from 'rewardpool';

import { temporaryFolder } from '../support/folder.mjs';

const golden = fileURLToPath(new URL('../../golden/', import.meta.url));

async function recordsOf(pool) {
  const records = [];
  for await (const record of pool.log()) records.push(record);
  return records;
}

// --- draws.json: tests/golden/README.md says what its fields mean ---------------

const shapes = {
  equal: () => 10n,
  zipf: (n, i) => 1_000_000n / BigInt(i + 1) || 1n,
  'one-huge': (n, i) => (i === Math.floor(n / 2) ? 10n ** 12n : 1n),
  'zero-weights': (n, i) => (i % 3 === 0 ? 0n : BigInt(i)),
};

const stocks = {
  unlimited: { quantity: () => 'unlimited', draws: () => 1000 },
  small: { quantity: (i) => 1 + (i % 3), draws: (n) => 3 * n },
};

function catalogOf({ shape, items, stock }) {
  return Array.from({ length: items }, (_, i) => ({
    itemId: `item ${i}`,
    weight: shapes[shape](items, i),
    quantity: stocks[stock].quantity(i),
  }));
}

/** FNV-1a over the positions. */
function digestOf(positions) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new Uint8Array(Uint32Array.from(positions).buffer)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}

/** In the place of the platform's entropy: the bytes 0, 1, 2, ... */
function countUp(array) {
  new Uint8Array(array.buffer).forEach((_, i, bytes) => (bytes[i] = i));
  return array;
}

const generators = {
  'xoshiro256++': () => ({ insecureSeed: 42 }),
  chacha20: (t) => {
    t.mock.method(globalThis.crypto, 'getRandomValues', countUp);
    return {};
  },
};

async function run(t, { generator, selector, shape, items, stock }) {
  const pool = await RewardPool.open({
    storage: 'memory',
    catalog: catalogOf({ shape, items, stock }),
    selector,
    ...generators[generator](t),
  });
  const { picks, itemIds, refused } = await pool.drawEach(stocks[stock].draws(items));
  await pool.close();
  const positions = Array.from(picks, (pick) => Number(itemIds[pick].slice('item '.length)));
  assert.equal(refused, stocks[stock].draws(items) - positions.length);
  return {
    ...{ generator, selector, shape, items, stock },
    draws: positions.length,
    first: positions.slice(0, 24),
    digest: digestOf(positions),
  };
}

describe('a fixed seed draws in WebAssembly what it draws natively', async () => {
  const { version, entries } = JSON.parse(await readFile(join(golden, 'draws.json'), 'utf8'));
  assert.equal(version, 1);
  for (const generator of Object.keys(generators)) {
    const pinned = entries.filter((entry) => entry.generator === generator);
    for (const selector of new Set(pinned.map((entry) => entry.selector))) {
      test(`${generator}, ${selector}`, async (t) => {
        for (const entry of pinned.filter((entry) => entry.selector === selector)) {
          assert.deepEqual(await run(t, entry), entry);
        }
      });
    }
  }
  test('every entry is of a generator that is known here', () => {
    assert.ok(entries.length > 0);
    for (const { generator } of entries) assert.ok(generator in generators, generator);
  });
});

// --- log/ --------------------------------------------------------------------------

/** A record as `rewardpool log --json` prints it. */
function lineOf({ type, requestId, itemId, itemIds, key, user, count, ...rest }) {
  const words = { type: type === 'draw-refused' ? 'draw' : type };
  if (requestId !== undefined) words.request_id = requestId;
  if (key !== undefined) words.key = key;
  if (user !== undefined) words.user = user;
  const isPlain = key === undefined && user === undefined && count === 1;
  if (count !== undefined && !isPlain) words.count = count;
  if (itemIds?.length === 1) words.item_id = itemIds[0];
  if (itemIds !== undefined && !isPlain) words.item_ids = itemIds;
  if (type === 'draw-refused') words.error = 'exhausted';
  if (itemId !== undefined) words.item_id = itemId;
  for (const [name, value] of Object.entries(rest)) {
    words[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = value;
  }
  // JSON.stringify() takes no bigints.
  const members = Object.entries(words).map(
    ([name, value]) =>
      `"${name}":${typeof value === 'bigint' ? value : JSON.stringify(value)}`,
  );
  return `{${members.join(',')}}\n`;
}

for (const codec of ['binary', 'jsonl']) {
  test(`the golden log in ${codec} is read, replayed and verified`, async (t) => {
    const dir = join(await temporaryFolder(), 'pool');
    await cp(join(golden, 'log', codec), dir, { recursive: true });
    const pool = await RewardPool.open({ dir, snapshots: false });
    t.after(() => pool.close());
    assert.deepEqual(pool.opening, {
      storage: 'node',
      created: false,
      recoveredThrough: 281n,
      logStartsAfter: 0n,
      notes: [],
      role: 'leader',
    });

    const expected = await readFile(join(golden, 'log/expected.jsonl'), 'utf8');
    const records = await recordsOf(pool);
    assert.equal(records.map(lineOf).join(''), expected);

    // All items are gone in the end; the keys are known.
    assert.deepEqual(await pool.state(), { lastRequestId: 281n, items: [] });
    assert.deepEqual(await pool.drawMany(2, { key: 'order-1', user: 'ann' }), {
      requestId: 12n,
      itemIds: ['gold', 'mud\nand\\dirt'],
    });
    assert.deepEqual(await pool.draw({ key: 'order-2' }), {
      requestId: 13n,
      itemId: 'Glück 🎁',
    });

    const report = await RewardPool.verify(await pool.export());
    assert.deepEqual(
      { lastRequestId: report.lastRequestId, segments: report.segments, notes: report.notes },
      { lastRequestId: 281n, segments: 3, notes: [] },
    );
    assert.equal(await pool.add({ itemId: 'next', weight: 1, quantity: 'unlimited' }), 282n);
  });
}

// --- archive/: a pool that was drawn natively ------------------------------------------

/** What the records leave of a catalog. */
function replay(records) {
  const items = new Map();
  let lastRequestId = 0n;
  for (const record of records) {
    if (record.type === 'catalog-item') {
      const { itemId, weight, quantity } = record;
      items.set(itemId, { itemId, weight, quantity, drawn: 0 });
    }
    for (const itemId of record.itemIds ?? []) {
      const item = items.get(itemId);
      item.drawn += 1;
      if (item.quantity !== 'unlimited') item.quantity -= 1;
    }
    lastRequestId = record.requestId ?? lastRequestId;
  }
  return { lastRequestId, items: [...items.values()] };
}

describe('the golden archive', async () => {
  const bytes = new Uint8Array(await readFile(join(golden, 'archive/pool.tar')));

  test('is verified', async () => {
    const report = await RewardPool.verify(bytes);
    assert.equal(report.lastRequestId, 1000n);
    assert.equal(report.logStartsAfter, 0n);
    assert.equal(report.segments, 3);
    assert.equal(report.snapshots, 1);
    assert.equal(report.snapshotsCompared, 1);
    assert.deepEqual(report.notes, []);
  });

  test('is replayed, and exported as the same bytes', async (t) => {
    const pool = await RewardPool.import(bytes, { storage: 'memory', snapshots: false });
    t.after(() => pool.close());
    const records = await recordsOf(pool);
    const state = await pool.state();
    assert.deepEqual(state, replay(records));
    assert.equal(state.lastRequestId, 1000n);
    assert.deepEqual(
      state.items.map(({ itemId, quantity }) => [itemId, quantity]),
      [
        ['gold', 0],
        ['tin', 'unlimited'],
      ],
    );
    assert.deepEqual(await pool.export(), bytes);
  });

  test('is drawn once more, request by request, from its seed', async (t) => {
    const imported = await RewardPool.import(bytes, { storage: 'memory', snapshots: false });
    t.after(() => imported.close());
    const pool = await RewardPool.open({
      storage: 'memory',
      snapshots: false,
      selector: 'linear',
      insecureSeed: 1,
      catalog: [
        { itemId: 'gold', weight: 1, quantity: 3 },
        { itemId: 'tin', weight: 9, quantity: 'unlimited' },
      ],
    });
    t.after(() => pool.close());
    await pool.drawEach(500);
    await pool.drawMany(2, { key: 'order 7', user: 'ann' });
    await pool.snapshot();
    await pool.drawEach(499);
    assert.deepEqual(
      [...(await recordsOf(pool)), { type: 'pool-closed' }],
      await recordsOf(imported),
    );
  });
});
