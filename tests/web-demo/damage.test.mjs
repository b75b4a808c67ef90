// The lab's knife: it cuts where it says, and the package's verifier is the judge.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { RewardPool } from 'rewardpool';

import { loadParts } from './parts.mjs';

let parts;
let archive;
let files;

before(async () => {
  parts = await loadParts();
  const pool = await RewardPool.open({
    catalog: [
      { itemId: 'crown', weight: 127, quantity: 4 },
      { itemId: 'coin', weight: 200, quantity: 'unlimited' },
    ],
    insecureSeed: 9n,
  });
  for (let i = 0; i < 6; ++i) await pool.drawEach(5);
  archive = await pool.export();
  files = parts.unpack(archive);
  await pool.close();
});

/** What the verifier says of files: its report, or the error. */
const judge = (damaged) => RewardPool.verify(parts.pack(damaged)).catch((error) => error);

test('an archive that is taken apart and put together is the same, snapshots included', async () => {
  assert.deepEqual(parts.pack(parts.unpack(archive)), archive);
  const pool = await RewardPool.open({
    catalog: [{ itemId: 'a', weight: 1, quantity: 'unlimited' }],
    segmentBytes: 65_536,
    snapshots: false,
  });
  for (let i = 0; i < 3; ++i) {
    await pool.drawEach(1_000_000);
    await pool.drawMany(100, { key: `key ${i}` });
    await pool.snapshot();
  }
  const long = await pool.export();
  await pool.close();
  assert.ok(parts.unpack(long).length > 2);
  assert.deepEqual(parts.pack(parts.unpack(long)), long);
});

test('a flipped bit anywhere in the log is refused with its place, or is in the last frame', async () => {
  const size = parts.logBytes(files);
  const lastFrame = size - parts.framesOf(files.at(-1).bytes).at(-1).length;
  for (let position = 0; position < size; ++position) {
    const damage = parts.flipByte(files, position, position % 8);
    const found = await judge(damage.files);
    if (position >= lastFrame) {
      assert.equal(found.lastRequestId, 25n, `byte ${position}`);
      assert.match(found.notes.join(), /torn tail/);
    } else {
      assert.equal(found.code, 'corrupt', `byte ${position}`);
      assert.match(found.message, /^wal-\d{20}\.log/, `byte ${position}`);
    }
  }
});

test('a torn tail takes the last frame, and nothing before it', async () => {
  const damage = parts.tearTail(files);
  const found = await judge(damage.files);
  assert.equal(found.lastRequestId, 25n);
  const { offset } = parts.framesOf(files.at(-1).bytes).at(-1);
  assert.match(found.notes.join(), new RegExp(`cut a torn tail at offset ${offset} `));
  const pool = await RewardPool.import(parts.pack(damage.files));
  assert.equal(pool.opening.recoveredThrough, 25n);
  await pool.close();
});

test('a changed weight is found in the first frame', async () => {
  const damage = parts.changeWeight(files);
  assert.match(damage.deed, /crown was changed from 127 to 1\./);
  const found = await judge(damage.files);
  assert.equal(found.code, 'corrupt');
  assert.match(found.message, /offset 64, record 1/);
});

test('a forger who mends every checksum is believed, and the pool has the other weight', async () => {
  const damage = parts.forgeWeight(files);
  const found = await judge(damage.files);
  assert.equal(found.lastRequestId, 30n);
  const pool = await RewardPool.import(parts.pack(damage.files));
  const [crown] = (await pool.state()).items;
  assert.equal(crown.weight, 1);
  await pool.close();
});
