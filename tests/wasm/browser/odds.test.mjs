// Odds and simulation in a page: in a worker of their own, beside a pool.
import assert from 'node:assert/strict';

import { browserSuite, withPage } from './harness.mjs';

const suite = browserSuite();

suite.test('a page asks for odds and simulates, and may end it', async () => {
  await withPage(suite.browser, `${suite.server.origin}/`, async (page) => {
    const seen = await page.evaluate(async () => {
      const { RewardPool } = await import('/dist/browser.js');
      const catalog = [
        { itemId: 'gold', quantity: 10, weight: 1 },
        { itemId: 'mud', quantity: 'unlimited', weight: 9 },
      ];
      const pool = await RewardPool.open({ name: 'odds', storage: 'opfs', catalog });
      await pool.drawEach(10);
      const odds = await pool.odds({ draws: 5 });
      await pool.close();

      let calls = 0;
      const simulation = await RewardPool.simulate(catalog, {
        runs: 100,
        draws: 10_000,
        seed: 3,
        onProgress: () => ++calls,
      });
      const controller = new AbortController();
      const ended = await RewardPool.simulate(catalog, {
        runs: 1_000_000,
        draws: 1_000_000,
        curveDraws: [1_000_000],
        signal: controller.signal,
        onProgress: () => controller.abort(),
      }).catch((error) => error.name);
      const refused = await RewardPool.odds(catalog, { countsOf: ['tin'] }).catch(
        (error) => error.code,
      );
      const nowhere = await RewardPool.odds(catalog, { oddsWasmUrl: '/nowhere.wasm' }).catch(
        (error) => error.code,
      );
      return {
        expected: odds.items.reduce((sum, { expected }) => sum + expected, 0),
        calls,
        counts: [...simulation.items[1].counts.slice(0, 3)],
        ended,
        refused,
        nowhere,
      };
    });
    assert.ok(Math.abs(seen.expected - 5) < 1e-9);
    assert.ok(seen.calls > 0);
    // The same as of three pools with these seeds: tests/wasm/unit/odds.test.mjs.
    const { RewardPool } = await import('rewardpool');
    const catalog = [
      { itemId: 'gold', quantity: 10, weight: 1 },
      { itemId: 'mud', quantity: 'unlimited', weight: 9 },
    ];
    const inNode = await RewardPool.simulate(catalog, { runs: 3, draws: 10_000, seed: 3 });
    assert.deepEqual(seen.counts, [...inNode.items[1].counts]);
    assert.equal(seen.ended, 'AbortError');
    assert.equal(seen.refused, 'invalid-argument');
    assert.equal(seen.nowhere, 'unsupported');
  }, { expected: /404/ });
});
