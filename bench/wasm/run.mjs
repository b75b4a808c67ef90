// The benchmarks of the npm package: `npm run bench`, on a machine that does nothing else.
//
//   --quick       a few milliseconds a row: shows that it runs, measures nothing
//   --only NAME   the rows of one place alone, for example 'opfs' or 'bulk'
//   --json FILE   writes the results there too
//
// How to read what it prints: bench/README.md.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { RewardPool } from 'rewardpool';

import { batchedDraws, byTurns, catalogOf, ratio } from './measure.mjs';
import { measure } from './node.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const nativeFolder = join(root, 'build/native-bench/bin');
/** What does the same natively. */
const NATIVE = [
  {
    name: 'the same loop',
    program: 'bench_loop',
    row: (itemCount) => `BM_LoopBulkDraws/${itemCount}`,
  },
  {
    name: 'the library',
    program: 'bench_actor',
    row: (itemCount) => `BM_Bulk/memory/durable/producers:1/items:${itemCount}`,
  },
];
const BROWSER_PLACES = ['opfs', 'opfs, new', 'indexeddb', 'memory'];
const NODE_PLACES = ['node', 'memory'];

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, only: { type: 'string' }, json: { type: 'string' } },
});
const settings = values.quick ? { repetitions: 1, sliceMs: 5 } : { repetitions: 15, sliceMs: 200 };

function isWanted(place) {
  return values.only === undefined || values.only === place;
}

async function browserRows() {
  const places = BROWSER_PLACES.filter(isWanted);
  if (places.length === 0) return [];
  // Not before Node's rows are measured: the driver of browsers slows all promises down.
  const { launchBrowser, startServer } = await import('../../tests/wasm/browser/harness.mjs');
  const server = await startServer({
    folders: { '/bench/': fileURLToPath(new URL('.', import.meta.url)) },
    // The package does without these; they make the page's clock twenty times finer.
    headers: {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    },
  });
  const browser = await launchBrowser({ onDisk: true });
  const rows = [];
  try {
    for (const place of places) {
      const page = await browser.context.newPage();
      await page.goto(`${server.origin}/`);
      const found = await page.evaluate(
        async (asked) => (await import('/bench/page.mjs')).measure(...asked),
        [place, settings],
      );
      rows.push(...found.map((row) => ({ platform: 'browser', place, ...row })));
      await page.close();
    }
  } finally {
    await browser.close();
    await server.close();
  }
  return rows;
}

async function nodeRows() {
  const rows = [];
  for (const place of NODE_PLACES.filter(isWanted)) {
    const found = await measure(RewardPool, place, settings);
    rows.push(...found.map((row) => ({ platform: 'Node', place, ...row })));
  }
  return rows;
}

/** Runs native benchmarks, one at a time, from a process that is not measured. */
function startNativeRunner() {
  const child = fork(new URL('nativeRunner.mjs', import.meta.url));
  const failed = once(child, 'exit').then(() => {
    throw new Error('the native benchmark failed');
  });
  failed.catch(() => undefined);
  return {
    bulkRate: async ({ program, row }, itemCount) => {
      child.send({
        program: join(nativeFolder, program),
        filter: `^${row(itemCount)}/`,
        seconds: settings.sliceMs / 1000,
      });
      const [itemsPerSecond] = await Promise.race([once(child, 'message'), failed]);
      return itemsPerSecond;
    },
    end: () => child.disconnect(),
  };
}

/** WebAssembly beside native code, by turns: 32 bulks of 4096 draws in flight, in memory. */
async function bulkRows() {
  if (!isWanted('bulk')) return [];
  const natives = NATIVE.filter(({ program }) => existsSync(join(nativeFolder, program)));
  const runner = startNativeRunner();
  const rows = [];
  for (const itemCount of [6, 1000]) {
    const pool = await RewardPool.open({ storage: 'memory', catalog: catalogOf(itemCount) });
    const slice = batchedDraws(pool, 32, 4096);
    const rates = [];
    const nativeRates = natives.map(() => []);
    for (let i = -1; i < settings.repetitions; ++i) {
      const { pool: wasm } = await byTurns({ pool: slice }, { ...settings, repetitions: 1 });
      const beside = [];
      for (const native of natives) beside.push(await runner.bulkRate(native, itemCount));
      if (i < 0) continue;
      rates.push(wasm.drawsPerSecond);
      beside.forEach((nativeRate, k) => nativeRates[k].push(nativeRate));
    }
    await pool.close();
    rows.push({
      itemCount,
      drawsPerSecond: median(rates),
      slices: rates,
      native: natives.map(({ name }, k) => ({
        name,
        drawsPerSecond: median(nativeRates[k]),
        slices: nativeRates[k],
        toNative: ratio({ slices: rates }, { slices: nativeRates[k] }),
      })),
    });
  }
  runner.end();
  return rows;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

function rate(perSecond) {
  return perSecond >= 1e6
    ? `${(perSecond / 1e6).toFixed(2)} M`
    : `${(perSecond / 1e3).toFixed(perSecond < 1e4 ? 2 : 0)} k`;
}

function printTable(header, rows) {
  const lines = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  for (const line of lines) {
    console.log(
      line
        .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join('  '),
    );
  }
}

const machine = {
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
  node: process.version,
  loadBefore: loadavg()[0],
};
const bulk = await bulkRows();
const inNode = await nodeRows();
const rows = [...(await browserRows()), ...inNode];
machine.loadAfter = loadavg()[0];

if (rows.length > 0) {
  printTable(
    ['where', 'call', 'in flight', 'draws/s', 'of floor', 'of promises', 'p50 us', 'to floor', 'p99 us', 'log bytes/draw'],
    rows.map((row) => [
      `${row.platform}, ${row.place}`,
      row.call,
      String(row.inFlight),
      rate(row.drawsPerSecond),
      `${(100 * row.throughputToFloor).toFixed(0)}%`,
      row.throughputToPromises === undefined
        ? '-'
        : `${(100 * row.throughputToPromises).toFixed(0)}%`,
      row.p50Us.toFixed(0),
      row.latencyToFloor.toFixed(2),
      row.p99Us.toFixed(0),
      row.walBytesPerDraw.toFixed(2),
    ]),
  );
}
for (const { itemCount, drawsPerSecond, native } of bulk) {
  const beside = native.map(
    ({ name, drawsPerSecond: of, toNative }) =>
      `${(100 * toNative).toFixed(0)}% of ${name} natively, ${rate(of)}`,
  );
  if (native.length === 0) beside.push('native not built: cmake --workflow --preset native-bench');
  console.log(
    `bulk draws in Node, ${itemCount} items: ${rate(drawsPerSecond)} draws/s (${beside.join('; ')})`,
  );
}
console.log(`load ${machine.loadBefore.toFixed(1)} before, ${machine.loadAfter.toFixed(1)} after`);
if (values.json !== undefined) {
  await writeFile(values.json, `${JSON.stringify({ machine, settings, rows, bulk }, null, 1)}\n`);
}
