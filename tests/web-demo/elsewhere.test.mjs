// The same draws elsewhere: in another visit, in Node, and by the command; and the
// page's log under the command's eyes.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { RewardPool } from 'rewardpool';

import { nativeCommand, noNativeCommand } from '../wasm/support/nativeCommand.mjs';
import { loadParts } from './parts.mjs';
import { draw, drawnCounts, openSite } from './site.mjs';

const run = promisify(execFile);
const folder = nativeCommand && dirname(nativeCommand);

const LINKS = {
  'of a pool without end': '#seed=42&item=1,unlimited,gold&item=9,unlimited,mud',
  'of a pool that changes as it empties': '#seed=18446744073709551615&item=2,40,crown&item=60,5000,coin&item=7,300,key',
  'with awkward names and weights': `#seed=0&item=4611686018427387904,unlimited,${encodeURIComponent("it's \"half\" \\ $HOME `x` %41 é 🎁")}&item=4611686018427387903,unlimited,POOL&item=0,3,never`,
};

let site;
let parts;
before(async () => {
  site = await openSite();
  parts = await loadParts();
});
after(() => site.close());

/** What the command on the page prints, as JSON. */
async function runCommand(page) {
  const command = await page.$eval('#simulate-command', ({ textContent }) => textContent);
  const { stdout } = await run('sh', ['-c', command.replace(' <<', ' --json <<')], {
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, HOME: '/nowhere' },
  });
  return JSON.parse(stdout.replace(/"seed":(\d+)/, '"seed":"$1"'));
}

async function download(page) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
  return file.path();
}

/** The items that a downloaded log says were drawn, in order. */
async function drawsInLog(file) {
  const pool = await RewardPool.import(new Uint8Array(await readFile(file)));
  const draws = [];
  for await (const record of pool.log()) {
    if (record.type === 'draw') draws.push(...record.itemIds);
  }
  await pool.close();
  return draws;
}

for (const [what, hash] of Object.entries(LINKS)) {
  test(`a link ${what} gives the same draws to everybody`, (t) =>
    site.visit({ hash }, async (page) => {
      for (const draws of [1, 10, 1000]) await draw(page, `[data-draws="${draws}"]`);
      const counts = await drawnCounts(page);
      const address = page.url();
      assert.match(address, /draws=1011/);
      // In a browser's address, so with whatever the browser makes of it.
      const { config, draws } = parts.fromHash(new URL(address).hash);

      const pool = await RewardPool.open({ catalog: config.items, insecureSeed: config.seed });
      const { picks, itemIds } = await pool.drawEach(draws);
      const drawn = Array.from(picks, (pick) => itemIds[pick]);
      await pool.close();
      const ofNode = Object.fromEntries(
        config.items.map(({ itemId }) => [itemId, drawn.filter((each) => each === itemId).length]),
      );
      assert.deepEqual(counts, ofNode);
      assert.deepEqual(await drawsInLog(await download(page)), drawn, 'draw by draw');

      // Another visitor follows the link; the draws are made unasked.
      await site.visit({ hash: new URL(address).hash }, async (other) => {
        await other.waitForFunction(() => document.getElementById('draw-count').textContent === '1,011');
        assert.deepEqual(await drawnCounts(other), counts);
        const recent = (latest) => latest.innerText('#recent');
        assert.equal(await recent(other), await recent(page));
      });

      if (noNativeCommand) {
        t.diagnostic(noNativeCommand);
        return;
      }
      const simulated = await runCommand(page);
      assert.equal(simulated.draws, 1011);
      assert.equal(simulated.seed, String(config.seed));
      const ofCommand = Object.fromEntries(simulated.items.map(({ item_id: id, drawn: n }) => [id, n]));
      assert.deepEqual(ofCommand, counts);
    }));
}

test('the log of the page passes the command\'s verification, and its draws are the page\'s', { skip: noNativeCommand }, () =>
  site.visit({ hash: LINKS['of a pool that changes as it empties'] }, async (page) => {
    for (const draws of [10, 1000]) await draw(page, `[data-draws="${draws}"]`);
    const counts = await drawnCounts(page);
    const file = await download(page);
    const command = nativeCommand;
    const report = JSON.parse((await run(command, ['verify', '--json', file])).stdout);
    assert.deepEqual([report.ok, report.last_request_id], [true, 1010]);
    const dir = `${file}.pool`;
    await run(command, ['import', '--dir', dir, file]);
    const state = JSON.parse((await run(command, ['state', '--dir', dir, '--json'])).stdout);
    assert.deepEqual(Object.fromEntries(state.items.map(({ item_id: id, drawn }) => [id, drawn])), counts);
  }));

test('the log of a million draws passes the command\'s verification', { skip: noNativeCommand }, () =>
  site.visit({}, async (page) => {
    await draw(page, '[data-draws="1000000"]');
    const { stdout } = await run(nativeCommand, ['verify', '--json', await download(page)]);
    assert.equal(JSON.parse(stdout).last_request_id, 1_000_000);
  }));
