// Odds and simulation through the public API, in Node.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { RewardPool } from 'rewardpool';

import { finite, goldAndMud } from '../support/catalogs.mjs';

const golden = JSON.parse(
  await readFile(new URL('../../golden/odds.json', import.meta.url), 'utf8'),
);

function assertClose(actual, expected, what) {
  const wanted = expected ?? Infinity;
  if (actual === wanted) return;
  const off = Math.abs(actual - wanted) / Math.max(1, Math.abs(wanted));
  assert.ok(off < 1e-9, `${what}: ${actual} in place of ${wanted}`);
}

async function codeOf(promise) {
  return promise.then(
    () => 'no error',
    (error) => error.code ?? error.name,
  );
}

for (const [i, { draws, items }] of golden.entries.entries()) {
  test(`odds are the golden ones (pool ${i}, ${draws} draws)`, async () => {
    const catalog = items.map(({ item_id, weight, quantity }) => ({
      itemId: item_id,
      weight: BigInt(weight),
      quantity: quantity === 'unlimited' ? quantity : BigInt(quantity),
    }));
    const odds = await RewardPool.odds(catalog, { draws });
    assert.equal(odds.draws, draws);
    for (const [k, wanted] of items.entries()) {
      const item = odds.items[k];
      assert.equal(item.itemId, wanted.item_id);
      assert.equal(item.nextNumerator, BigInt(wanted.next_num));
      assert.equal(item.nextDenominator, BigInt(wanted.next_den));
      assert.equal(item.method, wanted.method);
      assertClose(item.expected, wanted.expected, 'expected');
      assertClose(item.atLeastOne, wanted.p_at_least_one, 'at least one');
      assertClose(item.drawsUntilFirst, wanted.until_first, 'until first');
      assertClose(item.drawsUntilGone, wanted.until_gone, 'until gone');
    }
  });
}

test('counts are a distribution, and curves end where the odds do', async () => {
  const draws = 40;
  const odds = await RewardPool.odds(finite(60), {
    draws,
    countsOf: ['c', 'a'],
    curveDraws: [0, draws],
  });
  assert.deepEqual(odds.counts.map(({ itemId }) => itemId), ['c', 'a']);
  for (const { itemId, firstCount, exactly, atLeast, error } of odds.counts) {
    const { expected } = odds.items.find((item) => item.itemId === itemId);
    assert.ok(Math.abs(exactly.reduce((sum, p) => sum + p, 0) - 1) < 1e-9 + exactly.length * error);
    const mean = exactly.reduce((sum, p, i) => sum + p * (firstCount + i), 0);
    assertClose(mean, expected, `mean of ${itemId}`);
    assertClose(atLeast[0], 1, `at least ${firstCount}`);
  }
  odds.curves.items.forEach((curve, i) => {
    assert.equal(curve.expected[0], 0);
    assertClose(curve.expected[1], odds.items[i].expected, curve.itemId);
    assertClose(curve.remaining[0] - curve.remaining[1], curve.expected[1], curve.itemId);
  });
});

test('a pool tells the odds of what it has now', async (t) => {
  const pool = await RewardPool.open({ catalog: goldAndMud });
  t.after(() => pool.close());
  await pool.update('gold', { weight: 3, quantity: 1 });
  const { items } = await pool.odds({ draws: 2 });
  assert.equal(items[0].nextNumerator, 3n);
  assert.equal(items[0].nextDenominator, 12n);
  assertClose(items[0].atLeastOne, 1 - (9 / 12) ** 2, 'gold within two');
});

test('run r of a simulation draws what a pool with seed + r draws', async () => {
  const catalog = finite(100);
  const simulation = await RewardPool.simulate(catalog, {
    runs: 3,
    draws: 50,
    seed: 2n ** 64n - 1n,
    curveDraws: [1, 25, 50],
  });
  assert.equal(simulation.drawsMade, 150);
  for (const [run, insecureSeed] of [2n ** 64n - 1n, 0n, 1n].entries()) {
    const pool = await RewardPool.open({ catalog, insecureSeed });
    await pool.drawEach(50);
    const { items } = await pool.state();
    await pool.close();
    assert.deepEqual(
      simulation.items.map(({ counts }) => counts[run]),
      items.map(({ drawn }) => drawn),
    );
  }
  const repeated = await RewardPool.simulate(catalog, {
    runs: 3,
    draws: 50,
    seed: simulation.seed,
    curveDraws: [1, 25, 50],
  });
  assert.deepEqual(repeated, simulation);
});

test('a simulation agrees with the odds, and ends early with the stock', async () => {
  const runs = 4000;
  const catalog = finite(30);
  const odds = await RewardPool.odds(catalog, { draws: 10 });
  const { items } = await RewardPool.simulate(catalog, { runs, draws: 10, seed: 7 });
  items.forEach(({ drawn, runsWithOne, counts, countQuantiles }, i) => {
    assert.equal(counts.reduce((sum, count) => sum + count, 0), drawn);
    // Five standard deviations of a proportion; of a mean of at most 10 units, ten of a half.
    assert.ok(Math.abs(runsWithOne / runs - odds.items[i].atLeastOne) < 5 / Math.sqrt(4 * runs));
    assert.ok(Math.abs(drawn / runs - odds.items[i].expected) < 10 / Math.sqrt(runs));
    assert.deepEqual(countQuantiles, [...countQuantiles].sort((a, b) => a - b));
  });
  const all = await RewardPool.simulate(catalog, { runs: 2, draws: 1000, seed: 7 });
  assert.equal(all.drawsMade, 60);
});

test('a simulation reports progress and is ended by its signal', async () => {
  const controller = new AbortController();
  let last = 0;
  const ended = RewardPool.simulate(goldAndMud, {
    runs: 1_000_000,
    draws: 1_000_000,
    curveDraws: [1_000_000],
    signal: controller.signal,
    onProgress: ({ drawsDone, drawsTotal }) => {
      assert.equal(drawsTotal, 1e12);
      assert.ok(drawsDone > last);
      last = drawsDone;
      controller.abort();
    },
  });
  assert.equal(await codeOf(ended), controller.signal.reason.code);
  assert.ok(last > 0);
});

test('what is asked for is checked before anything is loaded', async () => {
  const oddsWasmUrl = 'nowhere.wasm';
  const refused = (catalog, options) =>
    codeOf(RewardPool.odds(catalog, { oddsWasmUrl, ...options }));
  const twice = [...goldAndMud, goldAndMud[0]];
  assert.equal(await refused(twice, {}), 'invalid-argument');
  assert.equal(await refused(goldAndMud, { draws: 0 }), 'invalid-argument');
  assert.equal(await refused(goldAndMud, { draws: 1.5 }), 'invalid-argument');
  assert.equal(await refused(goldAndMud, { draws: 10n ** 12n + 1n }), 'invalid-argument');
  assert.equal(await refused(goldAndMud, { countsOf: ['tin'] }), 'invalid-argument');
  assert.equal(await refused([{ itemId: 'a', weight: -1, quantity: 1 }], {}), 'invalid-argument');
  assert.equal(await refused(goldAndMud, {}), 'unsupported');
  for (const options of [
    { runs: 0, draws: 1 },
    { runs: 1, draws: 0 },
    { runs: 1, draws: 5, curveDraws: [3, 2, 5] },
    { runs: 1, draws: 5, curveDraws: [1, 2] },
    { runs: 1, draws: 5, quantiles: [1.1] },
    { runs: 1, draws: 5, selector: 'best' },
    { runs: 10_000_000, draws: 1000 },
  ]) {
    assert.equal(await codeOf(RewardPool.simulate(goldAndMud, options)), 'invalid-argument');
  }
  const heavy = ['a', 'b'].map((itemId) => ({ itemId, weight: 2n ** 62n, quantity: 1 }));
  assert.equal(await codeOf(RewardPool.odds(heavy)), 'invalid-argument');
});
