// What a stranger may get wrong: each is refused by a RewardPoolError that names
// what is wrong and what would be right, and nothing has changed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { RewardPool, RewardPoolError } from 'rewardpool';

import { goldAndMud } from '../support/catalogs.mjs';
import { temporaryFolder } from '../support/folder.mjs';

/** `call` must not throw by itself: what it returns rejects. */
async function refuses(call, message, code = 'invalid-argument') {
  const error = await call().then(
    () => assert.fail(`accepted, in place of ${message}`),
    (reason) => reason,
  );
  assert.ok(error instanceof RewardPoolError, `${error} in place of ${message}`);
  assert.deepEqual([error.code, error.message.startsWith(message)], [code, true], error.message);
}

const open = (options) => () => RewardPool.open(options);
const openWith = (options) => open({ catalog: goldAndMud, ...options });
const openItem = (item) => open({ catalog: [item] });

test('options that are none, or of a name that there is not, are refused', async () => {
  await refuses(open(null), 'options is null: not an object');
  await refuses(open('./data'), 'options is "./data": not an object');
  await refuses(open(goldAndMud), 'options is an array: not an object');
  // With such a slip the pool would be in memory.
  await refuses(openWith({ directory: './data' }), 'there is no option "directory": there are');
  // And with these the policy would be the default's.
  await refuses(openWith({ snapshots: { everyRequest: 5 } }), 'there is no option "everyRequest"');
  await refuses(openWith({ durability: { intervalMs: 5, ms: 1 } }), 'there is no option "ms"');
  await refuses(openWith({ toString: 1 }), 'there is no option "toString"');
  await refuses(() => RewardPool.delete({ folder: 'x' }), 'there is no option "folder"');
  await refuses(() => RewardPool.verify(new Uint8Array(), null), 'options is null');
  await refuses(() => RewardPool.odds(goldAndMud, 10), 'options is 10');
  await refuses(() => RewardPool.odds(goldAndMud, { draw: 10 }), 'there is no option "draw"');
  await refuses(() => RewardPool.simulate(goldAndMud), 'options is undefined');
});

test('where files are may be told to whatever loads any', async () => {
  const files = { workerUrl: '/worker.js', oddsWorkerUrl: '/oddsWorker.js' };
  const { items } = await RewardPool.odds(goldAndMud, files);
  assert.equal(items.length, 2);
  const pool = await RewardPool.open({ catalog: goldAndMud, ...files });
  await pool.close();
});

test('values that are not allowed are shown with what is', async () => {
  await refuses(openWith({ storage: 'paper' }), 'storage is "paper": there are');
  await refuses(openWith({ storage: 1n }), 'storage is 1n: there are');
  await refuses(openWith({ dir: 5 }), "dir is 5: storage 'node' needs the path of a folder");
  await refuses(openWith({ dir: 'a\0b' }), 'dir is "a\\u0000b"');
  await refuses(openWith({ name: {} }), 'name is an object: not a string');
  await refuses(openWith({ tabs: 'none' }), `tabs is "none": there are 'share' and 'exclusive'`);
  await refuses(openWith({ selector: 5n }), 'selector is 5n: there are auto,');
  await refuses(openWith({ durability: 'fast' }), `durability is "fast": none of 'durable',`);
  await refuses(openWith({ snapshots: true }), 'snapshots is true: neither false nor');
  await refuses(openWith({ segmentBytes: '70000' }), 'segmentBytes is "70000": allowed is a whole');
  await refuses(openWith({ keyRetention: 5n }), 'keyRetention is 5n: allowed is a whole number');
  for (const option of ['wasmUrl', 'inspectorUrl']) {
    await refuses(openWith({ [option]: 'http://[' }), `${option} is "http://[": not a URL`);
  }
  const inspector = { inspectorUrl: 'http://[' };
  await refuses(() => RewardPool.verify(new Uint8Array(), inspector), 'inspectorUrl is "http://["');
  const odds = { oddsWasmUrl: 'http://[' };
  await refuses(() => RewardPool.odds(goldAndMud, odds), 'oddsWasmUrl is "http://["');
  await refuses(openWith({ insecureSeed: 2n ** 64n }), 'insecureSeed is 18446744073709551616:');
});

test('an item that is wrong is named by its place in the catalog', async () => {
  await refuses(open({ catalog: 'gold' }), 'catalog is "gold": not a list of items');
  await refuses(open({ catalog: { gold: 1 } }), 'catalog is an object: not a list');
  await refuses(open({ catalog: [...goldAndMud, null] }), 'catalog[2] is null: not { itemId,');
  await refuses(open({ catalog: [...goldAndMud, ...goldAndMud] }), 'itemId of catalog[2] is there');
  await refuses(openItem({ quantity: 1, weight: 1 }), 'itemId of catalog[0] is undefined');
  await refuses(openItem({ itemId: '', quantity: 1, weight: 1 }), 'itemId of catalog[0] is empty');
  const bare = Object.create(null);
  await refuses(openItem({ itemId: 'a', quantity: 1, weight: bare }), 'weight of catalog[0] is an');
  for (const quantity of [undefined, null, Infinity, 'lots', -1]) {
    await refuses(openItem({ itemId: 'a', quantity, weight: 1 }), 'quantity of catalog[0] is');
  }
  await assert.rejects(openItem({ itemId: 'a', quantity: Infinity, weight: 1 }), /or 'unlimited'$/);
});

test('a pool that is nowhere is told with the place', async () => {
  const folder = await temporaryFolder();
  const missing = join(folder, 'missing');
  await refuses(open(), 'there is no pool in memory, and no catalog', 'not-found');
  await refuses(open({ dir: missing }), `there is no pool in ${missing}, and no`, 'not-found');
  assert.ok(!existsSync(missing));
  await refuses(() => RewardPool.delete(), 'options is undefined');
  await refuses(() => RewardPool.delete({}), 'dir is undefined');
});

const noProc = existsSync('/proc/self') ? false : 'there is no /proc';
test('a folder that cannot be made is an error, not a wait', { skip: noProc }, () => {
  // In a program of its own, which can be ended.
  const script = `import('rewardpool')
    .then(({ RewardPool }) => RewardPool.open({ dir: '/proc/rewardpool', catalog: [] }))
    .catch(({ code }) => console.log(code));`;
  const { stdout } = spawnSync(process.execPath, ['--eval', script], {
    cwd: new URL('.', import.meta.url),
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(stdout, 'io\n');
});

test('what is no archive is refused before anything is opened', async () => {
  await refuses(() => RewardPool.import(), 'bytes is undefined: not a Uint8Array');
  await refuses(() => RewardPool.import(new ArrayBuffer(8)), 'bytes is an object: not a');
  await refuses(() => RewardPool.verify('x'), 'bytes is "x": not a Uint8Array');
});

test('a pool is not made by new', () => {
  assert.throws(() => new RewardPool({ catalog: goldAndMud }), {
    code: 'invalid-argument',
    message: 'a pool is made by RewardPool.open()',
  });
});

describe('an open pool', () => {
  async function withPool(use) {
    const pool = await RewardPool.open({ catalog: goldAndMud });
    await use(pool);
    assert.deepEqual(await pool.state().then(({ lastRequestId }) => lastRequestId), 0n);
    await pool.close();
  }

  test('refuses options of a draw that it does not know', () =>
    withPool(async (pool) => {
      // A key that is given as it is, or under a wrong name, would be a second draw.
      await refuses(() => pool.draw('order-1'), 'options is "order-1": not an object');
      await refuses(() => pool.draw({ Key: 'order-1' }), 'there is no option "Key": there are key,');
      await refuses(() => pool.draw({ count: 10 }), 'there is no option "count"');
      await refuses(() => pool.draw(null), 'options is null');
      await refuses(() => pool.draw({ key: 5 }), 'key is 5: not a string');
      await refuses(() => pool.drawMany(2, 'order-1'), 'options is "order-1"');
      await refuses(() => pool.drawMany('3'), 'count is "3": allowed is a whole number from 1 to');
      await refuses(() => pool.drawEach(3n), 'count is 3n: allowed is a whole number from 1 to');
    }));

  test('refuses changes that are none', () =>
    withPool(async (pool) => {
      await refuses(() => pool.add(), 'the item is undefined: not { itemId, weight, quantity }');
      await refuses(() => pool.update('gold'), 'change is undefined: not { weight?, quantity? }');
      await refuses(() => pool.update('gold', { wieght: 1 }), 'change has neither weight nor');
      await refuses(() => pool.remove(), 'itemId is undefined: not a string');
      await refuses(() => pool.remove('tin'), 'there is no item "tin"', 'not-found');
    }));

  test('refuses to read, to foretell and to simulate what it cannot', () =>
    withPool(async (pool) => {
      const read = (options) => () => pool.log(options).next();
      await refuses(read(5), 'options is 5');
      await refuses(read({ after: 5n }), 'there is no option "after": there are afterRequest');
      await refuses(read({ afterRequest: -1 }), 'afterRequest is -1');
      await refuses(() => pool.odds(null), 'options is null');
      await refuses(() => pool.odds({ countsOf: 'gold' }), 'countsOf is "gold": not an array');
      const simulate = (options) => () => pool.simulate({ runs: 1, draws: 1, ...options });
      await refuses(simulate({ onProgress: 1 }), 'onProgress is 1: not a function');
      await refuses(simulate({ signal: {} }), 'signal is an object: not an AbortSignal');
    }));

  test('is told from one of another program by its owner', async () => {
    const dir = join(await temporaryFolder(), 'pool');
    const pool = await RewardPool.open({ dir, catalog: goldAndMud });
    await refuses(open({ dir }), `the pool in ${dir} is in use by this program`, 'busy');
    await pool.close();
  });
});

test('pools and errors are printed under their names', async () => {
  const pool = await RewardPool.open({ catalog: goldAndMud });
  assert.equal(pool.constructor.name, 'RewardPool');
  await pool.close();
  const error = await pool.draw().catch((reason) => reason);
  assert.match(error.stack, /^RewardPoolError: the pool is closed\n/);
  assert.deepEqual(Object.keys(error), ['code']);
});
