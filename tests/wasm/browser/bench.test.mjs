// The benchmarks run, and every row tells a number. What the numbers are is no
// test's business.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { temporaryFolder } from '../support/folder.mjs';

const run = fileURLToPath(new URL('../../../bench/wasm/run.mjs', import.meta.url));

test('every row of the benchmarks reports', { timeout: 120_000 }, async () => {
  const file = join(await temporaryFolder(), 'results.json');
  await promisify(execFile)(process.execPath, [run, '--quick', '--json', file], {
    timeout: 110_000,
  });
  const { rows, bulk } = JSON.parse(await readFile(file, 'utf8'));
  const places = new Set(rows.map(({ platform, place }) => `${platform}, ${place}`));
  assert.equal(places.size, 6);
  assert.equal(rows.length, 6 * 5);
  for (const row of rows) {
    for (const number of ['drawsPerSecond', 'p50Us', 'throughputToFloor', 'walBytesPerDraw']) {
      assert.ok(row[number] > 0 && Number.isFinite(row[number]), `${row.place} ${row.call}: ${number}`);
    }
  }
  assert.deepEqual(bulk.map(({ itemCount }) => itemCount), [6, 1000]);
  assert.ok(bulk.every(({ drawsPerSecond }) => drawsPerSecond > 0));
});
