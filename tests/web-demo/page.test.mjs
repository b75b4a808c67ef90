// What holds for the page as a whole: it is small, there at once, open to
// everybody, and answers while a million draws are made.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { builtPage, draw, drawCount, openSite, photograph, untilIdle, WIDTHS } from './site.mjs';

const axe = fileURLToPath(import.meta.resolve('axe-core/axe.min.js'));

let site;
before(async () => {
  site = await openSite();
});
after(() => site.close());

test('all that a visit loads, every part of the page used, has at most 250 KB when it is compressed', async () => {
  const before = site.server.requests.length;
  await site.visit({}, async (page) => {
    await draw(page, '[data-draws="10"]');
    await page.click('#kill');
    await page.waitForSelector('.fates');
    await page.click('#flip');
    await page.waitForSelector('.hexdump');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
    await download.delete();
    await page.waitForSelector('#depletion-table td');
  });
  const paths = new Set(site.server.requests.slice(before));
  paths.delete('/favicon.ico');
  const sizes = await Promise.all(
    [...paths].map(async (path) => {
      // It needs nothing but its own files, wherever they are.
      const [, name] = /^\/some\/where\/(.+)$/.exec(path);
      return [name, gzipSync(await readFile(join(builtPage, name)), { level: 9 }).length];
    }),
  );
  const names = sizes.map(([name]) => name).join();
  for (const part of ['index.html', 'index-', 'worker-', 'oddsWorker-', 'rewardpool-', 'inspector-', 'odds-']) {
    assert.ok(names.includes(part), `${part} is not in ${names}`);
  }
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  assert.ok(total <= 250_000, `${total} bytes: ${JSON.stringify(sizes)}`);
});

test('is there before any script has run: its first paint waits for two small files', async () => {
  const page = await site.browser.context.newPage();
  await page.route('**/*.js', (route) => route.abort());
  await page.goto(site.address());
  assert.ok(await page.isVisible('h1'));
  assert.ok(await page.isVisible('text=about 1 in 20'));
  const painted = await page.waitForFunction(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
  );
  assert.ok((await painted.jsonValue()) > 0);
  await page.close();

  const html = await readFile(join(builtPage, 'index.html'));
  const blocking = [...html.toString().matchAll(/<link rel="stylesheet"[^>]*href="([^"]+)"/g)];
  assert.equal(blocking.length, 1);
  const css = await readFile(join(builtPage, blocking[0][1]));
  const bytes = gzipSync(html).length + gzipSync(css).length;
  assert.ok(bytes < 16_000, `${bytes} bytes`);
});

test('tidies up after pages that are gone, and leaves the pools of open ones alone', async () => {
  const registered = (page) =>
    page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('demo:demo-')).length);
  const untilRegistered = (page, wanted) =>
    page.waitForFunction(
      (number) => Object.keys(localStorage).filter((key) => key.includes('demo:demo-')).length === number,
      wanted,
    );
  await site.visit({}, async (page) => {
    await untilRegistered(page, 1);
    await site.visit({}, async (other) => {
      await other.click('#kill');
      await other.waitForSelector('.fates');
      assert.equal(await registered(other), 3);
    });
    await site.visit({}, async (third) => {
      await untilRegistered(third, 2);
      await draw(third, '[data-draws="10"]');
    });
    await draw(page, '[data-draws="10"]');
    assert.equal(await drawCount(page), 10);
  });
});

for (const width of WIDTHS) {
  for (const scheme of ['light', 'dark']) {
    test(`an accessibility scan finds nothing at ${width} pixels in ${scheme} colours`, () =>
      site.visit({ width, scheme, hash: '' }, async (page) => {
        await draw(page, '[data-draws="10"]');
        await page.click('#kill');
        await page.waitForSelector('.fates');
        await page.getByText('The same as a table').click();
        await page.waitForSelector('#depletion-table td');
        await page.getByLabel('Weight of crown').fill('-1');
        await page.waitForSelector('.item-row .problem:visible');
        await photograph(page, `page-${width}-${scheme}`);
        await page.evaluate(await readFile(axe, 'utf8'));
        const { violations } = await page.evaluate(() => axe.run());
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
        assert.deepEqual(found, []);
      }));
  }
}

test('everything can be reached and done by keyboard', () =>
  site.visit({}, async (page) => {
    const reached = [];
    for (let presses = 0; presses < 150; ++presses) {
      await page.keyboard.press('Tab');
      const [name, isVisible] = await page.evaluate(() => {
        const element = document.activeElement;
        // Behind the last one comes the browser itself.
        if (element === document.body) return ['', true];
        const { outlineStyle } = getComputedStyle(element);
        const name = element.id || element.dataset.draws || element.getAttribute('aria-label') || element.name || element.textContent;
        // The colours' choices show it on the words beside them.
        return [name, outlineStyle !== 'none' || element.name === 'theme'];
      });
      assert.ok(isVisible, `the focus on ${name} cannot be seen`);
      if (name === '' && reached.length > 0) break;
      reached.push(name);
    }
    const controls = await page.$$eval('button:enabled, select:enabled, input:enabled, summary, a', (all) =>
      all
        .filter(({ name, checked }) => name !== 'theme' || checked)
        .map((element) => element.id || element.dataset.draws || element.getAttribute('aria-label') || element.name || element.textContent),
    );
    assert.deepEqual(controls.filter((name) => !reached.includes(name)), []);

    await page.focus('[data-draws="10"]');
    await page.keyboard.press('Enter');
    await untilIdle(page);
    assert.equal(await drawCount(page), 10);
  }));

test('who wants no motion sees none', () =>
  site.visit({ motion: 'reduce' }, async (page) => {
    const moving = await page.evaluate(() =>
      [...document.querySelectorAll('*')]
        .filter((element) => {
          const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(element);
          return transitionDuration !== '0s' || animationName !== 'none' || scrollBehavior === 'smooth';
        })
        .map(({ outerHTML }) => outerHTML.slice(0, 80)),
    );
    assert.deepEqual(moving, []);
  }));

test('what is typed while draws are made is taken', () =>
  site.visit({}, async (page) => {
    await page.click('#draw-on');
    const input = page.locator('#unlucky-draws');
    for (let typed = 1; typed <= 10; ++typed) {
      await input.fill(String(typed));
      assert.equal(await input.inputValue(), String(typed));
      assert.equal(await page.getAttribute('body', 'data-activity'), 'drawing');
    }
    await draw(page, '#stop');
    assert.ok((await drawCount(page)) > 0);
  }));
