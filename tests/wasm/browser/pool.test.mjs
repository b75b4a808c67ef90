// The public API in a real browser, in every storage: what a page sees.
import assert from 'node:assert/strict';
import { describe } from 'node:test';

import { browserSuite, launchBrowser, startServer, withPage } from './harness.mjs';

/** Runs in the page, before the test's own function. */
const prelude = `
  globalThis.api = import('/dist/browser.js');
  globalThis.goldAndMud = [
    { itemId: 'gold', quantity: 10, weight: 1 },
    { itemId: 'mud', quantity: 'unlimited', weight: 9 },
  ];
  globalThis.codeOf = (promise) => promise.then(() => 'no error', (error) => error.code);
`;

const suite = browserSuite({ files: { '/prelude.js': prelude } }, { headlessShell: true });

/** Runs `run(argument)` in a new page with the prelude. */
function inPage(run, argument, options) {
  const use = async (page) => {
    await page.addScriptTag({ url: '/prelude.js' });
    return page.evaluate(run, argument);
  };
  return withPage(suite.browser, `${suite.server.origin}/`, use, options);
}

for (const storage of ['auto', 'opfs', 'indexeddb', 'memory']) {
  describe(`storage ${storage}`, () => {
    suite.test('draws, changes, reads, exports and closes', async () => {
      const seen = await inPage(async (kind) => {
        const { RewardPool } = await api;
        const pool = await RewardPool.open({ name: `all ${kind}`, storage: kind, catalog: goldAndMud });
        const draws = await Promise.all(Array.from({ length: 1000 }, () => pool.draw()));
        const keyed = await pool.draw({ key: 'k' });
        const again = await pool.draw({ key: 'k' });
        const many = await pool.drawMany(5);
        const batch = await pool.drawEach(10_000);
        await pool.add({ itemId: 'tin', quantity: 1, weight: 2n ** 60n });
        const tin = await pool.draw();
        const snapshot = await pool.snapshot();
        const state = await pool.state();
        let records = 0;
        for await (const record of pool.log()) records += record.type === 'draw' ? 1 : 0;
        const bytes = await pool.export();
        const report = await RewardPool.verify(bytes);
        const stats = await pool.stats();
        await pool.close();
        return {
          kind: pool.opening.storage,
          created: pool.opening.created,
          persisted: typeof pool.opening.persisted,
          firstIds: draws.every((draw, i) => draw.requestId === BigInt(i + 1)),
          sameKey: keyed.requestId === again.requestId && keyed.itemId === again.itemId,
          many: many.itemIds.length,
          batch: batch.picks.length,
          tin: tin.itemId,
          snapshot: String(snapshot),
          last: String(state.lastRequestId),
          records,
          verified: String(report.lastRequestId),
          snapshots: stats.snapshots,
          role: stats.role,
          afterClose: await codeOf(pool.draw()),
        };
      }, storage);
      assert.deepEqual(seen, {
        kind: storage === 'auto' ? 'opfs' : storage,
        created: true,
        persisted: storage === 'memory' ? 'undefined' : 'boolean',
        firstIds: true,
        sameKey: true,
        many: 5,
        batch: 10_000,
        tin: 'tin',
        snapshot: '11004',
        last: '11004',
        records: 11_003,
        verified: '11004',
        snapshots: 1,
        role: 'leader',
        afterClose: 'closed',
      });
    });

    suite.test('refuses what is not allowed', async () => {
      const codes = await inPage(async (kind) => {
        const { RewardPool } = await api;
        const open = (options) => RewardPool.open({ name: `bad ${kind}`, storage: kind, ...options });
        const pool = await open({ catalog: [{ itemId: 'a', quantity: 1, weight: 1 }] });
        const found = [
          await codeOf(open({ name: '', storage: 'opfs' })),
          await codeOf(open({ storage: 'paper' })),
          await codeOf(open({ storage: 'node' })),
          await codeOf(pool.add({ itemId: 'x', weight: 0.5, quantity: 1 })),
          await codeOf(pool.drawMany(2)),
          await codeOf(pool.draw()),
          await codeOf(pool.draw()),
          await codeOf(pool.remove('y')),
        ];
        await pool.close();
        return found;
      }, storage);
      assert.deepEqual(codes, [
        'invalid-argument',
        'invalid-argument',
        'unsupported',
        'invalid-argument',
        'exhausted',
        'no error',
        'exhausted',
        'not-found',
      ]);
    });

    if (storage === 'memory') return;

    suite.test('finds a pool again, and goes on where it was', async () => {
      const first = await inPage(async (kind) => {
        const { RewardPool } = await api;
        const pool = await RewardPool.open({ name: `again ${kind}`, storage: kind, catalog: goldAndMud });
        await pool.drawEach(500);
        const keyed = await pool.draw({ key: 'k' });
        await pool.close();
        return { requestId: String(keyed.requestId), itemId: keyed.itemId };
      }, storage);
      // Ten openings, since each begins a piece of the log.
      for (let round = 0; round < 10; ++round) {
        const found = await inPage(async (kind) => {
          const { RewardPool } = await api;
          const pool = await RewardPool.open({ name: `again ${kind}`, storage: kind });
          const keyed = await pool.draw({ key: 'k' });
          const next = await pool.draw();
          await pool.close();
          return {
            through: String(pool.opening.recoveredThrough),
            notes: pool.opening.notes,
            keyed: { requestId: String(keyed.requestId), itemId: keyed.itemId },
            next: String(next.requestId),
          };
        }, storage);
        assert.deepEqual(found, {
          through: String(501 + round),
          notes: [],
          keyed: first,
          next: String(502 + round),
        });
      }
    });

    suite.test('a reload in the middle of drawing loses nothing that was answered', async () => {
      await withPage(suite.browser, `${suite.server.origin}/`, async (page) => {
        const answered = new Map();
        await page.exposeFunction('tell', (requestId, itemId) => {
          assert.ok(!answered.has(requestId), `request ${requestId} was answered twice`);
          answered.set(requestId, itemId);
        });
        for (let round = 0; round < 4; ++round) {
          await page.addScriptTag({ url: '/prelude.js' });
          await page.evaluate(async (kind) => {
            const { RewardPool } = await api;
            const pool = await RewardPool.open({ name: `reload ${kind}`, storage: kind, catalog: goldAndMud });
            for (let i = 0; i < 8; ++i) {
              (async () => {
                for (;;) {
                  const { requestId, itemId } = await pool.draw();
                  await tell(String(requestId), itemId);
                }
              })().catch(() => undefined);
            }
          }, storage);
          const before = answered.size;
          while (answered.size < before + 50) await new Promise((resolve) => setTimeout(resolve, 1));
          await page.reload();
        }
        await page.addScriptTag({ url: '/prelude.js' });
        const logged = await page.evaluate(async (kind) => {
          const { RewardPool } = await api;
          const pool = await RewardPool.open({ name: `reload ${kind}`, storage: kind, snapshots: false });
          const found = [];
          for await (const record of pool.log()) {
            if (record.type === 'draw') found.push([String(record.requestId), record.itemIds[0]]);
          }
          await pool.close();
          return found;
        }, storage);
        const log = new Map(logged);
        assert.equal(log.size, logged.length, 'no request is in the log twice');
        for (const [requestId, itemId] of answered) assert.equal(log.get(requestId), itemId);
      });
    });

    suite.test('is deleted, but not while it is open', async () => {
      const seen = await inPage(async (kind) => {
        const { RewardPool } = await api;
        const name = `delete ${kind}`;
        const pool = await RewardPool.open({ name, storage: kind, catalog: goldAndMud });
        await pool.draw();
        const busy = await codeOf(RewardPool.delete({ name }));
        await pool.close();
        await RewardPool.delete({ name });
        await RewardPool.delete({ name });
        const gone = await codeOf(RewardPool.open({ name, storage: kind }));
        return { busy, gone };
      }, storage);
      assert.deepEqual(seen, { busy: 'busy', gone: 'not-found' });
    });
  });
}

suite.test('a pool stays where it was made', async () => {
  const codes = await inPage(async () => {
    const { RewardPool } = await api;
    const name = 'pinned';
    const pool = await RewardPool.open({ name, storage: 'indexeddb', catalog: goldAndMud });
    await pool.draw();
    await pool.close();
    const elsewhere = await codeOf(RewardPool.open({ name, storage: 'opfs', catalog: goldAndMud }));
    const again = await RewardPool.open({ name });
    await again.close();
    return { elsewhere, kind: again.opening.storage, through: String(again.opening.recoveredThrough) };
  });
  assert.deepEqual(codes, { elsewhere: 'invalid-argument', kind: 'indexeddb', through: '1' });
});

for (const storage of ['opfs', 'indexeddb']) {
  suite.test(`a pool that is gone is told, and made anew once it is deleted (${storage})`, async () => {
    const seen = await inPage(async (kind) => {
      const { RewardPool } = await api;
      const name = `gone from ${kind}`;
      const options = { name, storage: kind, catalog: goldAndMud };
      const pool = await RewardPool.open(options);
      await pool.draw();
      const archive = await pool.export();
      await pool.close();
      // As a browser does that drops what it finds damaged.
      const lose = async () => {
        for (const database of [`rewardpool:${name}`, `rewardpool mirror of ${name}`]) {
          await new Promise((resolve, reject) => {
            const request = indexedDB.deleteDatabase(database);
            request.onsuccess = resolve;
            request.onerror = () => reject(request.error);
          });
        }
        const root = await navigator.storage.getDirectory();
        await root.removeEntry('rewardpool', { recursive: true }).catch(() => undefined);
      };
      await lose();
      const codes = [
        await codeOf(RewardPool.open(options)),
        await codeOf(RewardPool.open({ name, storage: kind })),
        await codeOf(RewardPool.open({ name, catalog: goldAndMud })),
      ];
      const imported = await RewardPool.import(archive, { name, storage: kind });
      const restored = String(imported.opening.recoveredThrough);
      await imported.close();
      await lose();
      await RewardPool.delete({ name });
      const anew = await RewardPool.open(options);
      await anew.close();
      return { codes, restored, created: anew.opening.created };
    }, storage);
    assert.deepEqual(seen, {
      codes: ['store-lost', 'store-lost', 'store-lost'],
      restored: '1',
      created: true,
    });
  });
}

suite.test('a pool is not made elsewhere when nobody can say where it is', async () => {
  const forgetful = `
    import '/dist/worker.js';
    const { open } = IDBFactory.prototype;
    IDBFactory.prototype.open = function (name, ...rest) {
      if (name !== 'rewardpool') return open.call(this, name, ...rest);
      IDBFactory.prototype.open = open;
      throw new DOMException('made by the test', 'UnknownError');
    };
  `;
  const own = await startServer({ files: { '/prelude.js': prelude, '/forgetful.js': forgetful } });
  try {
    const seen = await withPage(suite.browser, `${own.origin}/`, async (page) => {
      await page.addScriptTag({ url: '/prelude.js' });
      return page.evaluate(async () => {
        const { RewardPool } = await api;
        const options = { name: 'somewhere', catalog: goldAndMud };
        const pool = await RewardPool.open({ ...options, storage: 'indexeddb' });
        await pool.draw();
        await pool.close();
        const code = await codeOf(RewardPool.open({ ...options, workerUrl: '/forgetful.js' }));
        const again = await RewardPool.open(options);
        await again.close();
        return [code, again.opening.storage, String(again.opening.recoveredThrough)];
      });
    });
    assert.deepEqual(seen, ['io', 'indexeddb', '1']);
  } finally {
    await own.close();
  }
});

suite.test('a pool is made although the data of the site are cleared meanwhile', async () => {
  const cleared = `
    import '/dist/worker.js';
    const { open } = IDBFactory.prototype;
    IDBFactory.prototype.open = function (name, ...rest) {
      const request = open.call(this, name, ...rest);
      if (name.startsWith('rewardpool:')) {
        IDBFactory.prototype.open = open;
        // Behind the package's own listener, which is yet to come.
        queueMicrotask(() =>
          request.addEventListener('upgradeneeded', () => request.transaction.abort()),
        );
      }
      return request;
    };
  `;
  const own = await startServer({ files: { '/prelude.js': prelude, '/cleared.js': cleared } });
  try {
    const seen = await withPage(suite.browser, `${own.origin}/`, async (page) => {
      await page.addScriptTag({ url: '/prelude.js' });
      return page.evaluate(async () => {
        const { RewardPool } = await api;
        const pool = await RewardPool.open({
          name: 'cleared',
          storage: 'indexeddb',
          catalog: goldAndMud,
          workerUrl: '/cleared.js',
        });
        const { requestId } = await pool.draw();
        await pool.close();
        return String(requestId);
      });
    });
    assert.equal(seen, '1');
  } finally {
    await own.close();
  }
});

suite.test('a pool may have any name, that of a mirror included', async () => {
  const seen = await inPage(async () => {
    const { RewardPool } = await api;
    const odd = ['../a', 'a/b', '.', '\0', 'A', ' ', '漢'.repeat(100), '😀'.repeat(50)];
    const pools = [
      ['a', 'opfs'],
      ['mirror of a', 'indexeddb'],
      ...odd.map((name) => [name, 'opfs']),
      ...odd.map((name) => [`${name.slice(0, 98)}!`, 'indexeddb']),
    ];
    const found = [];
    for (const create of [true, false]) {
      for (const [i, [name, storage]] of pools.entries()) {
        const catalog = [{ itemId: `prize ${i}`, quantity: 'unlimited', weight: 1 }];
        const pool = await RewardPool.open({ name, storage, ...(create && { catalog }) });
        const { itemId, requestId } = await pool.draw();
        await pool.close();
        const isRight = itemId === catalog[0].itemId && requestId === (create ? 1n : 2n);
        if (!isRight) found.push([name, storage, itemId, String(requestId)]);
      }
    }
    for (const [name, storage] of pools) await RewardPool.delete({ name, storage });
    return found;
  });
  assert.deepEqual(seen, []);
});

suite.test('an export of one storage is imported into another', async () => {
  const seen = await inPage(async () => {
    const { RewardPool } = await api;
    const from = await RewardPool.open({ name: 'from', storage: 'opfs', catalog: goldAndMud });
    await from.drawEach(1000);
    await from.snapshot();
    await from.drawEach(10);
    const bytes = await from.export();
    const to = await RewardPool.import(bytes, { name: 'to', storage: 'indexeddb' });
    const same = JSON.stringify(await from.state(), (_, value) => String(value)) ===
      JSON.stringify(await to.state(), (_, value) => String(value));
    const next = await to.draw();
    await from.close();
    await to.close();
    const over = await codeOf(RewardPool.import(bytes, { name: 'to' }));
    return { next: String(next.requestId), over, same };
  });
  assert.deepEqual(seen, { next: '1011', over: 'already-exists', same: true });
});

suite.test('a worker of the page may own a pool itself', async () => {
  const worker = `
    import { RewardPool } from '/dist/browser.js';
    const pool = await RewardPool.open({ name: 'in a worker', storage: 'opfs',
      catalog: [{ itemId: 'a', quantity: 'unlimited', weight: 1 }] });
    const { requestId, itemId } = await pool.draw();
    await pool.close();
    postMessage([String(requestId), itemId]);
  `;
  const own = await startServer({ files: { '/own.js': worker } });
  try {
    const answer = await withPage(suite.browser, `${own.origin}/`, (page) =>
      page.evaluate(
        () =>
          new Promise((resolve) => {
            new Worker('/own.js', { type: 'module' }).onmessage = ({ data }) => resolve(data);
          }),
      ),
    );
    assert.deepEqual(answer, ['1', 'a']);
  } finally {
    await own.close();
  }
});

suite.test('a strict Content-Security-Policy is enough', async () => {
  const strict = await startServer({
    headers: {
      'Content-Security-Policy':
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'",
    },
    files: {
      '/': '<!doctype html><title>strict</title><script type="module" src="/page.js"></script>',
      '/page.js': `
        import { RewardPool } from '/dist/browser.js';
        const outcomes = [];
        for (const storage of ['opfs', 'indexeddb', 'memory']) {
          const pool = await RewardPool.open({ name: storage, storage,
            catalog: [{ itemId: 'a', quantity: 'unlimited', weight: 1 }] });
          outcomes.push((await pool.draw()).itemId);
          await pool.close();
        }
        document.title = outcomes.join(' ');
      `,
    },
  });
  try {
    await withPage(suite.browser, `${strict.origin}/`, (page) =>
      page.waitForFunction(() => document.title === 'a a a'),
    );
  } finally {
    await strict.close();
  }
});

suite.test('files that are not where they should be are told, not waited for', async () => {
  const elsewhere = await startServer();
  try {
    const look = async (other) => {
      const { RewardPool } = await api;
      const told = (promise) =>
        promise.then(() => 'no error', ({ code, message }) => `${code}: ${message}`);
      const open = (options) => told(RewardPool.open({ name: 'nowhere', catalog: goldAndMud, ...options }));
      const odds = (options) => told(RewardPool.odds(goldAndMud, options));
      return {
        module: await open({ wasmUrl: '/none.wasm' }),
        'module of a page': await open({ wasmUrl: '/none.wasm', storage: 'memory' }),
        'not a module': await open({ wasmUrl: '/prelude.js' }),
        'not a URL': await open({ wasmUrl: 'http://' }),
        worker: await open({ workerUrl: '/none.js' }),
        'worker of another origin': await open({ workerUrl: `${other}/dist/worker.js` }),
        'odds worker': await odds({ oddsWorkerUrl: '/none.js' }),
        'odds worker of another origin': await odds({ oddsWorkerUrl: `${other}/dist/oddsWorker.js` }),
        'odds module': await odds({ oddsWasmUrl: '/none.wasm' }),
      };
    };
    const messages = await inPage(look, elsewhere.origin, { expected: /status of 404/ });
    const noModule = `cannot be loaded: ${suite.server.origin}/none.wasm: 404 Not Found`;
    const question = (option) => `: is it where ${option} says, of the page's own origin, and`;
    const expected = {
      module: `unsupported: rewardpool.wasm ${noModule}`,
      'module of a page': `unsupported: rewardpool.wasm ${noModule}`,
      'not a module': `unsupported: rewardpool.wasm cannot be loaded: ${suite.server.origin}/prelude.js: `,
      'not a URL': 'invalid-argument: wasmUrl is "http://": not a URL',
      worker: `unsupported: worker.js cannot be started${question('workerUrl')}`,
      'worker of another origin': question('workerUrl'),
      'odds worker': `unsupported: oddsWorker.js cannot be started${question('oddsWorkerUrl')}`,
      'odds worker of another origin': question('oddsWorkerUrl'),
      'odds module': `unsupported: odds.wasm ${noModule}`,
    };
    for (const [what, message] of Object.entries(expected)) {
      assert.ok(messages[what].includes(message), `${what}: ${messages[what]}`);
      assert.match(messages[what], /^(unsupported|invalid-argument): /);
    }
  } finally {
    await elsewhere.close();
  }
});

suite.test('a page that is not served by https is told so, and may have a pool in memory', async () => {
  const insecure = await launchBrowser({ args: ['--host-resolver-rules=MAP shop.test 127.0.0.1'] });
  try {
    const [error, itemId] = await withPage(insecure, `http://shop.test:${suite.server.port}/`, (page) =>
      page.evaluate(async () => {
        const { RewardPool } = await import('/dist/browser.js');
        const catalog = [{ itemId: 'a', quantity: 'unlimited', weight: 1 }];
        const refused = await RewardPool.open({ name: 'shop', catalog }).catch((reason) => reason);
        const pool = await RewardPool.open({ storage: 'memory', catalog });
        const drawn = await pool.draw();
        return [`${refused.code}: ${refused.message}`, drawn.itemId];
      }),
    );
    assert.match(error, /^unsupported: .*https/);
    assert.equal(itemId, 'a');
  } finally {
    await insecure.close();
  }
});
