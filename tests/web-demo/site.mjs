// What the demo's tests stand on: the built page behind a server that knows
// nothing of it, and a browser.
//
//   const site = await openSite();
//   await site.visit({ width: 375, scheme: 'dark' }, async (page) => { ... });
//   await site.close();
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { launchBrowser, startServer, withPage } from '../wasm/browser/harness.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const builtPage = join(root, 'build/web-demo');
const screenshots = join(root, 'build/web-demo-screenshots');

/** The widths that every control is tried at. */
export const WIDTHS = [375, 1280];

/** Two items, one of which never runs out: `#...` of an address. */
export const GOLD_AND_MUD = '#seed=7&item=1,1000000,gold&item=9,unlimited,mud';

export async function openSite(options = {}) {
  if (!existsSync(join(builtPage, 'index.html'))) {
    throw new Error('the page is not built: npm run build && npm run build:demo');
  }
  // Some folder of some host.
  const server = await startServer({ folders: { '/some/where/': builtPage } });
  const browser = await launchBrowser({ headlessShell: true, ...options });
  const address = (hash = '') => `${server.origin}/some/where/index.html${hash}`;
  return {
    browser,
    server,
    address,
    /** Opens the page, waits until its pool can be drawn from, and runs `use` on it. */
    visit: ({ hash = GOLD_AND_MUD, width = 1280, scheme = 'light', motion = 'reduce', ...rest }, use) =>
      withPage(
        browser,
        'about:blank',
        async (page) => {
          page.setDefaultTimeout(60_000);
          await page.emulateMedia({ colorScheme: scheme, reducedMotion: motion });
          await page.setViewportSize({ width, height: 860 });
          await page.goto(address(hash));
          await untilIdle(page);
          return use(page);
        },
        rest,
      ),
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

/** Waits until what was asked for before is on the screen. */
export async function untilPainted(page) {
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  );
}

/** Waits until nothing is being opened or drawn, and that is on the screen. */
export async function untilIdle(page) {
  await page.waitForFunction(() => {
    const { activity } = document.body.dataset;
    if (activity === 'failed') throw new Error(document.getElementById('progress-text').textContent);
    return activity === 'idle';
  });
  await untilPainted(page);
}

/** Clicks, and waits until the draws that this asks for are made. */
export async function draw(page, selector) {
  await page.click(selector);
  await untilIdle(page);
}

/** The number of draws on show. */
export async function drawCount(page) {
  return Number((await page.innerText('#draw-count')).replaceAll(',', ''));
}

/** How often each item was drawn, as the table has it. */
export async function drawnCounts(page) {
  const draws = await drawCount(page);
  await page.waitForFunction(
    (wanted) =>
      [...document.querySelectorAll('.shares .drawn')]
        .slice(1)
        .reduce((sum, cell) => sum + Number(cell.textContent.replaceAll(',', '')), 0) === wanted,
    draws,
  );
  return page.$$eval('.shares tbody tr', (rows) =>
    Object.fromEntries(
      rows.map((row) => [
        row.querySelector('th').textContent,
        Number(row.querySelector('.drawn').textContent.replaceAll(',', '')),
      ]),
    ),
  );
}

/** Saves a picture for people to look at. */
export async function photograph(page, name) {
  await mkdir(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}
