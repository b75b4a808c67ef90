// The installed package in real pages: through bundlers in their default
// configuration, and without any. What the README says of each is done here.
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import * as esbuild from 'esbuild';
import * as vite from 'vite';
import webpack from 'webpack';

import { launchBrowser, startServer, withPage } from '../browser/harness.mjs';
import { installPackage, root } from './install.mjs';

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>shop</title>
<link rel="icon" href="data:,">
`;
const MAIN_SCRIPT = '<script type="module" src="/main.js"></script>\n';

// What the README says that such a page needs, and nothing else.
const STRICT_POLICY = {
  'Content-Security-Policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:",
};

/** Each visit tells the draws that it finds and those that it makes. */
const APPLICATION = `
import { RewardPool } from 'rewardpool';

async function visit(options = {}) {
  const catalog = [
    { itemId: 'gold', quantity: 10, weight: 1 },
    { itemId: 'mud', quantity: 'unlimited', weight: 9 },
  ];
  const pool = await RewardPool.open({ name: 'shop', storage: 'opfs', catalog, ...options });
  const found = [];
  for await (const record of pool.log()) {
    if (record.type === 'draw') found.push(record.requestId + ' ' + record.itemIds.join());
  }
  const draws = await Promise.all([pool.draw(), pool.draw(), pool.draw()]);
  await pool.close();

  // This one lives in the page, which loads the module by itself.
  const trial = await RewardPool.open({ storage: 'memory', catalog, ...options });
  const { picks } = await trial.drawEach(10);
  await trial.close();

  // And these in a worker of their own.
  const { items } = await RewardPool.odds(catalog, { draws: 2, ...options });
  return {
    found,
    made: draws.map(({ requestId, itemId }) => requestId + ' ' + itemId),
    tried: picks.length,
    expected: items.reduce((sum, item) => sum + item.expected, 0),
  };
}
`;

let project;
let installed;
let browser;

before(async () => {
  ({ project, installed } = await installPackage());
  await writeFile(join(project, 'index.html'), PAGE + MAIN_SCRIPT);
  await writeFile(join(project, 'main.js'), `${APPLICATION}\nglobalThis.visited = visit();\n`);
  browser = await launchBrowser();
});
after(() => browser?.close());

/** Visits the page twice: what the first visit has drawn, the second finds. */
async function visitTwice(url) {
  await withPage(browser, url, async (page) => {
    const look = async () => {
      await page.waitForFunction(() => 'visited' in globalThis);
      return page.evaluate(() => globalThis.visited);
    };
    const first = await look();
    assert.deepEqual(first.found, []);
    assert.equal(first.made.length, 3);
    assert.equal(first.tried, 10);
    assert.ok(Math.abs(first.expected - 2) < 1e-9);
    await page.reload();
    const second = await look();
    assert.deepEqual(second.found, first.made);
  });
}

/** Serves the files of `folder` under the strict policy. */
async function visitBuilt(folder, page) {
  const server = await startServer({
    folders: { '/': folder },
    files: { '/': page },
    headers: STRICT_POLICY,
  });
  try {
    await visitTwice(`${server.origin}/`);
  } finally {
    await server.close();
  }
}

describe('Vite', () => {
  const outDir = 'with-vite';
  const address = { host: '127.0.0.1', port: 0 };
  let complaints;
  let common;

  beforeEach(() => {
    complaints = [];
    const note = (text) => void complaints.push(text);
    const customLogger = { ...vite.createLogger('silent'), warn: note, warnOnce: note, error: note };
    const logging = { logLevel: 'warn', customLogger };
    common = { root: project, configFile: false, ...logging, build: { outDir } };
  });
  afterEach(() => assert.deepEqual(complaints, []));

  async function visitServer(server) {
    try {
      await visitTwice(`http://127.0.0.1:${server.httpServer.address().port}/`);
    } finally {
      await server.close();
    }
  }

  async function visitDevelopmentServer({ createServer }, configuration) {
    const server = await createServer({ ...common, ...configuration, server: address });
    await visitServer(await server.listen());
  }

  test('its development server needs nothing', () => visitDevelopmentServer(vite, {}));

  async function vite7() {
    const at = createRequire(join(root, 'tests/wasm/package/vite-7/package.json'));
    const older = await import(pathToFileURL(at.resolve('vite')).href);
    assert.match(older.version, /^7\./);
    return older;
  }

  test('the development server of Vite 7 needs to leave the package where it is', async () => {
    await visitDevelopmentServer(await vite7(), { optimizeDeps: { exclude: ['rewardpool'] } });
  });

  test("a worker of the application's own may import the package", async () => {
    const folder = join(project, 'own-worker');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'index.html'), PAGE + MAIN_SCRIPT);
    await writeFile(
      join(folder, 'main.js'),
      `new Worker(new URL('./visitor.js', import.meta.url), { type: 'module' }).onmessage =
         ({ data }) => { globalThis.visited = data; };`,
    );
    await writeFile(join(folder, 'visitor.js'), `${APPLICATION}\nvisit().then((it) => postMessage(it));`);
    const configuration = { ...common, root: folder };
    await vite.build(configuration);
    await visitServer(await vite.preview({ ...configuration, preview: address }));
    const older = await vite7();
    await older.build({ ...configuration, worker: { format: 'es' } });
    await visitServer(await older.preview({ ...configuration, preview: address }));
  });

  test('what it builds runs in its preview server, and under a strict policy', async () => {
    await vite.build(common);
    await visitServer(await vite.preview({ ...common, preview: address }));
    const built = join(project, outDir);
    await visitBuilt(built, await readFile(join(built, 'index.html'), 'utf8'));
  });
});

test('what webpack builds runs under a strict policy', async () => {
  const built = join(project, 'with-webpack');
  const stats = await promisify(webpack)({
    context: project,
    mode: 'production',
    entry: './main.js',
    output: { path: built },
  });
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  assert.deepEqual([...errors, ...warnings], []);
  await visitBuilt(built, PAGE + MAIN_SCRIPT);
});

describe('a bundler that does not bring the files along', () => {
  async function visitWithWorker(outName, workerFile) {
    const built = join(project, outName);
    await writeFile(
      join(project, 'told.js'),
      `${APPLICATION}
       globalThis.visited = visit({
         workerUrl: '/worker.js',
         wasmUrl: '/rewardpool.wasm',
         inspectorUrl: '/inspector.wasm',
         oddsWorkerUrl: '/oddsWorker.js',
         oddsWasmUrl: '/odds.wasm',
       });`,
    );
    await esbuild.build({
      absWorkingDir: project,
      entryPoints: { main: './told.js', ...(workerFile && { worker: workerFile }) },
      outdir: built,
      bundle: true,
      format: 'esm',
      logLevel: 'warning',
    });
    const { resolve } = createRequire(join(project, 'package.json'));
    for (const name of ['rewardpool.wasm', 'inspector.wasm', 'odds.wasm']) {
      await copyFile(resolve(`rewardpool/${name}`), join(built, name));
    }
    if (!workerFile) await copyFile(resolve('rewardpool/worker'), join(built, 'worker.js'));
    await copyFile(resolve('rewardpool/odds-worker'), join(built, 'oddsWorker.js'));
    await visitBuilt(built, PAGE + MAIN_SCRIPT);
  }

  test('is told where they are', () => visitWithWorker('with-esbuild'));

  test("may build the worker from a file of the application's", async () => {
    await writeFile(join(project, 'own-worker.js'), "import 'rewardpool/worker';\n");
    await visitWithWorker('with-own-worker', './own-worker.js');
  });
});

test('an import map needs nothing else', async () => {
  const map = { imports: { rewardpool: '/rewardpool/dist/browser.js' } };
  const server = await startServer({
    folders: { '/rewardpool/': installed, '/': project },
    files: { '/': `${PAGE}<script type="importmap">${JSON.stringify(map)}</script>${MAIN_SCRIPT}` },
  });
  try {
    await visitTwice(`${server.origin}/`);
  } finally {
    await server.close();
  }
});
