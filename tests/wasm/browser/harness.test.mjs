// The harness itself: what it hides would be hidden from every browser test.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { launchBrowser, startServer, withPage } from './harness.mjs';

let server;
before(async () => {
  server = await startServer({
    files: {
      '/module.mjs': 'export const answer = 42;',
      '/worker.js': 'console.error("from a worker"); postMessage(1);',
    },
  });
});
after(() => server.close());

async function withBrowser(t, use) {
  const browser = await launchBrowser();
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

test('modules are served as such, and nothing outside of the folders is', async (t) => {
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

test('headers of the test go with every answer', async () => {
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

test('errors of a page and of its workers fail the test', async (t) => {
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
      run((page) =>
        page.evaluate(
          () => new Promise((resolve) => { new Worker('/worker.js').onmessage = resolve; }).then(() => undefined),
        ),
      ),
      /from a worker/,
    );
  });
});

test('a killed browser is gone at once and its profile comes back', async (t) => {
  let browser = await launchBrowser();
  t.after(() => browser.close());
  await withPage(browser, `${server.origin}/`, (page) => writeItem(page, 'kept'));
  const { processId } = browser;
  const again = await browser.kill();
  assert.throws(() => process.kill(-processId, 0), { code: 'ESRCH' });
  browser = await launchBrowser(again);
  assert.equal(browser.userDataDir, again.userDataDir);
  assert.equal(await withPage(browser, `${server.origin}/`, readItem), 'kept');
  await browser.close();
  assert.ok(!existsSync(again.userDataDir), 'the profile is left behind');
});
