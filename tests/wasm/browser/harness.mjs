// What browser tests stand on: a server on the loopback, a real Chromium with a
// profile of its own, pages whose errors fail the test, and an end to everything
// that may hang.
//
//   const suite = browserSuite({ files: { '/': '...' } });
//   suite.test('a fact', () =>
//     withPage(suite.browser, `${suite.server.origin}/`, async (page) => { ... }),
//   );
//
// To play a crash: `launchBrowser(await browser.kill())`. The profile's storage
// belongs to the server's origin, so keep the server.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { constants, tmpdir } from 'node:os';
import { extname, join, normalize, resolve, sep } from 'node:path';
import { after, before, test } from 'node:test';
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

// Each is many times what is needed on a busy machine with two cores.
const LAUNCH_LIMIT_MS = 60_000;
export const END_LIMIT_MS = 15_000;
export const PAGE_LIMIT_MS = 150_000;
const TEST_LIMIT_MS = 240_000;

/** Something did not come to an end. */
export class LimitError extends Error {}

/** What `promise` becomes; rejects with a LimitError that names `what` when it takes too long. */
export async function within(limitMs, what, promise) {
  const settled = new AbortController();
  const limit = delay(limitMs, undefined, { signal: settled.signal }).then(() => {
    throw new LimitError(`${what} did not end within ${limitMs / 1000} s`);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    settled.abort();
  }
}

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

/**
 * Chromium, or what the variable CHROMIUM names. `headlessShell`: its engine with the same
 * storages but no browser around it, where that is installed; it starts with a third of
 * the work.
 */
function executablePath(headlessShell) {
  if (process.env.CHROMIUM !== undefined) return process.env.CHROMIUM;
  // Not the script of that name, which would stay in between.
  const shell = '/usr/lib/chromium/chromium-headless-shell';
  if (headlessShell && existsSync(shell)) return shell;
  try {
    return execFileSync('sh', ['-c', 'command -v chromium || command -v chromium-browser'], {
      encoding: 'utf8',
    }).trim();
  } catch {
    throw new Error('there is no Chromium: install it, or name it in the variable CHROMIUM');
  }
}

function signalGroup(group, signal) {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    throw error;
  }
}

/**
 * Whether the process still does something. Of those that have ended, `init` may take a
 * second to notice; but a leader whose other threads go on has not ended.
 */
function isAtWork(processId, group) {
  let status;
  try {
    status = readFileSync(`/proc/${processId}/stat`, 'utf8');
  } catch {
    return false;
  }
  // The name before it, in parentheses, may hold anything. See proc(5).
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  const [state, processGroup, threads] = [fields[0], Number(fields[2]), Number(fields[17])];
  return processGroup === group && (state !== 'Z' || threads > 1);
}

async function endOfGroup(group) {
  while (signalGroup(group, 0)) {
    const processIds = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    if (!processIds.some((processId) => isAtWork(processId, group))) return;
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

/** All that run, and the profiles to be removed: nothing outlives a file of tests. */
const running = new Set();
const profiles = new Set();

process.on('exit', () => {
  for (const { processId } of running) signalGroup(processId, 'SIGKILL');
  for (const profile of profiles) rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
});
// The test runner's way of ending a file.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

async function launch(profile, { headlessShell, args, ...options }) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executablePath(headlessShell),
    headless: true,
    handleSIGHUP: false,
    handleSIGINT: false,
    handleSIGTERM: false,
    timeout: LAUNCH_LIMIT_MS,
    // A browser that is killed leaves files there.
    env: { ...process.env, TMPDIR: profile },
    args: [...ARGUMENTS, ...args],
    ...options,
  });
  try {
    return {
      context,
      processId: await within(END_LIMIT_MS, "asking for the browser's process", processIdOf(context)),
    };
  } catch (error) {
    await within(END_LIMIT_MS, 'closing the browser', context.close()).catch(() => undefined);
    throw error;
  }
}

/**
 * Where new profiles go: to memory, where there is plenty. What a browser syncs there
 * survives its kill all the same, and takes no longer on a machine with a slow disk. Tests
 * of lost power bring a disk of their own, benchmarks ask for the real one.
 */
function folderOfProfiles(onDisk) {
  const memory = '/dev/shm';
  if (onDisk) return tmpdir();
  try {
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize >= 4 * 2 ** 30 ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}

/**
 * Starts Chromium. Without `userDataDir` it gets a new, empty profile, which
 * close() removes; `onDisk` says that its syncs are to be those of a disk.
 * `headlessShell` takes the smaller browser, for tests of storages and of many browsers.
 *
 * Resolves to
 * - `context`, Playwright's;
 * - `processId`;
 * - `userDataDir`;
 * - `isRunning()`;
 * - `kill()`: SIGKILL to all of the browser's processes at once; keeps the
 *   profile. Resolves, when they are gone, to what launchBrowser() takes;
 * - `close()`: ends in order, if it still runs, and removes a profile that
 *   launchBrowser() made, also one that came back from `kill()`. What does not
 *   end in order is killed, and close() rejects.
 */
export async function launchBrowser({ userDataDir, ownsProfile, onDisk = false, args = [], ...options } = {}) {
  const owned = ownsProfile ?? userDataDir === undefined;
  const profile = userDataDir ?? (await mkdtemp(join(folderOfProfiles(onDisk), 'rewardpool-browser-')));
  if (owned) profiles.add(profile);
  const removeProfile = async () => {
    if (owned) await rm(profile, { recursive: true, force: true, maxRetries: 10 });
    profiles.delete(profile);
  };
  let launched;
  try {
    launched = await launch(profile, { args, ...options });
  } catch (error) {
    await removeProfile();
    throw error;
  }

  const { context, processId } = launched;
  const closed = once(context, 'close').then(() => running.delete(browser));
  const browser = {
    context,
    processId,
    userDataDir: profile,
    isRunning: () => running.has(browser),
    kill: async () => {
      running.delete(browser);
      signalGroup(processId, 'SIGKILL');
      await within(END_LIMIT_MS, 'the connection to a killed browser', closed);
      await within(END_LIMIT_MS, 'a killed browser', endOfGroup(processId));
      return { userDataDir: profile, ownsProfile: owned, args, ...options };
    },
    close: async () => {
      try {
        if (running.delete(browser)) {
          try {
            await within(END_LIMIT_MS, 'closing the browser', context.close());
            await within(END_LIMIT_MS, 'the end of the browser', endOfGroup(processId));
          } catch (error) {
            signalGroup(processId, 'SIGKILL');
            throw error;
          }
        }
      } finally {
        await removeProfile();
      }
    },
  };
  running.add(browser);
  return browser;
}

async function killAndForget(browsers) {
  for (const browser of browsers) {
    await browser.kill();
    await browser.close();
  }
}

/**
 * A test with an end: what hangs fails it, by name, and takes the browsers with
 * it. Browsers that it launched and left behind are killed in any case, but not those
 * of `prepare`, which is called before it.
 */
export function browserTest(name, run, { limitMs = TEST_LIMIT_MS, prepare, ...options } = {}) {
  test(name, options, async (t) => {
    await prepare?.();
    const before = new Set(running);
    try {
      await within(limitMs, 'the test', run(t));
    } catch (error) {
      // It still holds pages of theirs.
      if (error instanceof LimitError) await killAndForget(running);
      throw error;
    } finally {
      await killAndForget([...running].filter((browser) => !before.has(browser)));
    }
  });
}

/**
 * A server (with `serverOptions` as of startServer()) and a browser (with
 * `browserOptions` as of launchBrowser()) that the tests of a file share, as `server`
 * and `browser`; and `test`, a browserTest() that finds
 * a new browser if the last test has lost the old one.
 */
export function browserSuite(serverOptions, browserOptions) {
  const suite = {
    server: undefined,
    browser: undefined,
    test: (name, run, limits) =>
      browserTest(name, run, {
        ...limits,
        prepare: async () => {
          if (!suite.browser.isRunning()) suite.browser = await launchBrowser(browserOptions);
        },
      }),
  };
  before(async () => {
    suite.server = await startServer(serverOptions);
    suite.browser = await launchBrowser(browserOptions);
  });
  after(async () => {
    await suite.browser?.close();
    await suite.server?.close();
  });
  return suite;
}

/**
 * The script of a worker that changes its platform and then awaits the package's:
 * its first message, which would be lost meanwhile, is kept for it.
 */
export function patient(script) {
  return `
    const early = [];
    self.onmessage = (event) => early.push(event);
    ${script.replace(/await import\((.*)\);/, `await import($1);
    for (const event of early) self.onmessage(event);`)}`;
}

/** A worker whose clock is an hour on once the channel 'put the clock on' says so. */
export const CLOCK_WORKER = patient(`
  const now = performance.now.bind(performance);
  let later = 0;
  performance.now = () => now() + later;
  new BroadcastChannel('put the clock on').onmessage = () => { later = 3_600_000; };
  await import('/dist/worker.js');`);

/** A worker for which every OPFS pool is old, and so without a mirror: its clock runs fast. */
export const FAST_CLOCK_WORKER = patient(`
  const now = performance.now.bind(performance);
  performance.now = () => 1_000_000 * now();
  await import('/dist/worker.js');`);

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
  const told = () => `errors in the page: ${errors.length === 0 ? 'none' : errors.join('\n')}`;
  return {
    errors,
    told,
    assertNone: () => {
      if (errors.length > 0) throw new Error(told());
    },
  };
}

/** Opens `url` in a new page, runs `use` on it, closes it; its errors fail the caller. */
export async function withPage(browser, url, use, options) {
  const page = await within(END_LIMIT_MS, 'opening a page', browser.context.newPage());
  const watch = watchErrors(page, options);
  try {
    await page.goto(url);
    const result = await within(PAGE_LIMIT_MS, `what was asked of the page ${url}`, use(page));
    watch.assertNone();
    return result;
  } catch (error) {
    if (error instanceof LimitError) error.message += `; ${watch.told()}`;
    throw error;
  } finally {
    if (!page.isClosed()) {
      await within(END_LIMIT_MS, 'closing a page', page.close()).catch(() => undefined);
    }
  }
}
