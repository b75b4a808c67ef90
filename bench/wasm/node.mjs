// The rows of Node, in this process.
import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { catalogOf, measurePool } from './measure.mjs';

const ROOM_BYTES = 4 << 20;

/** A bare write and sync, into a file that is as large as it will get. */
function startFileFloor(folder) {
  const file = openSync(join(folder, 'floor'), 'w');
  writeSync(file, new Uint8Array(ROOM_BYTES));
  fsyncSync(file);
  let at = 0;
  const makeRoundTrip = (byteCount) => {
    const bytes = new Uint8Array(byteCount).fill(1);
    return async () => {
      if (at + byteCount > ROOM_BYTES) at = 0;
      at += writeSync(file, bytes, 0, byteCount, at);
      fdatasyncSync(file);
    };
  };
  return { makeRoundTrip, end: () => closeSync(file) };
}

/** One task, and a copy of the bytes. */
function startMemoryFloor() {
  const makeRoundTrip = (byteCount) => {
    const bytes = new Uint8Array(byteCount).fill(1);
    return () => new Promise((resolve) => setImmediate(() => resolve(bytes.slice())));
  };
  return { makeRoundTrip, end: () => undefined };
}

export async function measure(RewardPool, storage, settings) {
  const folder = await mkdtemp(join(tmpdir(), 'rewardpool-bench-'));
  const floor = storage === 'node' ? startFileFloor(folder) : startMemoryFloor();
  try {
    const pool = await RewardPool.open({
      storage,
      ...(storage === 'node' && { dir: join(folder, 'pool') }),
      catalog: catalogOf(1000),
    });
    const rows = await measurePool(pool, floor.makeRoundTrip, settings);
    await pool.close();
    return rows;
  } finally {
    floor.end();
    await rm(folder, { recursive: true });
  }
}
