// The README that npm shows: its examples run as they stand, in Node and in a page,
// and its tables leave nothing out.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';

import { launchBrowser, startServer, withPage } from '../browser/harness.mjs';
import { installPackage, run } from './install.mjs';

let project;
let installed;
let readme;
let examples;

before(async () => {
  ({ project, installed } = await installPackage());
  readme = await readFile(join(installed, 'README.md'), 'utf8');
  examples = [...readme.matchAll(/^```js\n(.*?)^```/gms)].map(([, text], i) => {
    // The first opens the pool that the others go on with.
    if (text.includes('import ')) return text;
    return `import { RewardPool } from 'rewardpool';
const catalog = [
  { itemId: 'gold', quantity: 10, weight: 1 },
  { itemId: 'mud', quantity: 'unlimited', weight: 9 },
];
const pool = await RewardPool.open({ name: 'example ${i}', catalog });
${text}`;
  });
});

test('every example runs in Node', async () => {
  assert.equal(examples.length, 5);
  for (const [i, example] of examples.entries()) {
    const name = `example-${i}.mjs`;
    await writeFile(join(project, name), example);
    await run(process.execPath, [name], { cwd: project });
  }
});

test('every example runs in a page', async (t) => {
  const map = JSON.stringify({ imports: { rewardpool: '/rewardpool/dist/browser.js' } });
  const files = {};
  for (const [i, example] of examples.entries()) {
    files[`/example-${i}.js`] = `${example}\nglobalThis.done = true;`;
    files[`/example-${i}`] = `<!doctype html><title>example</title>
      <script type="importmap">${map}</script>
      <script type="module" src="/example-${i}.js"></script>`;
  }
  const server = await startServer({ folders: { '/rewardpool/': installed }, files });
  t.after(() => server.close());
  const browser = await launchBrowser();
  t.after(() => browser.close());
  for (const i of examples.keys()) {
    await withPage(browser, `${server.origin}/example-${i}`, (page) =>
      page.waitForFunction(() => globalThis.done === true),
    );
  }
});

/** The first column of the first table in `text`. */
function firstColumn(text) {
  const [, rows] = text.match(/^[ *]*\|---.*?\n(.*?)\n(?![ *]*\|)/ms);
  return [...rows.matchAll(/^[ *]*\| `'?([a-z-]+)'?` \|/gm)].map(([, name]) => name);
}

test('its tables have every error and every storage that the types have', async () => {
  const section = (heading) => readme.slice(readme.indexOf(`\n## ${heading}\n`));
  const types = await readFile(join(installed, 'dist/index.d.ts'), 'utf8');
  const namesOf = (type) => {
    const [, union] = types.match(new RegExp(`^export type ${type} =(.*?);$`, 'ms'));
    return [...union.matchAll(/'([a-z-]+)'/g)].map(([, name]) => name);
  };
  assert.deepEqual(firstColumn(section('Errors')), namesOf('ErrorCode'));
  assert.deepEqual(firstColumn(types), namesOf('ErrorCode'));
  const storages = firstColumn(section('Where a pool is kept'));
  assert.deepEqual(storages.sort(), namesOf('StorageKind').sort());
});
