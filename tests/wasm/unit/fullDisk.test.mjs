// What callers of a pool in files see when its disk is full: refusals, no waits.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';

// First: it replaces functions of the file system.
import { healFs, limitFolder } from '../support/faultyFs.mjs';
import { RewardPool } from 'rewardpool';

import { goldAndMud } from '../support/catalogs.mjs';
import { temporaryFolder } from '../support/folder.mjs';

afterEach(healFs);

const limits = { timeout: 60_000 };

/** A pool that has one draw, and no room for more than what its folder has. */
async function openFull(options) {
  const dir = join(await temporaryFolder(), 'pool');
  const pool = await RewardPool.open({ dir, catalog: goldAndMud, segmentBytes: 65_536, ...options });
  await pool.draw();
  limitFolder(dir, 0);
  return pool;
}

/** As many draws as the room that was made beforehand cannot hold. */
function tooMany(pool) {
  const key = 'x'.repeat(200);
  return Array.from({ length: 1000 }, (_, i) => pool.draw({ key: `${key}${i}` }));
}

for (const durability of ['durable', 'async', { intervalMs: 60_000 }]) {
  test(`flush() and close() end when the disk is full (${JSON.stringify(durability)})`, limits, async () => {
    const pool = await openFull({ durability });
    const draws = tooMany(pool);
    // Of what was acknowledged before, all is durable.
    const flushed = pool.flush();
    const refused = await Promise.allSettled(draws);
    assert.deepEqual([...new Set(refused.map(({ reason }) => reason?.code))], ['full']);
    await flushed;
    assert.equal((await pool.stats()).durableThrough, 1n);
    await pool.close();
  });
}

test('an import without room leaves nothing, and is done when there is room', limits, async () => {
  const pool = await RewardPool.open({ catalog: goldAndMud, segmentBytes: 65_536 });
  await Promise.all(tooMany(pool));
  await pool.snapshot();
  await pool.drawEach(10);
  const state = await pool.state();
  const bytes = await pool.export();
  await pool.close();

  const dir = await temporaryFolder();
  for (const room of [10_000, 80_000, 150_000, 220_000]) {
    limitFolder(dir, room);
    await assert.rejects(RewardPool.import(bytes, { dir }), { code: 'full' });
    healFs();
    await assert.rejects(RewardPool.open({ dir }), { code: 'not-found' });
  }
  const copy = await RewardPool.import(bytes, { dir });
  assert.deepEqual(await copy.state(), state);
  await copy.close();
});
