// Every control of the page, as a person uses it, narrow and wide.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import { RewardPool } from 'rewardpool';

import { draw, drawCount, drawnCounts, GOLD_AND_MUD, openSite, photograph, untilIdle, untilPainted, WIDTHS } from './site.mjs';

let site;
before(async () => {
  site = await openSite();
});
after(() => site.close());

const text = (page, selector) => page.innerText(selector);
const isMarked = (page, selector) =>
  page.$eval(selector, (element) => element.getAttribute('aria-invalid') === 'true');

/** Waits until an element says something that matches. */
const untilText = (page, selector, pattern) =>
  page.waitForFunction(
    ([where, source]) => new RegExp(source).test(document.querySelector(where).textContent),
    [selector, pattern.source],
  );

for (const width of WIDTHS) {
  const visit = (options, use) => site.visit({ width, ...options }, use);

  describe(`at ${width} pixels`, () => {
    test('nothing is wider than the page', () =>
      visit({}, async (page) => {
        await draw(page, '[data-draws="1000"]');
        const [content, window] = await page.evaluate(() => [
          document.documentElement.scrollWidth,
          document.documentElement.clientWidth,
        ]);
        assert.ok(content <= window, `${content} of ${window}`);
      }));

    test('the buttons draw 1, 10, 1,000 and 1,000,000 times', () =>
      visit({}, async (page) => {
        let expected = 0;
        for (const draws of [1, 10, 1000, 1_000_000]) {
          await draw(page, `[data-draws="${draws}"]`);
          expected += draws;
          assert.equal(await drawCount(page), expected);
        }
        const counts = await drawnCounts(page);
        assert.equal(counts.gold + counts.mud, expected);
        await photograph(page, `million-${width}`);
      }));

    test('a long run shows its progress and can be stopped', () =>
      visit({}, async (page) => {
        await page.click('#draw-on');
        await untilPainted(page);
        assert.equal(await page.getAttribute('#draw-on', 'aria-pressed'), 'true');
        await page.waitForFunction(() => document.getElementById('draw-count').textContent !== '0');
        await draw(page, '#stop');
        assert.equal(await page.getAttribute('#draw-on', 'aria-pressed'), 'false');
        const stopped = await drawCount(page);
        assert.ok(stopped > 0);

        // Each value that the bar has had.
        await page.evaluate(() => {
          const bar = document.getElementById('progress-bar');
          globalThis.progress = [];
          new MutationObserver(() => progress.push(bar.value)).observe(bar, { attributes: true });
        });
        await draw(page, '[data-draws="1000000"]');
        const progress = await page.evaluate(() => globalThis.progress);
        assert.ok(progress.length > 2, `${progress}`);
        assert.deepEqual(progress, progress.toSorted((a, b) => a - b));
        assert.equal(await drawCount(page), stopped + 1_000_000);
      }));

    test('starting over makes the same draws again', () =>
      visit({}, async (page) => {
        await draw(page, '[data-draws="1000"]');
        const first = await drawnCounts(page);
        await draw(page, '#restart');
        assert.equal(await drawCount(page), 0);
        await draw(page, '[data-draws="1000"]');
        assert.deepEqual(await drawnCounts(page), first);
        await page.click('#new-seed');
        await untilText(page, '#draw-count', /^0$/);
        await untilIdle(page);
        assert.notEqual(await page.inputValue('#seed'), '7');
      }));

    test('the pool is edited: items come, go and change', () =>
      visit({}, async (page) => {
        await page.click('#add-item');
        assert.equal(await page.evaluate(() => document.activeElement.value), 'item 3');
        await page.keyboard.type('tin');
        await page.getByLabel('Weight of tin').fill('1000000');
        await page.getByLabel('Stock of tin', { exact: true }).fill('5');
        await page.getByLabel('Remove mud').click();
        await draw(page, '[data-draws="10"]');
        const counts = await drawnCounts(page);
        assert.deepEqual(Object.keys(counts), ['gold', 'tin']);
        assert.equal(counts.gold + counts.tin, 10);
        await page.getByLabel('Unlimited stock of tin').check();
        assert.ok(await page.getByLabel('Stock of tin', { exact: true }).isDisabled());
        await page.getByLabel('Unlimited stock of gold').check();
        await draw(page, '[data-draws="1"]');
        assert.match(page.url(), /item=1000000,unlimited,tin/);
      }));

    test('a pool that runs out says so and draws no more', () =>
      visit({ hash: '#seed=1&item=1,3,a&item=1,4,b' }, async (page) => {
        await draw(page, '[data-draws="1000"]');
        assert.match(await text(page, '#progress-text'), /exhausted/);
        assert.deepEqual(await drawnCounts(page), { a: 3, b: 4 });
        assert.ok(await page.isDisabled('[data-draws="1"]'));
      }));

    test('a click while the page is being opened draws after what the page begins with', () =>
      visit({ hash: `${GOLD_AND_MUD}&draws=200` }, async (page) => {
        await page.addInitScript(() => {
          new MutationObserver((_, observer) => {
            if (document.body?.dataset.activity !== 'opening') return;
            observer.disconnect();
            requestAnimationFrame(() => document.querySelector('[data-draws="10"]').click());
          }).observe(document, { attributes: true, subtree: true });
        });
        await page.reload();
        await page.waitForFunction(() => document.getElementById('draw-count').innerText === '210');
      }));

    test('stopping ends what was asked for while the pool was opened, all of it', () =>
      visit({}, async (page) => {
        await page.evaluate(() => {
          new MutationObserver((_, observer) => {
            if (document.body.dataset.activity === 'opening') {
              for (let i = 0; i < 2; ++i) document.querySelector('[data-draws="1000000"]').click();
            }
            if (document.body.dataset.activity !== 'drawing') return;
            observer.disconnect();
            document.getElementById('stop').disabled = false;
            document.getElementById('stop').click();
          }).observe(document.body, { attributes: true, attributeFilter: ['data-activity'] });
          document.getElementById('restart').click();
        });
        await page.waitForFunction(() => document.getElementById('draw-count').innerText !== '0');
        await untilIdle(page);
        assert.ok((await drawCount(page)) < 1_000_000);
      }));

    test('a preset replaces the pool and keeps the seed', () =>
      visit({}, async (page) => {
        for (const title of ['Prize wheel', 'Raffle drum', 'Fair die']) {
          await page.selectOption('#preset', { label: title });
          await draw(page, '[data-draws="10"]');
          assert.equal(await drawCount(page), 10, title);
        }
        assert.equal(await page.inputValue('#seed'), '7');
        assert.equal(await page.locator('.item-row').count(), 6);
      }));

    for (const when of ['before', 'when']) {
      test(`a click on a pool that is being replaced, ${when} that shows, draws from the new one`, () =>
        visit({}, async (page) => {
          await page.evaluate(
            (isShown) =>
              new Promise((clicked) => {
                const click = () => {
                  document.querySelector('[data-draws="10"]').click();
                  clicked();
                };
                new MutationObserver((_, observer) => {
                  if (document.body.dataset.activity !== 'opening') return;
                  observer.disconnect();
                  if (isShown) requestAnimationFrame(click);
                  else click();
                }).observe(document.body, { attributes: true });
                const preset = document.getElementById('preset');
                preset.value = [...preset.options].find(({ label }) => label === 'Fair die').value;
                preset.dispatchEvent(new Event('change'));
              }),
            when === 'when',
          );
          await page.waitForFunction(() => document.getElementById('draw-count').innerText === '10');
          assert.equal(await page.locator('.item-row').count(), 6);
        }));
    }

    test('bad input is marked in its place, and nothing is drawn from it', () =>
      visit({}, async (page) => {
        const weight = page.getByLabel('Weight of gold');
        await weight.fill('-3');
        assert.equal(await weight.getAttribute('aria-invalid'), 'true');
        const described = await weight.getAttribute('aria-describedby');
        assert.match(await text(page, `#${described}`), /cannot be negative/);
        assert.ok(await page.isDisabled('[data-draws="1"]'));
        await weight.fill('4');
        assert.equal(await weight.getAttribute('aria-invalid'), null);

        await page.getByLabel('Name of the item').nth(1).fill('gold');
        assert.match(await text(page, '.item-row:nth-child(2) .problem'), /Another item/);
        await page.getByLabel('Name of the item').nth(1).fill('mud');
        await page.fill('#seed', '1.5');
        assert.ok(await isMarked(page, '#seed'));
        assert.match(await text(page, '#seed-problem'), /Whole numbers/);
        await photograph(page, `bad-input-${width}`);
        await page.fill('#seed', '5');
        await page.getByLabel('Remove gold').click();
        await page.getByLabel('Remove mud').click();
        assert.match(await text(page, '#pool-problem'), /without items/);
      }));

    test('a link that is damaged is refused in words', () =>
      visit({ hash: '#seed=1&item=x,1,a' }, async (page) => {
        assert.match(await text(page, '#pool-state'), /link's pool is not used.*Whole numbers/);
        assert.equal(await page.locator('.item-row').count(), 4);
      }));

    test('a killed worker loses no answered draw', () =>
      visit({}, async (page) => {
        for (const kills of [1, 2]) {
          await page.click('#kill');
          await untilText(page, '#crash-report', new RegExp(`${kills} kill`));
          const report = await text(page, '#crash-report');
          assert.match(report, /None lost, none doubled/);
          const underWay = Number(/with (\d+) draws? under way/.exec(report)[1]);
          assert.ok(underWay > 0, 'the worker was ended in the middle');
          const [, kept, answered] = /Recovered (\d+) of (\d+) answered/.exec(report);
          assert.equal(kept, answered);
        }
        await photograph(page, `kill-${width}`);
      }));

    test('the verifier names the first bad record of a damaged log', () =>
      visit({}, async (page) => {
        const act = async (id) => {
          await page.click(id);
          await page.waitForFunction((button) => !document.querySelector(button).disabled, id);
          return text(page, '#crash-report');
        };
        assert.match(await act('#tear'), /cut a torn tail at offset \d+/);
        assert.match(await act('#change-weight'), /gold was changed from.*\n*[\s\S]*offset 64, record 1/);
        assert.match(await act('#forge'), /good: no checksum is wrong[\s\S]*no signature/);
        assert.match(await act('#flip'), /wal-\d{20}\.log, offset \d+, record \d+/);
        // The place is chosen: the first byte of all, which is a file's magic.
        await page.locator('#damage-place').fill('0');
        assert.match(await text(page, '#damage-offset'), /^0 of/);
        assert.match(await act('#flip'), /byte 0 was flipped: 52 became[\s\S]*wal-0{19}1\.log/);
        await photograph(page, `tamper-${width}`);
      }));

    test('the log is shown record by record, as it grows and from any place', () =>
      visit({}, async (page) => {
        await untilText(page, '#log-records', /catalog-item.*gold: weight 1, stock 1000000/);
        await draw(page, '[data-draws="10"]');
        await untilText(page, '#log-summary', /Requests 1 to 10 of 10/);
        await draw(page, '[data-draws="1000"]');
        await untilText(page, '#log-summary', /to 1,010 of 1,010/);
        await page.uncheck('#log-follow');
        await page.fill('#log-from', '500');
        await untilText(page, '#log-summary', /Requests 500 to 619 of 1,010/);
        await page.fill('#log-from', '0');
        assert.ok(await isMarked(page, '#log-from'));
      }));

    test('the log can be taken along, and is a whole pool', () =>
      visit({}, async (page) => {
        await draw(page, '[data-draws="1000"]');
        const counts = await drawnCounts(page);
        const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
        assert.equal(download.suggestedFilename(), 'pool.tar');
        await untilText(page, '#verify-result', /1,000 requests; every checksum is right/);
        const bytes = new Uint8Array(await readFile(await download.path()));
        const report = await RewardPool.verify(bytes);
        assert.equal(report.lastRequestId, 1000n);
        const pool = await RewardPool.import(bytes);
        const drawn = Object.fromEntries((await pool.state()).items.map((item) => [item.itemId, item.drawn]));
        await pool.close();
        assert.deepEqual(drawn, counts);
      }));

    test('the address and the command can be copied', () =>
      visit({}, async (page) => {
        await site.browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
        await draw(page, '[data-draws="10"]');
        for (const id of ['page-link', 'simulate-command', 'verify-command']) {
          await page.click(`[data-copy="${id}"]`);
          await untilText(page, `[data-copy="${id}"]`, /Copied/);
          const copied = await page.evaluate(() => navigator.clipboard.readText());
          assert.equal(copied, await page.$eval(`#${id}`, ({ textContent }) => textContent));
        }
        assert.ok(page.url().endsWith(GOLD_AND_MUD.replace('&', '&draws=10&')), page.url());
      }));

    test('the colours are the system\'s, or those that are chosen, also next time', () =>
      visit({ scheme: 'light' }, async (page) => {
        const background = () =>
          page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const light = await background();
        await page.emulateMedia({ colorScheme: 'dark' });
        const dark = await background();
        assert.notEqual(dark, light);
        await page.getByLabel('Light').check({ force: true });
        assert.equal(await background(), light);
        await page.reload();
        assert.equal(await background(), light);
        await page.getByLabel('Auto').check({ force: true });
        assert.equal(await background(), dark);
      }));
  });
}
