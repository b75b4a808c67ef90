// The numbers called exact are those of the package, and each says how it was found.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { RewardPool } from 'rewardpool';

import { loadParts } from './parts.mjs';
import { draw, drawnCounts, openSite, photograph, untilIdle, untilPainted, WIDTHS } from './site.mjs';

const CHEST = '#seed=42&item=2,4,crown&item=10,60,sword&item=40,300,potion&item=60,500,coin';
const METHOD = /certain|binomial|dynamic-programming|poisson-clocks/;

let site;
let parts;
before(async () => {
  site = await openSite();
  parts = await loadParts();
});
after(() => site.close());

const cells = (page, selector) =>
  page.$$eval(`${selector} tbody tr`, (rows) =>
    rows.map((row) => [...row.children].map(({ innerText }) => innerText.trim())),
  );

/** Waits until `selector` says what `pattern` has, and returns all that it says. */
async function said(page, selector, pattern) {
  const found = page.locator(selector, { hasText: pattern });
  await found.waitFor();
  return found.innerText();
}

for (const width of WIDTHS) {
  describe(`at ${width} pixels`, () => {
    const visit = (hash, use) => site.visit({ width, hash }, use);
    const itemsOf = (hash) => parts.fromHash(hash).config.items;

    test('each item has the exact odds of the first draw', () =>
      visit(CHEST, async (page) => {
        await page.waitForSelector('.item-odds .mark');
        const { items } = await RewardPool.odds(itemsOf(CHEST));
        const shown = await page.$$eval('.item-odds', (all) => all.map(({ textContent }) => textContent));
        items.forEach(({ nextNumerator, nextDenominator, drawsUntilFirst }, i) => {
          const share = Number(nextNumerator) / Number(nextDenominator);
          assert.equal(
            shown[i],
            `exact ${nextNumerator} in ${nextDenominator} = ${parts.percent(share)}; ` +
              `mean wait ${parts.decimal(drawsUntilFirst)} draws`,
          );
        });
      }));

    test('observed shares stand beside exact ones, in bands that hold all of them at once', () =>
      visit(CHEST, async (page) => {
        for (const draws of [10, 1, 1, 1]) await draw(page, `[data-draws="${draws}"]`);
        const counts = await drawnCounts(page);
        const items = itemsOf(CHEST);
        const names = items.map(({ itemId }) => itemId);
        const odds = await RewardPool.odds(items, { draws: 13, countsOf: names });
        const misses = parts.shareOfMisses(0.05, names.length);
        const rows = await page.$$eval('.shares tbody tr', (all) =>
          all.map((row) => [...row.children].map(({ textContent }) => textContent.trim())),
        );
        names.forEach((name, i) => {
          const { low, high } = parts.bandOf(odds.counts[i], misses);
          const resolution = (high - low) / 26;
          const place = counts[name] < low || counts[name] > high ? 'outside' : 'within';
          assert.deepEqual(rows[i], [
            name,
            '',
            String(counts[name]),
            `observed ${parts.percentTo(counts[name] / 13, resolution)}`,
            `exact ${parts.percentTo(odds.items[i].expected / 13, resolution)}`,
            '',
            `${place} ${low}–${high}`,
          ]);
        });
        const method = await page.innerText('#shares-method');
        assert.match(method, /13 draws from a full pool.*95%.*Bonferroni over 4 items/s);
        assert.match(method, METHOD);
      }));

    test('the way of a share to its odds is drawn, told in words and laid out as a table', () =>
      visit(CHEST, async (page) => {
        await draw(page, '[data-draws="10"]');
        await page.selectOption('#convergence-item', { label: 'sword' });
        await page.getByText('The same as a table').click();
        await said(page, '#convergence-caption', /Share of sword/);
        const places = parts.CHECKPOINTS.filter((checkpoint) => checkpoint <= 10).length;
        await page.waitForFunction(
          (rows) => document.querySelectorAll('#convergence-table tbody tr').length === rows,
          places,
        );
        const label = await page.getAttribute('#convergence-chart', 'aria-label');
        assert.match(label, /After 10 draws exactly [\d.]+% is expected/);
        const misses = await said(page, '#convergence-misses', /Of 100 runs, \d+ (is|are) outside after/);
        assert.match(misses, new RegExp(`outside of its interval at \\d+ of ${places} places`));

        const items = itemsOf(CHEST);
        const odds = await RewardPool.odds(items, { draws: 10, countsOf: ['sword'] });
        const { low, high } = parts.bandOf(odds.counts[0], 0.05);
        const [draws, , exact, interval] = (await cells(page, '#convergence-table')).at(-1);
        assert.equal(draws, '10');
        assert.equal(exact, parts.percent(odds.items[1].expected / 10));
        assert.equal(interval, `${parts.percent(low / 10)} – ${parts.percent(high / 10)}`);
        assert.ok(await page.isVisible('text=about 1 in 20 of the 95% intervals'));
      }));

    test('stock and odds can be followed through the draws', () =>
      visit(CHEST, async (page) => {
        await page.waitForSelector('#depletion-table td');
        const items = itemsOf(CHEST);
        const slider = page.locator('#depletion-draw');
        for (const place of ['first', 'middle', 'last']) {
          const max = Number(await slider.getAttribute('max'));
          await slider.fill(String({ first: 0, middle: Math.floor(max / 2), last: max }[place]));
          await untilPainted(page);
          const k = Number((await page.innerText('#depletion-k')).replaceAll(',', ''));
          assert.equal(await slider.getAttribute('aria-valuetext'), `after draw ${parts.count(k)}`);
          const { curves } = await RewardPool.odds(items, { curveDraws: [k] });
          const shown = (await cells(page, '#depletion-table')).map(([, left, , next]) => [left, next]);
          const expected = curves.items.map(({ remaining, next }) => [
            parts.decimal(remaining[0]),
            parts.percent(next[0]),
          ]);
          assert.deepEqual(shown, expected, place);
          if (place === 'last') assert.equal(k, 864, 'all that there is');
        }
        // Moved by keyboard too.
        await slider.focus();
        await page.keyboard.press('Home');
        await untilPainted(page);
        assert.equal(await page.innerText('#depletion-k'), '0');
        assert.match(await page.innerText('#depletion-method'), METHOD);
        assert.ok(await page.isHidden('#depletion-none'));
        await photograph(page, `depletion-${width}`);
      }));

    test('a pool that never runs out says so in place of moving', () =>
      visit('#seed=1&item=1,unlimited,a&item=3,unlimited,b', async (page) => {
        await page.waitForSelector('#depletion-none:not([hidden])');
        const rows = await cells(page, '#depletion-table');
        assert.deepEqual(rows, [
          ['a', 'unlimited', '', '25%'],
          ['b', 'unlimited', '', '75%'],
        ]);
      }));

    test('a result has its exact place among all others', () =>
      visit(CHEST, async (page) => {
        await page.fill('#unlucky-draws', '100');
        await page.fill('#unlucky-count', '13');
        await page.selectOption('#unlucky-item', { label: 'sword' });
        const { counts } = await RewardPool.odds(itemsOf(CHEST), { draws: 100, countsOf: ['sword'] });
        const { atMost, atLeast } = parts.tailsAt(counts[0], 13);
        const words = `So many or fewer: ${parts.percent(atMost)}. So many or more: ${parts.percent(atLeast)}.`;
        assert.match(await said(page, '#unlucky-method', words), METHOD);
        const verdict = await page.innerText('#unlucky-verdict');
        assert.ok(verdict.includes(parts.decimal(atLeast * 100)), verdict);
        assert.match(verdict, /as lucky as you, or luckier\.\s+exact/);

        await page.fill('#unlucky-count', '61');
        await said(page, '#unlucky-verdict', /cannot happen/);

        await page.fill('#unlucky-count', '101');
        await said(page, '#unlucky-problem', /cannot be more of it than draws/);
        assert.equal(await page.getAttribute('#unlucky-count', 'aria-invalid'), 'true');
        await page.fill('#unlucky-count', 'x');
        await said(page, '#unlucky-problem', /digits/);

        await draw(page, '[data-draws="10"]');
        await page.click('#unlucky-mine');
        assert.equal(await page.inputValue('#unlucky-draws'), '10');
        assert.equal(Number(await page.inputValue('#unlucky-count')), (await drawnCounts(page)).sword);
        assert.ok(await page.isHidden('#unlucky-problem'));
      }));
  });
}

test('exact numbers of a pool that was edited are those of the new one', () =>
  site.visit({ hash: CHEST }, async (page) => {
    await page.selectOption('#preset', { label: 'Fair die' });
    await untilIdle(page);
    await said(page, '.item-row:nth-child(1) .item-odds', /1 in 6 = 16\.7%/);
    await said(page, '#depletion-none', /Nothing in this pool runs out/);
    await draw(page, '[data-draws="1000"]');
    await drawnCounts(page);
    const exact = await page.$$eval('.shares tbody tr td:nth-child(5)', (all) => all.map(({ textContent }) => textContent));
    assert.deepEqual(exact, Array(6).fill('exact 16.7%'));
  }));
