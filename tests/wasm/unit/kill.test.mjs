// SIGKILL in the middle of drawing, again and again, on one pool.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { RewardPool } from 'rewardpool';

import { temporaryFolder } from '../support/folder.mjs';

const ROUNDS = 25;
const script = fileURLToPath(new URL('drawUntilKilled.mjs', import.meta.url));

/** Runs the script until it has printed `answers` answers, then kills it. */
async function drawAndKill(dir, answers, acknowledged) {
  const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let recovered;
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [first, second] = line.split(' ');
    if (first === 'recovered') {
      recovered = BigInt(second);
      continue;
    }
    // A line that the kill has cut in two is no answer.
    if (!['gold', 'silver', 'mud'].includes(second)) continue;
    const requestId = BigInt(first);
    assert.ok(!acknowledged.has(requestId), `request ${requestId} was answered twice`);
    assert.ok(requestId > recovered, `request ${requestId} is older than the opening`);
    acknowledged.set(requestId, second);
    if (++count === answers) child.kill('SIGKILL');
  }
  const [, signal] = await exited;
  assert.equal(signal, 'SIGKILL', 'the script ended by itself');
  return recovered;
}

test('what was answered before SIGKILL is recovered, once', async (t) => {
  const dir = join(await temporaryFolder(), 'pool');
  const acknowledged = new Map();
  let last = 0n;
  for (let round = 0; round < ROUNDS; ++round) {
    const before = acknowledged.size;
    const recovered = await drawAndKill(dir, 1 + ((round * 37) % 400), acknowledged);
    assert.ok(recovered >= last, `round ${round}: recovered ${recovered}, answered was ${last}`);
    assert.ok(acknowledged.size > before);
    last = [...acknowledged.keys()].reduce((max, id) => (id > max ? id : max));
  }

  // A snapshot would let the log begin later than the opening says.
  const pool = await RewardPool.open({ dir, snapshots: false });
  t.after(() => pool.close());
  const logStartsAfter = pool.opening.logStartsAfter;
  let compared = 0;
  for await (const record of pool.log()) {
    if (record.type !== 'draw' || !acknowledged.has(record.requestId)) continue;
    assert.equal(record.itemIds[0], acknowledged.get(record.requestId));
    ++compared;
  }
  const expected = [...acknowledged.keys()].filter((id) => id > logStartsAfter).length;
  assert.equal(compared, expected, 'every answer that the log still reaches is in it');
  const { lastRequestId, items } = await pool.state();
  assert.equal(
    items.reduce((sum, item) => sum + BigInt(item.drawn), 0n),
    lastRequestId,
    'every request took one unit',
  );
  assert.equal((await RewardPool.verify(await pool.export())).lastRequestId, lastRequestId);
});
