// What browser tests stand on: a server on the loopback, a real Chromium with a
// profile of its own, and pages whose errors fail the test.
//
//   const server = await startServer();
//   const browser = await launchBrowser();
//   await withPage(browser, `${server.origin}/`, async (page) => { ... });
//   await browser.close();
//   await server.close();
//
// To play a crash: `const { userDataDir } = await browser.kill()`, and launch
// again with that `userDataDir`. The profile's storage belongs to the server's
// origin, so keep the server.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize, resolve, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What a server shows, unless a test says otherwise: URL prefix to folder. */
const FOLDERS = {
  '/dist/': join(root, 'wasm/dist'),
  '/npm-test/': join(root, 'build/npm-test'),
  '/wasm-tests/': join(root, 'tests/wasm'),
};

const MIME_TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
};

const EMPTY_PAGE = '<!doctype html><meta charset="utf-8"><title>test</title>';

function send(response, status, headers, body) {
  response.writeHead(status, headers);
  response.end(body);
}

/**
 * Serves `folders`, an empty page at `/`, and `files` (path to text).
 * `headers` go with every answer: a Content-Security-Policy, for example.
 * Resolves to { origin, port, requests, close() }; `requests` lists the paths
 * that were asked for.
 */
export async function startServer({ folders = {}, files = {}, headers = {}, port = 0 } = {}) {
  const shown = Object.fromEntries(
    Object.entries({ ...FOLDERS, ...folders }).map(([prefix, folder]) => [prefix, resolve(folder)]),
  );
  const texts = { '/': EMPTY_PAGE, ...files };
  const requests = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    requests.push(path);
    const type = MIME_TYPES[extname(path) || '.html'] ?? 'application/octet-stream';
    const answer = { ...headers, 'Content-Type': type, 'Cache-Control': 'no-store' };
    // A browser asks for it by itself, and complains if it is missing.
    if (path === '/favicon.ico') return send(response, 204, headers);
    if (request.method !== 'GET') return send(response, 405, headers);
    if (path in texts) return send(response, 200, answer, texts[path]);

    const prefix = Object.keys(shown).find((start) => path.startsWith(start));
    const folder = prefix && shown[prefix];
    const file = folder && normalize(join(folder, path.slice(prefix.length)));
    const found =
      file?.startsWith(folder + sep) === true && (await stat(file).catch(() => undefined));
    if (!found || !found.isFile()) return send(response, 404, headers);
    response.writeHead(200, { ...answer, 'Content-Length': found.size });
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response);
    return undefined;
  });
  await new Promise((listening, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', listening);
  });
  const address = server.address();
  return {
    origin: `http://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    close: () =>
      new Promise((closed) => {
        server.close(closed);
        server.closeAllConnections();
      }),
  };
}

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function executablePath() {
  if (process.env.CHROMIUM !== undefined) return process.env.CHROMIUM;
  try {
    return execFileSync('sh', ['-c', 'command -v chromium || command -v chromium-browser'], {
      encoding: 'utf8',
    }).trim();
  } catch {
    throw new Error('there is no Chromium: install it, or name it in the variable CHROMIUM');
  }
}

function groupIsAlive(group) {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    throw error;
  }
}

async function waitForEndOf(group) {
  for (let attempt = 0; groupIsAlive(group); ++attempt) {
    if (attempt === 1000) throw new Error(`the processes of the browser ${group} do not end`);
    await delay(10);
  }
}

/** The browser's own process, which leads its group. */
async function processIdOf(context) {
  const session = await context.browser().newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.find(({ type }) => type === 'browser').id;
}

/**
 * Starts Chromium. Without `userDataDir` it gets a new, empty profile, which
 * close() removes.
 *
 * Resolves to
 * - `context`, Playwright's;
 * - `processId`;
 * - `userDataDir`;
 * - `kill()`: SIGKILL to all of the browser's processes at once; keeps the
 *   profile. Resolves, when they are gone, to what launchBrowser() takes;
 * - `close()`: ends in order, if it still runs, and removes a profile that
 *   launchBrowser() made, also one that came back from `kill()`.
 */
export async function launchBrowser({ userDataDir, ownsProfile, args = [], ...options } = {}) {
  const owned = ownsProfile ?? userDataDir === undefined;
  const profile = userDataDir ?? (await mkdtemp(join(tmpdir(), 'rewardpool-browser-')));
  let context;
  let processId;
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: executablePath(),
      headless: true,
      handleSIGINT: false,
      args: [...ARGUMENTS, ...args],
      ...options,
    });
    processId = await processIdOf(context);
  } catch (error) {
    await context?.close().catch(() => undefined);
    if (owned) await rm(profile, { recursive: true, force: true });
    throw error;
  }

  let running = true;
  return {
    context,
    processId,
    userDataDir: profile,
    kill: async () => {
      running = false;
      const closed = once(context, 'close');
      process.kill(-processId, 'SIGKILL');
      await closed;
      await waitForEndOf(processId);
      return { userDataDir: profile, ownsProfile: owned, args, ...options };
    },
    close: async () => {
      if (running) {
        running = false;
        await context.close();
        await waitForEndOf(processId);
      }
      if (owned) await rm(profile, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/**
 * Collects what goes wrong in a page: errors on its console (workers included),
 * exceptions that nobody caught, a crash. `expected` (a RegExp) are those that
 * the test is about. `assertNone()` throws if there was another.
 */
export function watchErrors(page, { expected } = {}) {
  const errors = [];
  const note = (text) => {
    if (expected === undefined || !expected.test(text)) errors.push(text);
  };
  page.on('console', (message) => {
    if (message.type() === 'error') note(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => note(`uncaught: ${error.stack ?? error}`));
  page.on('crash', () => note('the page crashed'));
  return {
    errors,
    assertNone: () => {
      if (errors.length > 0) throw new Error(`errors in the page:\n${errors.join('\n')}`);
    },
  };
}

/** Opens `url` in a new page, runs `use` on it, closes it; its errors fail the caller. */
export async function withPage(browser, url, use, options) {
  const page = await browser.context.newPage();
  const watch = watchErrors(page, options);
  try {
    await page.goto(url);
    const result = await use(page);
    watch.assertNone();
    return result;
  } finally {
    if (!page.isClosed()) await page.close().catch(() => undefined);
  }
}
