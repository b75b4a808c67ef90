// What goes wrong in browsers: kills, full disks, failed flushes, cleared data,
// missing storages.
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  browserSuite,
  CLOCK_WORKER,
  FAST_CLOCK_WORKER,
  launchBrowser,
  patient,
  startServer,
  watchErrors,
  withPage,
} from './harness.mjs';

const prelude = `
  import { RewardPool } from '/dist/browser.js';
  globalThis.RewardPool = RewardPool;
  globalThis.catalog = [{ itemId: 'gold', quantity: 100000, weight: 1 },
                        { itemId: 'mud', quantity: 'unlimited', weight: 9 }];
  globalThis.nameOf = (where) => 'clear ' + JSON.stringify(where);
  globalThis.codeOf = (promise) => promise.then(() => 'no error', (error) => error.code);
  globalThis.ready = true;
`;

/** Workers that are the package's, on a platform that has been tampered with. */
const workers = {
  // The flush that a page asks for fails, as a disk would make it.
  '/failing-flush.js': `
    const { flush } = FileSystemSyncAccessHandle.prototype;
    let failing = false;
    new BroadcastChannel('fail the next flush').onmessage = () => { failing = true; };
    FileSystemSyncAccessHandle.prototype.flush = function () {
      if (failing) throw new DOMException('the disk said no', 'InvalidStateError');
      return flush.call(this);
    };
    await import('/dist/worker.js');`,
  '/without-opfs.js': `
    delete FileSystemFileHandle.prototype.createSyncAccessHandle;
    await import('/dist/worker.js');`,
  '/aborting-indexeddb.js': `
    const { put } = IDBObjectStore.prototype;
    let failing = false;
    new BroadcastChannel('fail the next flush').onmessage = () => { failing = true; };
    IDBObjectStore.prototype.put = function (...words) {
      const request = put.apply(this, words);
      if (failing) this.transaction.abort();
      return request;
    };
    await import('/dist/worker.js');`,
  // Writes short, as if the quota were used up.
  '/short-write.js': `
    const { write } = FileSystemSyncAccessHandle.prototype;
    let full = false;
    new BroadcastChannel('fill the disk').onmessage = ({ data }) => { full = data; };
    FileSystemSyncAccessHandle.prototype.write = function (bytes, options) {
      if (full && bytes.some((byte) => byte !== 0)) {
        return write.call(this, bytes.subarray(0, bytes.length >> 1), options);
      }
      return write.call(this, bytes, options);
    };
    await import('/dist/worker.js');`,
};

const files = {
  '/': '<!doctype html><title>crash</title><script type="module" src="/prelude.js"></script>',
  '/prelude.js': prelude,
  '/clock.js': CLOCK_WORKER,
  '/fast-clock.js': FAST_CLOCK_WORKER,
  ...Object.fromEntries(Object.entries(workers).map(([path, text]) => [path, patient(text)])),
};
const suite = browserSuite({ files }, { headlessShell: true });

function inPage(run, argument) {
  return withPage(suite.browser, `${suite.server.origin}/`, async (page) => {
    await page.waitForFunction(() => globalThis.ready);
    return page.evaluate(run, argument);
  });
}

/** Where pools are kept. A new one in OPFS has a mirror. */
const places = {
  'opfs, new': { storage: 'opfs' },
  'opfs, old': { storage: 'opfs', workerUrl: '/fast-clock.js' },
  indexeddb: { storage: 'indexeddb' },
};

for (const [place, options] of Object.entries(places)) {
  suite.test(`SIGKILL of the browser loses nothing that was answered (${place})`, async () => {
    const answered = new Map();
    const answeredTwice = [];
    let killed = await launchBrowser({ headlessShell: true });
    try {
      for (let round = 0; round < 4; ++round) {
        const page = await killed.context.newPage();
        await page.exposeFunction('tell', (requestId, itemId) => {
          if (answered.has(requestId)) answeredTwice.push(requestId);
          answered.set(requestId, itemId);
        });
        await page.goto(`${suite.server.origin}/`);
        await page.waitForFunction(() => globalThis.ready);
        const created = await page.evaluate(async (where) => {
          const pool = await RewardPool.open({ name: 'kill', ...where, catalog, snapshots: false });
          for (let i = 0; i < 8; ++i) {
            (async () => {
              for (;;) {
                const { requestId, itemId } = await pool.draw();
                await tell(String(requestId), itemId);
              }
            })();
          }
          return pool.opening.created;
        }, options);
        assert.equal(created, round === 0);
        const enough = answered.size + 60 * (round + 1);
        while (answered.size < enough && answeredTwice.length === 0) {
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        assert.deepEqual(answeredTwice, []);
        killed = await launchBrowser(await killed.kill());
      }
      const page = await killed.context.newPage();
      await page.goto(`${suite.server.origin}/`);
      await page.waitForFunction(() => globalThis.ready);
      const found = await page.evaluate(async (where) => {
        const pool = await RewardPool.open({ name: 'kill', ...where, snapshots: false });
        const logged = [];
        for await (const record of pool.log()) {
          if (record.type === 'draw') logged.push([String(record.requestId), record.itemIds[0]]);
        }
        const { items, lastRequestId } = await pool.state();
        const report = await RewardPool.verify(await pool.export());
        await pool.close();
        return {
          logged,
          drawn: items.reduce((sum, item) => sum + item.drawn, 0),
          last: Number(lastRequestId),
          verified: Number(report.lastRequestId),
        };
      }, options);
      const log = new Map(found.logged);
      assert.equal(log.size, found.logged.length);
      for (const [requestId, itemId] of answered) assert.equal(log.get(requestId), itemId);
      assert.equal(found.drawn, found.last);
      assert.equal(found.verified, found.last);
    } finally {
      await killed.close();
    }
  });

  suite.test(`cleared site data is told as a lost store (${place})`, async () => {
    await withPage(suite.browser, `${suite.server.origin}/`, async (page) => {
      await page.waitForFunction(() => globalThis.ready);
      await page.evaluate(async (where) => {
        globalThis.pool = await RewardPool.open({ name: nameOf(where), ...where, catalog });
        await pool.draw();
      }, options);
      const session = await suite.browser.context.newCDPSession(page);
      await session.send('Storage.clearDataForOrigin', {
        origin: suite.server.origin,
        storageTypes: 'file_systems,indexeddb,local_storage',
      });
      const codes = await page.evaluate(async (where) => {
        // Asked at most once a second, whether the storage is still there.
        let code = 'no error';
        for (let i = 0; i < 200 && code === 'no error'; ++i) {
          code = await codeOf(pool.draw());
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        const closing = await codeOf(pool.close());
        const missing = await codeOf(RewardPool.open({ name: nameOf(where), ...where }));
        const anew = await RewardPool.open({ name: nameOf(where), ...where, catalog });
        const { requestId } = await anew.draw();
        await anew.close();
        return { code, closing, missing, created: anew.opening.created, first: Number(requestId) };
      }, options);
      assert.deepEqual(codes, {
        code: 'store-lost',
        closing: 'store-lost',
        missing: 'not-found',
        created: true,
        first: 1,
      });
    });
  });

  suite.test(`a used-up quota refuses draws, undoes them, and passes (${place})`, async () => {
    // An origin of its own, whose usage is that of this pool alone.
    const own = await startServer({
      files: {
        '/': '<!doctype html><title>quota</title><script type="module" src="/prelude.js"></script>',
        '/prelude.js': prelude,
        '/fast-clock.js': FAST_CLOCK_WORKER,
      },
    });
    const page = await suite.browser.context.newPage();
    const watch = watchErrors(page);
    try {
      await page.goto(`${own.origin}/`);
      await page.waitForFunction(() => globalThis.ready);
      const session = await suite.browser.context.newCDPSession(page);
      const { origin } = own;
      await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 8_000_000 });
      const full = await page.evaluate(async (where) => {
        globalThis.pool = await RewardPool.open({
          name: 'quota',
          ...where,
          segmentBytes: 65_536,
          snapshots: false,
          catalog: Array.from({ length: 1000 }, (_, i) => ({
            itemId: `item ${i}`,
            quantity: 'unlimited',
            weight: 1,
          })),
        });
        let acknowledged = 0;
        let code = 'no error';
        while (code === 'no error' && acknowledged < 50_000_000) {
          code = await codeOf(pool.drawEach(100_000));
          if (code === 'no error') acknowledged += 100_000;
        }
        const { lastRequestId, items } = await pool.state();
        return {
          code,
          acknowledged,
          last: Number(lastRequestId),
          drawn: items.reduce((sum, item) => sum + item.drawn, 0),
        };
      }, options);
      assert.equal(full.code, 'full');
      assert.ok(full.acknowledged > 0);
      assert.equal(full.last, full.acknowledged, 'what was refused is undone');
      assert.equal(full.drawn, full.acknowledged);
      await session.send('Storage.overrideQuotaForOrigin', { origin });
      const next = await page.evaluate(async () => {
        // Browsers look at the quota anew only now and then.
        for (;;) {
          try {
            const { requestId } = await pool.draw();
            await pool.close();
            return Number(requestId);
          } catch (error) {
            if (error.code !== 'full') throw error;
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
        }
      });
      assert.equal(next, full.last + 1);
      watch.assertNone();
    } finally {
      await page.close();
      await own.close();
    }
  });
}

/** The files of a killed browser's databases whose names are like `pattern`. */
function databaseFiles({ userDataDir }, pattern) {
  const files = readdirSync(join(userDataDir, 'Default/IndexedDB'), {
    recursive: true,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name));
  assert.ok(files.length > 0, 'Chromium keeps databases where it used to');
  return files;
}

suite.test("a record that is torn in the browser's own log costs IndexedDB nothing", async () => {
  let browser = await launchBrowser({ headlessShell: true });
  const openAndDraw = async () => {
    const page = await browser.context.newPage();
    await page.goto(`${suite.server.origin}/`);
    await page.waitForFunction(() => globalThis.ready);
    return page.evaluate(async () => {
      const pool = await RewardPool.open({ name: 'torn', storage: 'indexeddb', catalog });
      for (let i = 0; i < 20; ++i) await pool.draw();
      return Number(pool.opening.recoveredThrough);
    });
  };
  try {
    for (const through of [0, 20, 40, 60]) {
      assert.equal(await openAndDraw(), through);
      const killed = await browser.kill();
      // The head of a record of 100 bytes (checksum, length, "whole"), and 10 of them.
      const [log] = databaseFiles(killed, /^\d+\.log$/).toSorted().slice(-1);
      appendFileSync(log, Uint8Array.of(1, 2, 3, 4, 100, 0, 1, ...new Uint8Array(10)));
      browser = await launchBrowser(killed);
    }
  } finally {
    await browser.close();
  }
});

suite.test('databases that a browser drops as damaged are told as lost, and cost OPFS nothing', async () => {
  let browser = await launchBrowser({ headlessShell: true });
  const open = (name, options) =>
    withPage(browser, `${suite.server.origin}/`, async (page) => {
      await page.waitForFunction(() => globalThis.ready);
      return page.evaluate(
        async ([of, more]) => {
          try {
            const pool = await RewardPool.open({ name: of, catalog, ...more });
            const { requestId } = await pool.draw();
            await pool.close();
            return Number(requestId);
          } catch (error) {
            return error.code;
          }
        },
        [name, options],
      );
    });
  try {
    assert.equal(await open('kept', { storage: 'opfs' }), 1);
    assert.equal(await open('dropped', { storage: 'indexeddb' }), 1);
    const killed = await browser.kill();
    for (const file of databaseFiles(killed, /^MANIFEST/)) writeFileSync(file, 'no manifest');
    browser = await launchBrowser(killed);
    assert.equal(await open('never there', { storage: 'indexeddb' }), 1);
    assert.equal(await open('kept', {}), 2);
    for (const storage of ['indexeddb', 'auto']) {
      assert.equal(await open('dropped', { storage }), 'store-lost');
    }
  } finally {
    await browser.close();
  }
});

for (const [place, storage, workerUrl, durability] of [
  ['opfs', 'opfs', '/failing-flush.js', 'durable'],
  ['the mirror of opfs', 'opfs', '/aborting-indexeddb.js', 'durable'],
  // Here no sync tells what an append did not.
  ['the mirror of opfs, not synced', 'opfs', '/aborting-indexeddb.js', 'async'],
  ['indexeddb', 'indexeddb', '/aborting-indexeddb.js', 'durable'],
]) {
  suite.test(`a flush that fails stops the pool, and reopening recovers (${place})`, async () => {
    const seen = await inPage(
      async ([kind, url, policy]) => {
        const options = { name: `flush ${kind} ${url} ${policy}`, storage: kind, catalog };
        const pool = await RewardPool.open({ ...options, workerUrl: url, durability: policy });
        const before = await pool.draw();
        new BroadcastChannel('fail the next flush').postMessage(null);
        let unknown = 'no error';
        // The worker hears of it soon.
        for (let i = 0; i < 2000 && unknown === 'no error'; ++i) unknown = await codeOf(pool.draw());
        const later = await codeOf(pool.draw());
        const state = await codeOf(pool.state());
        const closing = await codeOf(pool.close());
        const again = await RewardPool.open(options);
        const { lastRequestId, items } = await again.state();
        await again.close();
        return {
          unknown,
          later,
          state,
          closing,
          kept: lastRequestId >= before.requestId,
          whole: items.reduce((sum, item) => sum + item.drawn, 0) === Number(lastRequestId),
        };
      },
      [storage, workerUrl, durability],
    );
    assert.deepEqual(seen, {
      unknown: 'outcome-unknown',
      later: 'outcome-unknown',
      state: 'outcome-unknown',
      closing: 'outcome-unknown',
      kept: true,
      whole: true,
    });
  });
}

suite.test('a short write is a full disk: undone, and the pool goes on', async () => {
  const seen = await inPage(async () => {
    const options = { name: 'short', storage: 'opfs', catalog, workerUrl: '/short-write.js' };
    const pool = await RewardPool.open(options);
    await pool.drawEach(10);
    const channel = new BroadcastChannel('fill the disk');
    channel.postMessage(true);
    let drawn = 10;
    let code = 'no error';
    while (code === 'no error') {
      code = await codeOf(pool.draw());
      if (code === 'no error') ++drawn;
    }
    // The next ones would begin a piece of the log, whose header does not fit either.
    const codes = [code];
    for (let i = 0; i < 3; ++i) codes.push(await codeOf(pool.draw()));
    channel.postMessage(false);
    let next;
    while (next === undefined) {
      next = await pool.draw().catch(({ code: refused }) => {
        if (refused !== 'full') throw new Error(`refused as ${refused}`);
      });
    }
    pool.terminate();
    const again = await RewardPool.open(options);
    await again.close();
    return {
      codes,
      next: Number(next.requestId) - drawn,
      recovered: again.opening.recoveredThrough === next.requestId,
      notes: again.opening.notes,
    };
  });
  assert.deepEqual(seen, {
    codes: ['full', 'full', 'full', 'full'],
    next: 1,
    recovered: true,
    notes: [],
  });
});

suite.test('where there is no OPFS the pool is kept in IndexedDB, then and later', async () => {
  const seen = await inPage(async () => {
    const first = await RewardPool.open({ name: 'forced', catalog, workerUrl: '/without-opfs.js' });
    await first.draw();
    await first.close();
    const second = await RewardPool.open({ name: 'forced', catalog });
    const { requestId } = await second.draw();
    await second.close();
    return [first.opening.storage, second.opening.storage, Number(requestId)];
  });
  assert.deepEqual(seen, ['indexeddb', 'indexeddb', 2]);
});

suite.test('a pool that was made in OPFS is not made anew elsewhere when OPFS is missing', async () => {
  const codes = await inPage(async () => {
    const first = await RewardPool.open({ name: 'opfs only', catalog });
    await first.draw();
    await first.close();
    const missing = await codeOf(
      RewardPool.open({ name: 'opfs only', catalog, workerUrl: '/without-opfs.js' }),
    );
    const back = await RewardPool.open({ name: 'opfs only' });
    await back.close();
    return [missing, Number(back.opening.recoveredThrough)];
  });
  assert.deepEqual(codes, ['unsupported', 1]);
});

for (const durability of ['durable', 'async']) {
  suite.test(`the mirror of a new OPFS pool goes when the pool is old (${durability})`, async () => {
    const seen = await inPage(async (policy) => {
      const name = `growing ${policy}`;
      const mirrorIsThere = async () =>
        (await indexedDB.databases()).some((database) => database.name.includes(`mirror of ${name}`));
      const options = { name, storage: 'opfs', durability: policy, catalog };
      const pool = await RewardPool.open({ ...options, workerUrl: '/clock.js' });
      await pool.draw();
      const whenNew = await mirrorIsThere();
      new BroadcastChannel('put the clock on').postMessage(null);
      while (await mirrorIsThere()) await pool.draw();
      const { requestId } = await pool.draw();
      pool.terminate();
      const again = await RewardPool.open(options);
      await again.close();
      const { created, recoveredThrough, notes } = again.opening;
      return { whenNew, created, kept: recoveredThrough === requestId, notes };
    }, durability);
    assert.deepEqual(seen, { whenNew: true, created: false, kept: true, notes: [] });
  });
}

for (const storage of ['auto', 'opfs', 'indexeddb']) {
  suite.test(`a private window keeps a pool for as long as it lasts (${storage})`, async () => {
    const kept = [];
    // The second finds nothing of the first.
    for (let i = 0; i < 2; ++i) {
      const context = await suite.browser.context.browser().newContext();
      try {
        const page = await context.newPage();
        const watch = watchErrors(page);
        for (let visit = 0; visit < 2; ++visit) {
          await page.goto(`${suite.server.origin}/`);
          await page.waitForFunction(() => globalThis.ready);
          const requestId = await page.evaluate(async (kind) => {
            const pool = await RewardPool.open({ name: 'private', storage: kind, catalog });
            const draw = await pool.draw();
            await pool.close();
            return Number(draw.requestId);
          }, storage);
          kept.push(requestId);
        }
        watch.assertNone();
      } finally {
        await context.close();
      }
    }
    assert.deepEqual(kept, [1, 2, 1, 2]);
  });
}
