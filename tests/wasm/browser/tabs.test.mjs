// One pool in several tabs: who leads, what followers see, and what happens when
// the leader is closed, reloaded or crashes in the middle of drawing.
import assert from 'node:assert/strict';
import { afterEach } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { browserSuite, startServer, watchErrors, within, withPage } from './harness.mjs';

const prelude = `
  import { RewardPool } from '/dist/browser.js';
  globalThis.RewardPool = RewardPool;
  globalThis.answered = [];
  globalThis.failed = [];
  globalThis.open = async (name, storage, options = {}) => {
    globalThis.pool = await RewardPool.open({ name, storage,
      catalog: [{ itemId: 'gold', quantity: 5000, weight: 1 },
                { itemId: 'mud', quantity: 'unlimited', weight: 9 }], ...options });
    return pool.opening.role;
  };
  globalThis.drawForEver = () => {
    globalThis.drawing = true;
    globalThis.loops = Array.from({ length: 4 }, async () => {
      while (drawing) {
        try {
          const { requestId, itemId } = await pool.draw();
          answered.push([String(requestId), itemId]);
        } catch (error) {
          failed.push(error.code);
          if (error.code === 'closed' || error.code === 'outcome-unknown') return;
        }
      }
    });
  };
  globalThis.ready = true;
`;

/** A worker that hears no answer of a leader's. */
const deaf = `
  import '/dist/worker.js';
  const { set } = Object.getOwnPropertyDescriptor(BroadcastChannel.prototype, 'onmessage');
  Object.defineProperty(BroadcastChannel.prototype, 'onmessage', {
    set(listener) {
      set.call(this, (event) => event.data.kind === 'answer' || listener(event));
    },
  });
`;

const suite = browserSuite({
  files: {
    '/': '<!doctype html><title>tab</title><script type="module" src="/prelude.js"></script>',
    '/prelude.js': prelude,
    '/deaf.js': deaf,
  },
});

let tabs = [];
afterEach(async () => {
  for (const { page, watch } of tabs) {
    if (!page.isClosed()) await within(15_000, 'closing a tab', page.close());
    watch.assertNone();
  }
  tabs = [];
});

async function openTab() {
  const page = await suite.browser.context.newPage();
  // Chromium says so when a test crashes a tab.
  const watch = watchErrors(page, { expected: /crashed/ });
  tabs.push({ page, watch });
  await page.goto(`${suite.server.origin}/`);
  await page.waitForFunction(() => globalThis.ready);
  return page;
}

async function openPool(name, storage, options) {
  const page = await openTab();
  const role = await page.evaluate(
    ([...words]) => open(...words),
    [name, storage, options],
  );
  return { page, role };
}

const answersOf = (page) => page.evaluate(() => answered);
const answerCount = (page) => page.evaluate(() => answered.length);

async function waitForAnswers(page, more) {
  const enough = (await answerCount(page)) + more;
  await page.waitForFunction((count) => answered.length >= count, enough);
}

/** Waits until the pool's stats have these values. (Playwright waits for no promise of a predicate.) */
async function untilStats({ page }, wanted) {
  await page.evaluate(async (wanted) => {
    const isSo = (stats) => Object.entries(wanted).every(([name, value]) => stats[name] === value);
    while (!isSo(await pool.stats())) await new Promise((resolve) => setTimeout(resolve, 5));
  }, wanted);
}

async function stop(page) {
  await page.evaluate(async () => {
    globalThis.drawing = false;
    await Promise.all(loops);
  });
  assert.deepEqual(await page.evaluate(() => failed), []);
  return answersOf(page);
}

/** Every answer is in the log, as it was told, and no request twice. */
async function checkLog(page, answers) {
  const logged = await page.evaluate(async () => {
    const found = [];
    for await (const record of pool.log()) {
      if (record.type === 'draw') found.push([String(record.requestId), record.itemIds[0]]);
    }
    return found;
  });
  const log = new Map(logged);
  assert.equal(log.size, logged.length);
  const seen = new Set();
  for (const [requestId, itemId] of answers) {
    assert.ok(!seen.has(requestId), `request ${requestId} was answered twice`);
    seen.add(requestId);
    assert.equal(log.get(requestId), itemId);
  }
  const { last, drawn } = await page.evaluate(async () => {
    const { lastRequestId, items } = await pool.state();
    return {
      last: String(lastRequestId),
      drawn: items.reduce((sum, item) => sum + BigInt(item.drawn), 0n).toString(),
    };
  });
  assert.equal(drawn, last, 'every request took one unit');
}

for (const storage of ['opfs', 'indexeddb']) {
  suite.test(`a second tab follows the first (${storage})`, async () => {
    const name = `follow ${storage}`;
    const first = await openPool(name, storage);
    const second = await openPool(name, storage);
    assert.deepEqual([first.role, second.role], ['leader', 'follower']);
    const seen = await second.page.evaluate(async () => {
      const draws = await Promise.all(Array.from({ length: 100 }, () => pool.draw()));
      const many = await pool.drawMany(3);
      const keyed = await pool.draw({ key: 'k' });
      const repeated = await pool.draw({ key: 'k' });
      const batch = await pool.drawEach(50);
      const update = await pool.update('gold', { weight: 5 });
      const refused = await pool.add({ itemId: 'gold', quantity: 1, weight: 1 }).catch((e) => e.code);
      const { role } = await pool.stats();
      const report = await RewardPool.verify(await pool.export());
      return {
        ids: draws.map((draw) => Number(draw.requestId)),
        many: many.itemIds.length,
        same: keyed.requestId === repeated.requestId,
        batch: [...batch.requestIds].map(Number),
        items: [...batch.picks].every((pick) => ['gold', 'mud'].includes(batch.itemIds[pick])),
        update: Number(update),
        refused,
        role,
        verified: Number(report.lastRequestId),
      };
    });
    assert.deepEqual(seen, {
      ids: Array.from({ length: 100 }, (_, i) => i + 1),
      many: 3,
      same: true,
      batch: Array.from({ length: 50 }, (_, i) => i + 103),
      items: true,
      update: 153,
      refused: 'already-exists',
      role: 'follower',
      verified: 153,
    });
    const inFirst = await first.page.evaluate(async () => Number((await pool.state()).lastRequestId));
    assert.equal(inFirst, 153);
  });

  for (const [how, end] of [
    ['closes its pool', async ({ page }) => page.evaluate(() => pool.close())],
    ['is closed', async ({ page }) => page.close()],
    [
      'loses its worker',
      async ({ page }) => page.evaluate(() => pool.terminate()),
    ],
    [
      'crashes',
      async ({ page }) => {
        const session = await suite.browser.context.newCDPSession(page);
        const crashed = new Promise((resolve) => page.once('crash', resolve));
        session.send('Page.crash').catch(() => undefined);
        await crashed;
      },
    ],
    ['is reloaded', async ({ page }) => page.reload()],
  ]) {
    suite.test(`when the leader ${how}, the next takes over and nothing is lost (${storage})`, async () => {
      const name = `${how} ${storage}`;
      const leader = await openPool(name, storage);
      const followers = [await openPool(name, storage), await openPool(name, storage)];
      for (const { page } of followers) await page.evaluate(() => drawForEver());
      for (const { page } of followers) await waitForAnswers(page, 100);
      await end(leader);
      for (const { page } of followers) await waitForAnswers(page, 100);
      const answers = [];
      for (const { page } of followers) answers.push(...(await stop(page)));
      const roles = await Promise.all(
        followers.map(({ page }) => page.evaluate(async () => (await pool.stats()).role)),
      );
      assert.deepEqual(roles.sort(), ['follower', 'leader']);
      await checkLog(followers[0].page, answers);
      await checkLog(followers[1].page, answers);
    });
  }
}

suite.test('leaders that go one after the other leave one history', async () => {
  const answers = [];
  let current = await openPool('relay', 'opfs', { snapshots: false });
  for (let round = 0; round < 4; ++round) {
    const next = await openPool('relay', 'opfs', { snapshots: false });
    assert.equal(next.role, 'follower');
    await next.page.evaluate(() => drawForEver());
    await waitForAnswers(next.page, 50);
    await current.page.close();
    await waitForAnswers(next.page, 50);
    answers.push(...(await stop(next.page)));
    current = next;
  }
  await checkLog(current.page, answers);
});

suite.test('a change of the catalog that was under way when the leader went is told as unknown', async () => {
  const leader = await openPool('unknown', 'indexeddb');
  const follower = await openPool('unknown', 'indexeddb');
  // The leader's page hears nothing any more, but its tab is there.
  const codes = await follower.page.evaluate(
    () =>
      new Promise((resolve) => {
        const found = [];
        const changes = Array.from({ length: 200 }, (_, i) =>
          pool.update('gold', { weight: i + 1 }).then(
            () => found.push('done'),
            (error) => found.push(error.code),
          ),
        );
        globalThis.changesUnderWay = true;
        Promise.all(changes).then(() => resolve(found));
        // The tab of the leader ends while they are.
        fetch('/end-leader');
      }),
    await endLeaderWhenAsked(leader),
  );
  for (const code of codes) assert.match(code, /^(done|outcome-unknown)$/);
  assert.equal(codes.length, 200);
  // All of them may have been done before the leader was gone.
  await untilStats(follower, { role: 'leader' });
});

/** Closes the leader's tab as soon as the follower has asked for it. */
async function endLeaderWhenAsked({ page }) {
  await suite.browser.context.route('**/end-leader', async (route) => {
    await page.close();
    await route.fulfill({ status: 204 });
  });
}

suite.test('an exclusive opener is refused while another has the pool', async () => {
  const first = await openPool('exclusive', 'opfs', { tabs: 'exclusive' });
  assert.equal(first.role, 'leader');
  const second = await openTab();
  const code = await second.evaluate(() =>
    open('exclusive', 'opfs', { tabs: 'exclusive' }).catch((error) => error.code),
  );
  assert.equal(code, 'busy');
});

suite.test('a follower may wait for a leader that is still opening, and closes when asked', async () => {
  const pages = await Promise.all([openTab(), openTab(), openTab()]);
  const roles = await Promise.all(pages.map((page) => page.evaluate(() => open('race', 'opfs'))));
  assert.deepEqual(roles.sort(), ['follower', 'follower', 'leader']);
  for (const page of pages) {
    await page.evaluate(async () => {
      await pool.draw();
      await pool.close();
    });
  }
  await delay(0);
  const last = await openPool('race', 'opfs');
  assert.equal(last.role, 'leader');
  assert.equal(
    await last.page.evaluate(() => String(pool.opening.recoveredThrough)),
    '3',
  );
});

suite.test('a missing pool is told to every tab that opens it', async () => {
  const page = await openTab();
  const code = await page.evaluate(() =>
    RewardPool.open({ name: 'nobody made it' }).catch((error) => error.code),
  );
  assert.equal(code, 'not-found');
});

suite.test('a request of a newer version is refused, not left unanswered', async () => {
  const leader = await openPool('versions', 'indexeddb');
  const answer = await leader.page.evaluate(
    () =>
      new Promise((resolve) => {
        const scope = 'rewardpool:versions';
        navigator.locks.request(`${scope}:newer`, () => {
          const channel = new BroadcastChannel(`${scope}:newer`);
          channel.onmessage = ({ data }) => {
            if (data.kind !== 'welcome') resolve([data.kind, data.error?.code]);
            else channel.postMessage({ id: 1, request: { kind: 'foretell' } });
          };
          const hello = new BroadcastChannel(scope);
          hello.postMessage({ kind: 'hello', follower: 'newer' });
          return new Promise(() => {});
        });
      }),
  );
  assert.deepEqual(answer, ['error', 'unsupported']);
});

const workerTab = `
  import { RewardPool } from '/dist/browser.js';
  let pool;
  const take = {
    open: async ({ name }) => {
      const catalog = [{ itemId: 'a', quantity: 'unlimited', weight: 1 }];
      pool = await RewardPool.open({ name, storage: 'opfs', catalog });
      return pool.opening.role;
    },
    close: () => pool.close(),
    // When the lock has come, and the pool is being opened.
    leaveOnceLocked: async ({ name, how }) => {
      const isOurs = async () => {
        const { held } = await navigator.locks.query();
        const own = held.find((lock) => lock.name.startsWith('rewardpool:' + name + ':'));
        return held.some((lock) => lock.name === 'rewardpool:' + name && lock.clientId === own?.clientId);
      };
      while (!(await isOurs()));
      return pool[how]();
    },
  };
  onmessage = async ({ data }) => {
    const answer = await take[data.call](data).catch((error) => error.code);
    postMessage(answer ?? 'done');
  };
  postMessage('ready');
`;

for (const how of ['close', 'terminate']) {
  suite.test(`a tab that goes while it takes over lets go of the pool (${how})`, async () => {
    const own = await startServer({ files: { '/tab.js': workerTab } });
    try {
      const seen = await withPage(suite.browser, `${own.origin}/`, (page) =>
        page.evaluate(async (leave) => {
          const name = `taken ${leave}`;
          const start = async () => {
            const worker = new Worker('/tab.js', { type: 'module' });
            const answer = () => new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data)));
            await answer();
            return (call, words = {}) => {
              worker.postMessage({ call, name, ...words });
              return answer();
            };
          };
          const first = await start();
          const second = await start();
          const roles = [await first('open'), await second('open')];
          const left = second('leaveOnceLocked', { how: leave });
          await first('close');
          const third = await start();
          return [...roles, await left, await third('open')];
        }, how),
      );
      assert.deepEqual(seen, ['leader', 'follower', 'done', 'leader']);
    } finally {
      await own.close();
    }
  });
}

suite.test('draws that the pool may have forgotten are told as unknown, not made again', async () => {
  const options = { keyRetention: 10 };
  const leader = await openPool('forgetful', 'indexeddb', options);
  const follower = await openPool('forgetful', 'indexeddb', { ...options, workerUrl: '/deaf.js' });
  await follower.page.evaluate(() => {
    globalThis.batches = Promise.allSettled([8, 6, 4].map((count) => pool.drawEach(count)));
  });
  // Drawn is not yet kept: what no tab was told may go with the leader.
  await untilStats(leader, { durableThrough: 18n });
  await leader.page.close();
  const outcomes = await follower.page.evaluate(async () =>
    (await batches).map(({ value, reason }) => reason?.code ?? value.picks.length),
  );
  assert.deepEqual(outcomes, ['outcome-unknown', 6, 4]);
  await checkLog(follower.page, []);
  assert.equal(await follower.page.evaluate(async () => Number((await pool.state()).lastRequestId)), 18);
});
