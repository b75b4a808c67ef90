// The power, or syncs, fail while a browser draws: its profile is on a disk of the
// test's own. A new browser is asked what is left, with only what had reached it.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { failSyncs, noFailingSyncs } from '../support/failSyncs.mjs';
import { AnswersUntilCut, createDisk, noPowerCuts } from '../support/powerCut.mjs';
import {
  browserTest,
  CLOCK_WORKER,
  FAST_CLOCK_WORKER,
  launchBrowser,
  startServer,
  withPage,
} from './harness.mjs';

const ANSWERS = 200;

let server;
before(async () => {
  server = await startServer({
    files: {
      '/': '<!doctype html><title>power</title><script type="module" src="/prelude.js"></script>',
      '/prelude.js': `
        import { RewardPool } from '/dist/browser.js';
        globalThis.RewardPool = RewardPool;
        globalThis.ready = true;`,
      '/clock.js': CLOCK_WORKER,
      '/fast-clock.js': FAST_CLOCK_WORKER,
    },
  });
});
after(() => server.close());

function start(folder) {
  return launchBrowser({ userDataDir: join(folder, 'profile'), headlessShell: true });
}

function onPage(browser, use) {
  return withPage(browser, `${server.origin}/`, async (page) => {
    await page.waitForFunction(() => globalThis.ready);
    return use(page);
  });
}

function openPool(page, options) {
  return page.evaluate(async (asked) => {
    globalThis.pool = await RewardPool.open({
      name: 'power',
      snapshots: false,
      catalog: [
        { itemId: 'gold', quantity: 100_000, weight: 1 },
        { itemId: 'mud', quantity: 'unlimited', weight: 9 },
      ],
      ...asked,
    });
    await pool.drawEach(100);
  }, options);
}

/** The birth window passes, and so does the time that the system takes to write by itself. */
async function growOld(page, disk) {
  await page.evaluate(async () => {
    new BroadcastChannel('put the clock on').postMessage(null);
    const isMirrored = async () =>
      (await indexedDB.databases()).some(({ name }) => name.includes('mirror'));
    while (await isMirrored()) await pool.draw();
  });
  await disk.sync();
}

/** Calls `end` in the middle of drawing. Resolves to what was told until the moment it resolves to. */
async function drawUntil(end, page) {
  const answers = new AnswersUntilCut();
  let reached;
  const enough = new Promise((resolve) => {
    reached = resolve;
  });
  await page.exposeFunction('tell', (requestId, itemId) => {
    if (answers.note(requestId, itemId) === ANSWERS) reached();
  });
  await page.evaluate(() => {
    globalThis.codeOf = (promise) => promise.then(() => 'no error', (error) => error.code);
    const drawForEver = async () => {
      for (;;) {
        const { requestId, itemId } = await pool.draw();
        await tell(String(requestId), itemId);
      }
    };
    globalThis.loops = Array.from({ length: 8 }, () => codeOf(drawForEver()));
  });
  await enough;
  return answers.until(await end());
}

/** Every process of the browser's. */
async function processesOf({ processId }) {
  const found = [];
  for (const entry of await readdir('/proc')) {
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    // Behind the program's name: state, parent, group.
    const [, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(group) === processId) found.push(Number(entry));
  }
  return found;
}

/** Until the pool gives up. Then the power is cut, so that only what was synced is left. */
async function failAllSyncs(disk, browser, page) {
  const strike = await failSyncs(await processesOf(browser));
  const codes = await page.evaluate(async () => [
    ...(await Promise.all(loops)),
    await codeOf(pool.draw()),
    await codeOf(pool.state()),
    await codeOf(pool.close()),
  ]);
  await disk.cut();
  assert.ok((await strike.stop()) > 0, 'no sync has failed');
  assert.deepEqual(new Set(codes), new Set(['outcome-unknown']));
  return Infinity;
}

async function readBack(browser, storage) {
  return onPage(browser, (page) =>
    page.evaluate(async (kind) => {
      let pool;
      try {
        pool = await RewardPool.open({ name: 'power', storage: kind });
      } catch (error) {
        return { code: error.code, logged: [] };
      }
      const logged = [];
      for await (const record of pool.log()) {
        if (record.type === 'draw') logged.push([String(record.requestId), record.itemIds[0]]);
      }
      const { items, lastRequestId } = await pool.state();
      await pool.close();
      const drawn = items.reduce((sum, item) => sum + item.drawn, 0);
      return { logged, drawn, last: Number(lastRequestId) };
    }, storage),
  );
}

/**
 * Ends a browser's drawing by `end(disk, browser, page)`. Resolves to how many answers
 * there were, how many of them are lost, and the code with which reopening failed.
 */
async function recoverAfter(end, { isOld = false, ...options }) {
  const disk = await createDisk();
  let browser;
  try {
    browser = await start(disk.folder);
    const answers = await onPage(browser, async (page) => {
      await openPool(page, options);
      if (isOld) await growOld(page, disk);
      const told = await drawUntil(() => end(disk, browser, page), page);
      await browser.kill();
      return told;
    });
    browser = await start(await disk.restore());
    const found = await readBack(browser, options.storage);
    const log = new Map(found.logged);
    assert.equal(log.size, found.logged.length, 'a request is in the log twice');
    let lost = 0;
    for (const { requestId, itemId } of answers) {
      if (!log.has(requestId)) ++lost;
      else assert.equal(log.get(requestId), itemId);
    }
    if (found.code === undefined) {
      assert.equal(found.drawn, found.last, 'every request took one unit');
      assert.equal(log.size, found.last, 'the log has every request');
    }
    return { answered: answers.length, lost, code: found.code };
  } finally {
    await browser?.kill();
    await disk.remove();
  }
}

function powerTest(name, run, reasonAgainst = false) {
  browserTest(name, run, { skip: noPowerCuts || reasonAgainst });
}

const cutPower = (disk) => disk.cut();

const pools = {
  'a new pool in OPFS': { storage: 'opfs' },
  'an old pool in OPFS': { storage: 'opfs', isOld: true, workerUrl: '/clock.js' },
  'a pool in IndexedDB': { storage: 'indexeddb' },
};
for (const [name, options] of Object.entries(pools)) {
  powerTest(`${name} has every answered draw when the power has failed`, async (t) => {
    const { answered, lost, code } = await recoverAfter(cutPower, options);
    t.diagnostic(`${answered} answers`);
    assert.equal(code, undefined);
    assert.equal(lost, 0, `${lost} of ${answered} answers are lost`);
  });

  powerTest(
    `${name} stops when a sync fails, and nothing is answered for it`,
    async (t) => {
      const { answered, lost, code } = await recoverAfter(failAllSyncs, options);
      t.diagnostic(`${answered} answers`);
      assert.equal(code, undefined);
      assert.equal(lost, 0, `${lost} of ${answered} answers are lost`);
    },
    noFailingSyncs,
  );
}

// The controls: if nothing were lost here, those above would prove nothing.
powerTest('what is not flushed is lost when the power has failed', async (t) => {
  const { answered, lost, code } = await recoverAfter(cutPower, {
    ...pools['an old pool in OPFS'],
    durability: 'async',
  });
  t.diagnostic(`${lost} of ${answered} answers are lost`);
  assert.equal(code, undefined, 'what is there is a pool all the same');
  assert.ok(lost > 0);
});

powerTest('a new pool in OPFS is lost when the power has failed, unless it is mirrored', async (t) => {
  const { answered, lost, code } = await recoverAfter(cutPower, {
    storage: 'opfs',
    workerUrl: '/fast-clock.js',
  });
  t.diagnostic(`${lost} of ${answered} answers are lost, reopening: ${code}`);
  assert.ok(lost > 0, 'Chromium keeps new files now: is the mirror still needed?');
});
