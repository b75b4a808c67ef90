// The harness itself: what it hides would be hidden from every browser test.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

import { temporaryFolder } from '../support/folder.mjs';
import { browserTest, launchBrowser, startServer, withPage } from './harness.mjs';

let server;
before(async () => {
  server = await startServer({
    files: {
      '/module.mjs': 'export const answer = 42;',
      '/worker.js': 'console.error("from a worker");',
    },
  });
});
after(() => server.close());

async function withBrowser(t, use) {
  const browser = await launchBrowser({ headlessShell: true });
  t.after(() => browser.close());
  return use(browser);
}

async function writeItem(page, value) {
  await page.evaluate(async (text) => {
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle('item', { create: true });
    const stream = await handle.createWritable();
    await stream.write(text);
    await stream.close();
  }, value);
}

function readItem(page) {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    return (await (await root.getFileHandle('item')).getFile()).text();
  });
}

/** All processes that were told of `folder`: a browser's have its profile in TMPDIR. */
async function processesOf(folder) {
  const found = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    for (const told of ['cmdline', 'environ']) {
      const words = await readFile(`/proc/${entry}/${told}`, 'utf8').catch(() => '');
      if (words.includes(folder)) found.push(`${entry}, ${told}: ${words.replaceAll('\0', ' ')}`);
    }
  }
  return found;
}

browserTest('modules are served as such, and nothing outside of the folders is', async (t) => {
  await withBrowser(t, (browser) =>
    withPage(browser, `${server.origin}/`, async (page) => {
      assert.equal(await page.evaluate(async () => (await import('/module.mjs')).answer), 42);
    }),
  );
  for (const path of ['/dist/..%2f..%2fpackage.json', '/wasm-tests/../../package.json', '/none']) {
    assert.equal((await fetch(server.origin + path)).status, 404, path);
  }
  const script = await fetch(`${server.origin}/wasm-tests/browser/harness.mjs`);
  assert.match(script.headers.get('content-type'), /^text\/javascript/);
});

browserTest('headers of the test go with every answer', async () => {
  const headers = { 'Content-Security-Policy': "script-src 'self'" };
  const strict = await startServer({ headers });
  try {
    for (const path of ['/', '/none', '/wasm-tests/browser/harness.mjs']) {
      const response = await fetch(strict.origin + path);
      assert.equal(response.headers.get('content-security-policy'), "script-src 'self'", path);
      await response.arrayBuffer();
    }
  } finally {
    await strict.close();
  }
});

browserTest('errors of a page and of its workers fail the test', async (t) => {
  await withBrowser(t, async (browser) => {
    const run = (use, options) => withPage(browser, `${server.origin}/`, use, options);
    const logs = (page) => page.evaluate(() => console.error('one of the page'));
    await assert.rejects(run(logs), /one of the page/);
    await run(logs, { expected: /one of the page/ });
    await assert.rejects(
      run(async (page) => {
        const uncaught = page.waitForEvent('pageerror');
        await page.evaluate(() => void setTimeout(() => { throw new Error('nobody caught it'); }));
        await uncaught;
      }),
      /nobody caught it/,
    );
    await assert.rejects(
      run(async (page) => {
        const told = page.waitForEvent('console');
        await page.evaluate(() => void new Worker('/worker.js'));
        await told;
      }),
      /from a worker/,
    );
  });
});

browserTest('a killed browser is gone at once and its profile comes back', async (t) => {
  let browser = await launchBrowser({ headlessShell: true });
  t.after(() => browser.close());
  await withPage(browser, `${server.origin}/`, (page) => writeItem(page, 'kept'));
  assert.ok((await processesOf(browser.userDataDir)).length > 1, 'not found while they run');
  const again = await browser.kill();
  assert.deepEqual(await processesOf(again.userDataDir), []);
  browser = await launchBrowser(again);
  assert.equal(browser.userDataDir, again.userDataDir);
  assert.equal(await withPage(browser, `${server.origin}/`, readItem), 'kept');
  await browser.close();
  assert.ok(!existsSync(again.userDataDir), 'the profile is left behind');
});

/** Runs hanging.mjs until it ends or, with `until`, until it has said that. */
async function runHangingTests(limitMs, until) {
  const folder = await temporaryFolder();
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const child = spawn(
    process.execPath,
    ['--test-reporter=tap', fileURLToPath(new URL('hanging.mjs', import.meta.url))],
    {
      env: { ...environment, TMPDIR: folder, REWARDPOOL_HANG_MS: limitMs },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exited = once(child, 'exit');
  let output = '';
  for await (const piece of child.stdout.setEncoding('utf8')) {
    output += piece;
    if (until !== undefined && output.includes(until)) child.kill();
  }
  const [exitCode] = await exited;
  return { exitCode, output, processes: await processesOf(folder), files: await readdir(folder) };
}

browserTest('a test that hangs fails by name, and leaves no browser behind', async () => {
  const { exitCode, output, processes, files } = await runHangingTests(5000);
  assert.equal(exitCode, 1, output);
  assert.match(output, /^not ok 1 - a page is busy for ever$/m);
  assert.match(output, /the test did not end within 5 s/);
  assert.match(output, /^ok 2 - the next test has a browser again$/m);
  assert.deepEqual(processes, []);
  assert.deepEqual(files, []);
});

browserTest('a file of tests that is ended leaves no browser behind', async () => {
  const { exitCode, processes, files } = await runHangingTests(600_000, 'busy from now on');
  assert.equal(exitCode, 128 + constants.signals.SIGTERM);
  assert.deepEqual(processes, []);
  assert.deepEqual(files, []);
});
