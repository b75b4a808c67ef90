// The package as users get it: packed, installed into an empty folder, and used
// from every kind of program that Node runs.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

import { installPackage, root, run } from './install.mjs';

const catalog = "[{ itemId: 'a', quantity: 'unlimited', weight: 1 }]";

let project;
let installed;
let tarball;
let files;

before(async () => {
  ({ project, installed, tarball, files } = await installPackage());
});

async function runScript(name, text) {
  await writeFile(join(project, name), text);
  const { stdout } = await run(process.execPath, [name], { cwd: project });
  return stdout.trim();
}

test('holds what is needed and nothing else', () => {
  assert.deepEqual(files.sort(), [
    'LICENSE',
    'README.md',
    'dist/browser.js',
    'dist/browserHost.js',
    'dist/chunk.js',
    'dist/index.d.cts',
    'dist/index.d.ts',
    'dist/inspector.wasm',
    'dist/node.cjs',
    'dist/node.js',
    'dist/odds.wasm',
    'dist/oddsWorker.js',
    'dist/rewardpool.wasm',
    'dist/worker.js',
    'package.json',
  ]);
});

test('loads at most 180 KB of WebAssembly, 65 KB compressed, and 30 KB of compressed script, 8 KB in a page', async () => {
  const read = (name) => readFile(join(installed, 'dist', name));
  const module = await read('rewardpool.wasm');
  assert.ok(module.length <= 180_000, `${module.length} bytes`);
  const compressed = gzipSync(module, { level: 9 }).length;
  assert.ok(compressed <= 65_000, `${compressed} bytes compressed`);
  for (const [limit, ...scripts] of [
    [8_000, 'browser.js', 'chunk.js'],
    [30_000, 'browserHost.js', 'chunk.js'],
    [30_000, 'worker.js'],
  ]) {
    const sizes = scripts.map(async (name) => gzipSync(await read(name), { level: 9 }).length);
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    assert.ok(bytes <= limit, `${scripts} have ${bytes} bytes`);
  }
});

test('works in an ES module', async () => {
  const seen = await runScript(
    'module.mjs',
    `import { RewardPool } from 'rewardpool';
     const pool = await RewardPool.open({ dir: './data', catalog: ${catalog} });
     const { requestId, itemId } = await pool.draw();
     await pool.close();
     console.log(requestId, itemId);`,
  );
  assert.equal(seen, '1n a');
});

test('works in CommonJS', async () => {
  const seen = await runScript(
    'common.cjs',
    `const { RewardPool, RewardPoolError } = require('rewardpool');
     (async () => {
       const pool = await RewardPool.open({ catalog: ${catalog} });
       const { requestId, itemId } = await pool.draw();
       const error = await pool.remove('b').catch((reason) => reason);
       await pool.close();
       console.log(requestId, itemId, error instanceof RewardPoolError, error.code);
     })();`,
  );
  assert.equal(seen, '1n a true not-found');
});

test('an error that nobody catches is printed with its name and code, and little else', async () => {
  for (const name of ['uncaught.mjs', 'uncaught.cjs']) {
    const error = await runScript(
      name,
      `import('rewardpool').then(({ RewardPool }) => RewardPool.open({ dir: './nowhere' }));`,
    ).catch((failure) => failure);
    assert.match(error.stderr, /RewardPoolError: there is no pool in .*nowhere/);
    assert.match(error.stderr, /code: 'not-found'/);
    assert.ok(error.stderr.length < 3000, `${error.stderr.length} characters`);
  }
});

test('works in a thread', async () => {
  const seen = await runScript(
    'thread.mjs',
    `import { isMainThread, parentPort, Worker } from 'node:worker_threads';
     import { fileURLToPath } from 'node:url';
     if (isMainThread) {
       new Worker(fileURLToPath(import.meta.url)).on('message', (text) => console.log(text));
     } else {
       const { RewardPool } = await import('rewardpool');
       const pool = await RewardPool.open({ dir: './thread', catalog: ${catalog} });
       const { itemId } = await pool.draw();
       await pool.close();
       parentPort.postMessage(itemId);
     }`,
  );
  assert.equal(seen, 'a');
});

test('has types for strict TypeScript, in ES modules and in CommonJS', async () => {
  const text = `import { RewardPool, RewardPoolError, type Draw } from 'rewardpool';
    export async function use(): Promise<Draw> {
      await using pool = await RewardPool.open({ dir: 'x', catalog: ${catalog} });
      const { lastRequestId } = await pool.state();
      const next: bigint = lastRequestId + 1n;
      // @ts-expect-error: there is no such storage
      await RewardPool.open({ storage: 'paper' });
      // @ts-expect-error: there is no such option
      await RewardPool.open({ directory: 'x' });
      // @ts-expect-error: a weight is no text
      await pool.add({ itemId: 'x', weight: '1', quantity: next });
      for await (const record of pool.log()) {
        if (record.type === 'draw') record.itemIds.join();
      }
      try {
        return await pool.draw();
      } catch (error) {
        if (error instanceof RewardPoolError && error.code === 'exhausted') error.requestId;
        throw error;
      }
    }`;
  const names = ['typed.mts', 'typed.cts'];
  for (const name of names) await writeFile(join(project, name), text);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext'];
  const { stdout } = await run(
    process.execPath,
    [tsc, ...options, '--target', 'es2022', '--lib', 'es2022,dom', ...names],
    { cwd: project },
  ).catch((error) => error);
  assert.equal(stdout, '');
});

test('publint finds nothing to say', async () => {
  const { messages, pkg } = await publint({ pkgDir: installed, strict: true });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, pkg)),
    [],
  );
});

test('its types are right however a program finds them', async () => {
  const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  // These are files to be named in a URL: nobody imports them.
  const files = ['--exclude-entrypoints', 'worker', 'rewardpool.wasm', 'inspector.wasm', 'odds-worker', 'odds.wasm'];
  const { stdout } = await run(process.execPath, [attw, tarball, '--format', 'json', ...files]).catch(
    (error) => error,
  );
  const { analysis, problems } = JSON.parse(stdout);
  assert.equal(analysis.packageName, 'rewardpool');
  assert.deepEqual(problems ?? {}, {});
});

test('its reference is whole: every link leads somewhere, everything is explained', async () => {
  const typedoc = join(root, 'node_modules/typedoc/bin/typedoc');
  const options = ['--options', join(root, 'wasm/typedoc.json'), '--out', join(project, 'reference')];
  await run(process.execPath, [typedoc, ...options]);
  const page = await readFile(join(project, 'reference/classes/RewardPool.html'), 'utf8');
  assert.match(page, /drawMany/);
});
