// The public API in Node, over memory and over files.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { RewardPool, RewardPoolError } from 'rewardpool';

import { finite, goldAndMud } from '../support/catalogs.mjs';
import { temporaryFolder } from '../support/folder.mjs';

const withCode = (code) => (error) => {
  assert.ok(error instanceof RewardPoolError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};

async function records(pool) {
  const all = [];
  for await (const record of pool.log()) all.push(record);
  return all;
}

const places = {
  memory: async () => ({ storage: 'memory' }),
  node: async () => ({ storage: 'node', dir: join(await temporaryFolder(), 'pool') }),
};

for (const [place, where] of Object.entries(places)) {
  describe(`a pool in ${place}`, () => {
    const open = async (t, options) => {
      const pool = await RewardPool.open({ ...(await where()), ...options });
      t.after(() => pool.close());
      return pool;
    };

    test('a draw resolves to a request id and an item, and is in the state', async (t) => {
      const pool = await open(t, { name: 'demo', catalog: goldAndMud });
      assert.equal(pool.opening.created, true);
      assert.equal(pool.opening.storage, place);
      const { requestId, itemId } = await pool.draw();
      assert.equal(requestId, 1n);
      const { lastRequestId, items } = await pool.state();
      assert.equal(lastRequestId, 1n);
      assert.deepEqual(items.map((item) => item.itemId), ['gold', 'mud']);
      assert.equal(items.find((item) => item.itemId === itemId).drawn, 1);
      assert.equal(items[0].quantity, 10 - items[0].drawn);
      assert.equal(items[1].quantity, 'unlimited');
      assert.deepEqual(items.map((item) => item.weight), [1, 9]);
    });

    test('draws asked for at once share batches and get ids without gaps', async (t) => {
      const pool = await open(t, { catalog: goldAndMud });
      const draws = await Promise.all(Array.from({ length: 5000 }, () => pool.draw()));
      assert.deepEqual(
        draws.map((draw) => draw.requestId),
        Array.from({ length: 5000 }, (_, i) => BigInt(i + 1)),
      );
      const { batches, draws: count } = await pool.stats();
      assert.equal(count, 5000);
      assert.ok(batches < 50, `${batches} batches`);
    });

    test('every unit is drawn once, and then the pool is exhausted', async (t) => {
      const pool = await open(t, { catalog: finite(100) });
      const outcomes = await Promise.allSettled(Array.from({ length: 110 }, () => pool.draw()));
      const drawn = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      assert.equal(drawn.length, 100);
      const counts = {};
      for (const { value } of drawn) counts[value.itemId] = (counts[value.itemId] ?? 0) + 1;
      assert.deepEqual(counts, { a: 50, b: 25, c: 25 });
      const refused = outcomes.slice(100);
      for (const [i, { reason }] of refused.entries()) {
        withCode('exhausted')(reason);
        assert.equal(reason.requestId, BigInt(101 + i));
      }
      assert.equal((await pool.state()).lastRequestId, 110n);
      assert.equal((await pool.stats()).drawsRefused, 10);
    });

    test('drawMany is one request, all or nothing', async (t) => {
      const pool = await open(t, { catalog: finite(5) });
      const { requestId, itemIds } = await pool.drawMany(4);
      assert.equal(requestId, 1n);
      assert.equal(itemIds.length, 4);
      await assert.rejects(pool.drawMany(2), withCode('exhausted'));
      assert.equal((await pool.state()).items.reduce((sum, { quantity }) => sum + quantity, 0), 1);
      assert.equal((await pool.drawMany(1)).itemIds.length, 1);
    });

    test('drawEach gives each draw its own request, refused ones last', async (t) => {
      const pool = await open(t, { catalog: finite(1000) });
      const batch = await pool.drawEach(1200);
      assert.equal(batch.firstRequestId, 1n);
      assert.equal(batch.picks.length, 1000);
      assert.equal(batch.refused, 200);
      const counts = {};
      for (const pick of batch.picks) {
        counts[batch.itemIds[pick]] = (counts[batch.itemIds[pick]] ?? 0) + 1;
      }
      assert.deepEqual(counts, { a: 500, b: 250, c: 250 });
      assert.equal((await pool.state()).lastRequestId, 1200n);
    });

    test('a million draws in one call are one answer', async (t) => {
      const pool = await open(t, { catalog: goldAndMud, insecureSeed: 7 });
      const batch = await pool.drawEach(1_000_000);
      assert.equal(batch.picks.length, 1_000_000);
      assert.equal((await pool.state()).lastRequestId, 1_000_000n);
    });

    test('a key repeats the recorded outcome', async (t) => {
      const pool = await open(t, { catalog: finite(100) });
      const first = await pool.draw({ key: 'order-1', user: 'ann' });
      await pool.draw();
      assert.deepEqual(await pool.draw({ key: 'order-1', user: 'ann' }), first);
      await assert.rejects(pool.draw({ key: 'order-1' }), withCode('already-exists'));
      await assert.rejects(
        pool.drawMany(2, { key: 'order-1', user: 'ann' }),
        withCode('already-exists'),
      );
      assert.equal((await pool.state()).lastRequestId, 2n);
    });

    test('a refused draw under a key stays refused, also after restocking', async (t) => {
      const pool = await open(t, { catalog: finite(0) });
      await assert.rejects(pool.draw({ key: 'k' }), withCode('exhausted'));
      await pool.update('a', { quantity: 5 });
      await assert.rejects(pool.draw({ key: 'k' }), withCode('exhausted'));
      assert.equal((await pool.draw()).itemId, 'a');
    });

    test('items are added, changed and removed, and names never mix', async (t) => {
      const pool = await open(t, { catalog: [{ itemId: 'old', quantity: 'unlimited', weight: 5 }] });
      // The draws before and after the change are under way together.
      const before = pool.draw();
      const removed = pool.remove('old');
      const added = pool.add({ itemId: 'new', quantity: 3, weight: 1 });
      const after = pool.draw();
      assert.equal((await before).itemId, 'old');
      assert.equal(await removed, 2n);
      assert.equal(await added, 3n);
      assert.equal((await after).itemId, 'new');
      assert.equal(await pool.update('new', { weight: 8n, quantity: 'unlimited' }), 5n);
      assert.deepEqual((await pool.state()).items, [
        { itemId: 'new', weight: 8, quantity: 'unlimited', drawn: 1 },
      ]);
      await assert.rejects(pool.remove('old'), withCode('not-found'));
      await assert.rejects(pool.update('old', { weight: 1 }), withCode('not-found'));
      await assert.rejects(
        pool.add({ itemId: 'new', quantity: 1, weight: 1 }),
        withCode('already-exists'),
      );
    });

    test('integers are exact up to 2^63 - 1', async (t) => {
      const weight = 2n ** 62n + 1n;
      const quantity = 9_007_199_254_740_993n;
      const pool = await open(t, {
        catalog: [{ itemId: '€ "x"', weight, quantity }, { itemId: 'y', weight: 0n, quantity: 2 ** 53 - 1 }],
      });
      assert.equal((await pool.draw()).itemId, '€ "x"');
      const { items } = await pool.state();
      assert.equal(items[0].weight, weight);
      assert.equal(items[0].quantity, quantity - 1n);
      assert.equal(items[1].quantity, 2 ** 53 - 1);
      const [first] = await records(pool);
      assert.deepEqual(first, { type: 'catalog-item', itemId: '€ "x"', weight, quantity });
      await assert.rejects(
        pool.update('y', { weight: 2n ** 62n }),
        withCode('invalid-argument'),
        'the sum is too large',
      );
    });

    test('numbers that are not exact integers are refused before anything changes', async (t) => {
      const pool = await open(t, { catalog: goldAndMud });
      for (const weight of [1.5, -1, -1n, NaN, Infinity, 2 ** 53, 2n ** 63n, '1', null, undefined]) {
        await assert.rejects(
          pool.add({ itemId: 'x', quantity: 1, weight }),
          withCode('invalid-argument'),
        );
        await assert.rejects(
          pool.add({ itemId: 'x', quantity: weight, weight: 1 }),
          withCode('invalid-argument'),
        );
      }
      for (const count of [0, -1, 1.5, 10_001, '2', 2n]) {
        await assert.rejects(pool.drawMany(count), withCode('invalid-argument'));
      }
      for (const key of ['', 'rewardpool:x', 'x'.repeat(256), 'a\0b', '\ud800', 5]) {
        await assert.rejects(pool.draw({ key }), withCode('invalid-argument'));
      }
      for (const change of [{}, undefined, null, { weight: 0.1 }]) {
        await assert.rejects(pool.update('gold', change), withCode('invalid-argument'));
      }
      const state = await pool.state();
      assert.equal(state.lastRequestId, 0n);
      assert.equal(state.items.length, 2);
    });

    test('the log tells every record in order', async (t) => {
      const pool = await open(t, { catalog: finite(3), insecureSeed: 1n });
      const { itemId } = await pool.draw();
      const many = await pool.drawMany(2, { key: 'k', user: 'u' });
      await assert.rejects(pool.draw(), withCode('exhausted'));
      await pool.update('a', { quantity: 'unlimited' });
      await pool.add({ itemId: 'd', weight: 1, quantity: 1 });
      await pool.remove('d');
      assert.deepEqual(await records(pool), [
        { type: 'catalog-item', itemId: 'a', weight: 1, quantity: 1 },
        { type: 'catalog-item', itemId: 'b', weight: 2, quantity: 1 },
        { type: 'catalog-item', itemId: 'c', weight: 3, quantity: 1 },
        { type: 'pool-created', itemCount: 3 },
        { type: 'draw', requestId: 1n, count: 1, itemIds: [itemId] },
        { type: 'draw', requestId: 2n, count: 2, key: 'k', user: 'u', itemIds: many.itemIds },
        { type: 'draw-refused', requestId: 3n, count: 1 },
        { type: 'item-updated', requestId: 4n, itemId: 'a', quantity: 'unlimited' },
        { type: 'item-added', requestId: 5n, itemId: 'd', weight: 1, quantity: 1 },
        { type: 'item-removed', requestId: 6n, itemId: 'd' },
      ]);
    });

    test('a long log is read page by page, and a reader may stop half-way', async (t) => {
      const pool = await open(t, { catalog: goldAndMud });
      await pool.drawEach(60_000);
      let next = 1n;
      for await (const record of pool.log()) {
        if (record.type === 'draw') assert.equal(record.requestId, next++);
      }
      assert.equal(next, 60_001n);
      for await (const record of pool.log()) {
        if (record.type === 'draw') break;
      }
      assert.equal((await pool.draw()).requestId, 60_001n);
    });

    test('a reader goes on behind any request, also in the middle of a run', async (t) => {
      const pool = await open(t, { catalog: finite(40), insecureSeed: 5n });
      await pool.drawEach(30);
      await pool.drawMany(3);
      await pool.update('a', { weight: 7 });
      await pool.drawEach(12);
      const all = await records(pool);
      for (let after = 0n; after <= 47n; ++after) {
        const behind = all.filter(({ requestId }) => requestId > after);
        const read = [];
        for await (const record of pool.log({ afterRequest: after })) read.push(record);
        const expected = after === 0n ? all : behind;
        assert.deepEqual(read, expected, `after ${after}`);
      }
      await assert.rejects(pool.log({ afterRequest: -1 }).next(), withCode('invalid-argument'));
    });

    test('a copy of the state holds just what was answered before', async (t) => {
      const pool = await open(t, { catalog: finite(10_000) });
      const draws = Array.from({ length: 50 }, () => pool.drawEach(100));
      const states = await Promise.all(draws.map((draw) => draw.then(() => pool.state())));
      for (const { lastRequestId, items } of states) {
        const drawn = items.reduce((sum, item) => sum + item.drawn, 0);
        assert.equal(BigInt(drawn), lastRequestId);
      }
    });

    test('a snapshot shortens the log and keeps the state', async (t) => {
      const pool = await open(t, { catalog: goldAndMud, snapshots: false });
      for (let i = 1; i <= 3; ++i) {
        await pool.drawEach(1000);
        assert.equal(await pool.snapshot(), BigInt(1000 * i));
      }
      assert.equal(await pool.snapshot(), 3000n, 'nothing has happened since');
      assert.equal((await pool.stats()).snapshots, 3);
      const log = await records(pool);
      const first = log.find((record) => record.type === 'draw');
      assert.equal(first.requestId, 2001n, 'what only states before the last two need is gone');
      const report = await RewardPool.verify(await pool.export());
      assert.equal(report.lastRequestId, 3000n);
      assert.equal(report.snapshots, 2);
    });

    test('snapshots are taken by themselves', async (t) => {
      const pool = await open(t, { catalog: goldAndMud, snapshots: { everyRequests: 1000 } });
      for (let i = 0; i < 10; ++i) await pool.drawEach(500);
      await pool.snapshot();
      const { snapshots, snapshotsFailed } = await pool.stats();
      assert.ok(snapshots >= 2, `${snapshots} snapshots`);
      assert.equal(snapshotsFailed, 0);
    });

    test('an export is verified, and a pool made of it goes on where it was', async (t) => {
      const pool = await open(t, { catalog: finite(100) });
      await pool.drawEach(10);
      await pool.snapshot();
      const keyed = await pool.draw({ key: 'k' });
      const bytes = await pool.export();
      assert.ok(bytes instanceof Uint8Array);
      assert.equal((await RewardPool.verify(bytes)).lastRequestId, 11n);

      const copy = await RewardPool.import(bytes, await where());
      t.after(() => copy.close());
      assert.equal(copy.opening.recoveredThrough, 11n);
      assert.deepEqual(await copy.state(), await pool.state());
      assert.deepEqual(await copy.draw({ key: 'k' }), keyed);
      assert.equal((await copy.draw()).requestId, 12n);
    });

    test('a changed byte of an export is refused', async (t) => {
      const pool = await open(t, { catalog: goldAndMud });
      await pool.drawEach(10);
      const bytes = await pool.export();
      for (let at = 0; at < bytes.length; at += 97) {
        const changed = bytes.slice();
        changed[at] ^= 1;
        await assert.rejects(RewardPool.verify(changed), withCode('corrupt'), `byte ${at}`);
      }
      await assert.rejects(RewardPool.import(bytes.slice(0, -1), await where()), withCode('corrupt'));
      await assert.rejects(RewardPool.verify('text'), withCode('invalid-argument'));
    });

    test('a closed pool refuses, and closing twice is fine', async (t) => {
      const pool = await open(t, { catalog: goldAndMud });
      const draw = pool.draw();
      const closed = pool.close();
      assert.equal((await draw).requestId, 1n, 'what was asked for before is carried out');
      await closed;
      await pool.close();
      for (const call of [
        () => pool.draw(),
        () => pool.draw({ key: 'k' }),
        () => pool.drawMany(2),
        () => pool.state(),
        () => pool.add({ itemId: 'x', weight: 1, quantity: 1 }),
        () => pool.log().next(),
        () => pool.export(),
        () => pool.flush(),
      ]) {
        await assert.rejects(call(), withCode('closed'));
      }
    });

    test('await using closes the pool', async (t) => {
      const pool = await open(t, { catalog: goldAndMud });
      await pool[Symbol.asyncDispose]();
      await assert.rejects(pool.draw(), withCode('closed'));
    });

    test('a terminated pool answers that the outcome is unknown', async (t) => {
      const pool = await open(t, { catalog: goldAndMud });
      await pool.draw();
      const draw = pool.draw();
      pool.terminate();
      await assert.rejects(draw, withCode('outcome-unknown'));
      await assert.rejects(pool.draw(), withCode('closed'));
    });

    test('draws are flushed after the interval though the timer fires early', async (t) => {
      const { setTimeout } = globalThis;
      t.mock.method(globalThis, 'setTimeout', (call) => setTimeout(call, 0));
      const pool = await open(t, { catalog: goldAndMud, durability: { intervalMs: 3_600_000 } });
      await pool.draw();
      const giveUpAt = performance.now() + 10_000;
      while ((await pool.stats()).durableThrough < 1n) {
        assert.ok(performance.now() < giveUpAt, 'nothing was flushed');
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });

    for (const durability of ['async', { intervalMs: 20 }, { flushAfterDraws: 100 }]) {
      test(`draws under ${JSON.stringify(durability)} are durable after flush()`, async (t) => {
        const pool = await open(t, { catalog: goldAndMud, durability });
        await pool.drawEach(50);
        await pool.flush();
        assert.equal((await pool.stats()).durableThrough, 50n);
        await pool.drawEach(150);
        if (durability !== 'async') {
          // Of itself, sooner or later.
          while ((await pool.stats()).durableThrough < 200n) {
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        }
      });
    }

    test('bad options are refused by name', async (t) => {
      const place = await where();
      const bad = [
        [{ catalog: 5 }, /catalog/],
        [{ catalog: [{ itemId: 'a', weight: 1.5, quantity: 1 }] }, /catalog\[0\].*1\.5/],
        [{ catalog: [{ itemId: '', weight: 1, quantity: 1 }] }, /empty|1 to 255/],
        [{ catalog: goldAndMud, durability: 'maybe' }, /durability/],
        [{ catalog: goldAndMud, durability: { intervalMs: 0 } }, /intervalMs/],
        [{ catalog: goldAndMud, segmentBytes: 10 }, /segmentBytes/],
        [{ catalog: goldAndMud, selector: 'quick' }, /selector/],
        [{ catalog: goldAndMud, insecureSeed: -1 }, /insecureSeed/],
        [{ catalog: goldAndMud, keyRetention: 1.5 }, /keyRetention/],
        [{ catalog: goldAndMud, snapshots: { everyBytes: 0 } }, /everyBytes/],
        [{ catalog: [goldAndMud[0], goldAndMud[0]] }, /gold/],
      ];
      for (const [options, message] of bad) {
        await assert.rejects(RewardPool.open({ ...place, ...options }), (error) => {
          assert.match(error.code, /invalid-argument|already-exists/);
          assert.match(error.message, message);
          return true;
        });
      }
      await assert.rejects(RewardPool.open({ ...place }), withCode('not-found'));
    });
  });
}

test('where Symbol.asyncDispose is missing, its stand-in closes the pool', () => {
  // The symbol of this program cannot be taken away: another has a Symbol without it.
  const script = `
    const all = Object.getOwnPropertyDescriptors(Symbol);
    delete all.asyncDispose;
    globalThis.Symbol = Object.defineProperties(() => undefined, all);
    const { RewardPool } = await import('rewardpool');
    const pool = await RewardPool.open({ catalog: [] });
    await pool[Symbol.for('Symbol.asyncDispose')]();
    console.log(await pool.state().catch(({ code }) => code));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: new URL('.', import.meta.url),
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(stdout, 'closed\n', stderr);
});

test('the same seed gives the same draws', async (t) => {
  const draws = [];
  for (const insecureSeed of [42, 42n, 43]) {
    const pool = await RewardPool.open({ storage: 'memory', catalog: goldAndMud, insecureSeed });
    t.after(() => pool.close());
    const { picks, itemIds } = await pool.drawEach(200);
    draws.push(Array.from(picks, (pick) => itemIds[pick]).join());
  }
  assert.equal(draws[0], draws[1]);
  assert.notEqual(draws[0], draws[2]);
});

describe('a pool in files', () => {
  test('is found again by the next program', async (t) => {
    const dir = join(await temporaryFolder(), 'pool');
    const first = await RewardPool.open({ dir, catalog: finite(100) });
    const keyed = await first.draw({ key: 'k' });
    await first.drawEach(20);
    const state = await first.state();
    await first.close();
    const second = await RewardPool.open({ dir });
    t.after(() => second.close());
    assert.equal(second.opening.created, false);
    assert.equal(second.opening.recoveredThrough, 21n);
    assert.deepEqual(second.opening.notes, []);
    assert.deepEqual(await second.state(), state);
    assert.deepEqual(await second.draw({ key: 'k' }), keyed);
    assert.equal((await second.draw()).requestId, 22n);
  });

  test('after termination holds everything that was answered', async (t) => {
    const dir = join(await temporaryFolder(), 'pool');
    let pool = await RewardPool.open({ dir, catalog: finite(10_000) });
    const answered = new Map();
    for (let round = 0; round < 5; ++round) {
      const draws = Array.from({ length: 100 }, () => pool.draw());
      const all = Promise.allSettled(draws);
      await draws[round * 10];
      pool.terminate();
      for (const outcome of await all) {
        if (outcome.status === 'fulfilled') {
          assert.ok(!answered.has(outcome.value.requestId));
          answered.set(outcome.value.requestId, outcome.value.itemId);
        }
      }
      pool = await RewardPool.open({ dir });
    }
    t.after(() => pool.close());
    const logged = new Map();
    for await (const record of pool.log()) {
      if (record.type === 'draw') logged.set(record.requestId, record.itemIds[0]);
    }
    for (const [requestId, itemId] of answered) assert.equal(logged.get(requestId), itemId);
    assert.ok(answered.size >= 5);
  });

  test('has one owner', async (t) => {
    const dir = join(await temporaryFolder(), 'pool');
    const pool = await RewardPool.open({ dir, catalog: goldAndMud });
    await assert.rejects(RewardPool.open({ dir }), withCode('busy'));
    await assert.rejects(RewardPool.delete({ dir }), withCode('busy'));
    await pool.close();
    await RewardPool.delete({ dir });
    await assert.rejects(RewardPool.open({ dir }), withCode('not-found'));
    await RewardPool.delete({ dir });
  });

  test('is not made over by an import', async (t) => {
    const dir = join(await temporaryFolder(), 'pool');
    const pool = await RewardPool.open({ dir, catalog: goldAndMud });
    await pool.draw();
    const bytes = await pool.export();
    await pool.close();
    await assert.rejects(RewardPool.import(bytes, { dir }), withCode('already-exists'));
    const again = await RewardPool.open({ dir });
    t.after(() => again.close());
    assert.equal(again.opening.recoveredThrough, 1n);
  });

  test('that is no folder is refused', async (t) => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, 'x');
    await assert.rejects(RewardPool.open({ dir: file, catalog: goldAndMud }), RewardPoolError);
    await assert.rejects(RewardPool.open({ storage: 'node' }), withCode('invalid-argument'));
    await assert.rejects(RewardPool.open({ storage: 'opfs', name: 'x' }), withCode('unsupported'));
  });
});
