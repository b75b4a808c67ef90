// Node and the native command on the same folder, both ways.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { RewardPool } from 'rewardpool';

import { finite, goldAndMud } from '../support/catalogs.mjs';
import { temporaryFolder } from '../support/folder.mjs';
import { nativeCommand, noNativeCommand } from '../support/nativeCommand.mjs';

const skip = noNativeCommand;
const run = promisify(execFile);

async function rewardpool(...words) {
  const { stdout } = await run(nativeCommand, words, { maxBuffer: 1 << 26 });
  return stdout;
}

async function nativeState(dir) {
  const state = JSON.parse(await rewardpool('state', '--dir', dir, '--json'));
  return {
    lastRequestId: BigInt(state.last_request_id),
    items: state.items.map(({ item_id, weight, quantity, drawn }) => ({
      itemId: item_id,
      weight,
      quantity,
      drawn,
    })),
  };
}

test('the command opens what Node wrote', { skip }, async (t) => {
  const dir = join(await temporaryFolder(), 'pool');
  const pool = await RewardPool.open({ dir, catalog: finite(1000), segmentBytes: 65_536 });
  await pool.drawEach(100);
  await pool.snapshot();
  const keyed = await pool.drawMany(3, { key: 'k' });
  await pool.update('a', { weight: 5 });
  const state = await pool.state();
  await pool.close();

  assert.deepEqual(await nativeState(dir), state);
  const report = JSON.parse(await rewardpool('verify', '--dir', dir, '--json'));
  assert.equal(report.ok, true);
  assert.equal(report.snapshots_compared, 1);
  const repeated = await rewardpool('draw', '--dir', dir, '--key', 'k', '--count', '3', '--json');
  assert.deepEqual(
    repeated.trim().split('\n').map((line) => JSON.parse(line)),
    keyed.itemIds.map((itemId) => ({ request_id: Number(keyed.requestId), item_id: itemId })),
  );
});

test('Node opens what the command wrote', { skip }, async (t) => {
  const folder = await temporaryFolder();
  const dir = join(folder, 'pool');
  const config = join(folder, 'pool.json');
  await writeFile(
    config,
    JSON.stringify({
      working_dir: dir,
      pool: {
        catalog: [
          { item_id: 'gold', quantity: 10, weight: 1 },
          { item_id: 'mud', quantity: 'unlimited', weight: 9 },
        ],
      },
    }),
  );
  await rewardpool('draw', '--config', config, '--count', '500');
  const keyed = JSON.parse(await rewardpool('draw', '--dir', dir, '--key', 'k', '--json'));
  const pool = await RewardPool.open({ dir });
  const state = await pool.state();
  assert.equal(state.lastRequestId, 501n);
  assert.deepEqual(await pool.draw({ key: 'k' }), {
    requestId: BigInt(keyed.request_id),
    itemId: keyed.item_id,
  });
  await pool.drawEach(100);
  const after = await pool.state();
  await pool.close();
  assert.deepEqual(await nativeState(dir), after);
});

test('they lock each other out', { skip }, async (t) => {
  const dir = join(await temporaryFolder(), 'pool');
  const pool = await RewardPool.open({ dir, catalog: goldAndMud });
  await assert.rejects(rewardpool('draw', '--dir', dir), (error) => {
    assert.equal(error.code, 1);
    assert.match(error.stderr, /is in use by/);
    assert.match(error.stderr, new RegExp(`process ${process.pid}`));
    return true;
  });
  await pool.close();
  await rewardpool('draw', '--dir', dir);
});

test('the command verifies and imports an export', { skip }, async (t) => {
  const folder = await temporaryFolder();
  const pool = await RewardPool.open({ storage: 'memory', catalog: finite(1000) });
  t.after(() => pool.close());
  await pool.drawEach(500);
  await pool.snapshot();
  await pool.drawEach(5);
  const file = join(folder, 'demo.rewardpool');
  await writeFile(file, await pool.export());
  const report = JSON.parse(await rewardpool('verify', file, '--json'));
  assert.equal(report.last_request_id, 505);
  await rewardpool('import', file, '--dir', join(folder, 'imported'));
  assert.deepEqual(await nativeState(join(folder, 'imported')), await pool.state());
});

// A page draws the same as Node: tests/wasm/browser/odds.test.mjs.
test('a seed draws the same in Node and in rewardpool simulate', { skip }, async () => {
  const folder = await temporaryFolder();
  for (const [name, items] of [
    ['flat', 4],
    ['wide', 300],
    ['envelope', 3000],
  ]) {
    const catalog = Array.from({ length: items }, (_, i) => ({
      itemId: `item ${i}`,
      weight: 1 + ((i * i) % 97),
      quantity: i % 3 === 0 ? 'unlimited' : 1 + (i % 5),
    }));
    const config = join(folder, `${name}.json`);
    const lines = catalog.map(({ itemId, weight, quantity }) => ({
      item_id: itemId,
      weight,
      quantity,
    }));
    await writeFile(config, JSON.stringify({ pool: { catalog: lines } }));
    const seed = 2n ** 64n - 1n;
    const words = ['simulate', '--config', config, '--count', '2000', '--seed', `${seed}`];
    const native = JSON.parse(await rewardpool(...words, '--json'));
    const nativeRuns = JSON.parse(await rewardpool(...words, '--runs', '3', '--json'));

    const pool = await RewardPool.open({ catalog, insecureSeed: seed });
    await pool.drawEach(2000);
    const state = await pool.state();
    const simulation = await pool.simulate({ runs: 1, draws: 10, seed: 1 });
    await pool.close();
    assert.equal(simulation.drawsMade, 10);
    assert.deepEqual(
      state.items.map(({ itemId, drawn }) => ({ item_id: itemId, drawn })),
      native.items,
    );
    const runs = await RewardPool.simulate(catalog, { runs: 3, draws: 2000, seed });
    assert.deepEqual(
      runs.items.map((item) => [item.itemId, item.drawn, item.runsWithOne, item.countQuantiles]),
      nativeRuns.items.map((item) => [
        item.item_id,
        item.drawn,
        item.runs_with_one,
        item.at_quantiles,
      ]),
    );
  }
});
