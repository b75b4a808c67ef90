// The power, or syncs, fail while Node or the native command draws: the pool is on a
// disk of the test's own, and only what had reached that disk is recovered.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { RewardPool } from 'rewardpool';

import { failSyncs, noFailingSyncs } from '../support/failSyncs.mjs';
import { temporaryFolder } from '../support/folder.mjs';
import { nativeCommand, noNativeCommand } from '../support/nativeCommand.mjs';
import { AnswersUntilCut, createDisk, noPowerCuts } from '../support/powerCut.mjs';

const ANSWERS = 1000;
const LIMIT_MS = 60_000;

const script = fileURLToPath(new URL('drawUntilKilled.mjs', import.meta.url));

/** Programs that draw for ever: how they tell an answer, and that their log has failed. */
const programs = {
  node: {
    stopped: { exitCode: 0, lastLine: `stopped${' outcome-unknown'.repeat(4)}` },
    start: (dir, durability) => {
      // What is not synced is lost only where no snapshot and no new segment syncs it.
      const oneSegment = { durability, snapshots: false, segmentBytes: 16 * 1024 * 1024 };
      const options = durability === 'durable' ? {} : oneSegment;
      return [process.execPath, [script, dir, JSON.stringify(options)]];
    },
    parse: (line) => {
      const [requestId, itemId] = line.split(' ');
      return /^\d+$/.test(requestId) ? [BigInt(requestId), itemId] : undefined;
    },
  },
};
for (const storage of ['file', 'mmap']) {
  programs[`the command, storage ${storage}`] = {
    skip: noNativeCommand,
    stopped: { exitCode: 3 },
    start: async (dir, durability) => {
      const config = join(await temporaryFolder(), 'pool.json');
      const catalog = [
        { item_id: 'gold', quantity: 1_000_000, weight: 1 },
        { item_id: 'mud', quantity: 'unlimited', weight: 9 },
      ];
      await writeFile(
        config,
        JSON.stringify({ working_dir: dir, pool: { catalog }, wal: { storage, durability } }),
      );
      const words = ['--config', config, '--count', '100000000', '--batch', '64', '--json'];
      return [nativeCommand, ['draw', ...words]];
    },
    parse: (line) => {
      const { request_id: requestId, item_id: itemId } = JSON.parse(line);
      return [BigInt(requestId), itemId];
    },
  };
}

async function cutPower(disk, child) {
  const moment = await disk.cut();
  child.kill('SIGKILL');
  return moment;
}

/** Until the program gives up. Then the power is cut, so that only what was synced is left. */
async function failAllSyncs(disk, child) {
  const exited = once(child, 'exit');
  const strike = await failSyncs([child.pid]);
  await exited;
  assert.ok((await strike.stop()) > 0, 'no sync has failed');
  await disk.cut();
  return Infinity;
}

/** Calls `end` in the middle of drawing; what was told until the moment it resolves to counts. */
async function recoverAfter(end, { start, parse }, durability) {
  const disk = await createDisk();
  try {
    const [program, words] = await start(join(disk.folder, 'pool'), durability);
    // It complains that its disk is gone.
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'ignore'] });
    const exited = once(child, 'exit');
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    const answers = new AnswersUntilCut();
    let ended;
    let lastLine;
    for await (const line of createInterface({ input: child.stdout })) {
      lastLine = line;
      let answer;
      try {
        answer = parse(line);
      } catch {
        // The end has cut the last line in two.
        continue;
      }
      if (answer !== undefined && answers.note(...answer) === ANSWERS) ended = end(disk, child);
    }
    const [exitCode] = await exited;
    clearTimeout(limit);
    assert.ok(ended !== undefined, `there were less than ${ANSWERS} answers`);
    const told = answers.until(await ended);

    // A snapshot would drop a part of the log before it is read.
    const dir = join(await disk.restore(), 'pool');
    const pool = await RewardPool.open({ dir, snapshots: false });
    const { logStartsAfter, recoveredThrough } = pool.opening;
    const logged = new Map();
    for await (const { type, requestId, itemIds } of pool.log()) {
      if (type === 'draw') logged.set(requestId, itemIds[0]);
    }
    const { items } = await pool.state();
    await pool.close();
    const drawn = items.reduce((sum, item) => sum + BigInt(item.drawn), 0n);
    assert.equal(drawn, recoveredThrough, 'every request took one unit');
    let lost = 0;
    for (const { requestId, itemId } of told) {
      if (requestId > recoveredThrough) ++lost;
      else if (requestId > logStartsAfter) assert.equal(logged.get(requestId), itemId);
    }
    return { answered: told.length, lost, exitCode, lastLine };
  } finally {
    await disk.remove();
  }
}

for (const [name, { skip, ...program }] of Object.entries(programs)) {
  const options = { skip: noPowerCuts || skip };
  test(`every answered draw is there when the power has failed (${name})`, options, async (t) => {
    const { answered, lost } = await recoverAfter(cutPower, program, 'durable');
    t.diagnostic(`${answered} answers`);
    assert.equal(lost, 0, `${lost} of ${answered} answers are lost`);
  });

  // The control: if nothing were lost here, the one above would prove nothing.
  test(`what is not synced is lost when the power has failed (${name})`, options, async (t) => {
    const { answered, lost } = await recoverAfter(cutPower, program, 'async');
    t.diagnostic(`${lost} of ${answered} answers are lost`);
    assert.ok(lost > 0);
  });

  test(
    `a sync that fails stops the pool, and nothing is answered for it (${name})`,
    { skip: options.skip || noFailingSyncs },
    async (t) => {
      const found = await recoverAfter(failAllSyncs, program, 'durable');
      t.diagnostic(`${found.answered} answers`);
      assert.equal(found.lost, 0, `${found.lost} of ${found.answered} answers are lost`);
      const { exitCode, lastLine } = program.stopped;
      assert.equal(found.exitCode, exitCode);
      if (lastLine !== undefined) assert.equal(found.lastLine, lastLine);
    },
  );
}
