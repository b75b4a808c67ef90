// Builds the npm package into wasm/dist/, from the TypeScript sources and the
// module that CMake has built (preset wasm-release, or REWARDPOOL_WASM_DIR).
// Internals that only tests use go to build/npm-test/.
import { build } from 'esbuild';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const dist = join(here, 'dist');
const testFolder = join(root, 'build/npm-test');
const moduleFolder = process.env.REWARDPOOL_WASM_DIR ?? join(root, 'build/wasm-release/wasm');
const glue = join(moduleFolder, 'rewardpool_core.mjs');
if (!existsSync(glue)) {
  console.error(`There is no ${glue}: build the preset wasm-release first.`);
  process.exit(1);
}

// What is distributed says whose it is.
const banner = '/*! rewardpool, MIT licence */';

// The glue's own way to the .wasm, which nobody goes: it names a file that the
// package does not have, and bundlers of users would look for it.
const glueWithoutFile = {
  name: 'glue-without-file',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]rewardpool_core\.mjs$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const reference = /new URL\((["'])rewardpool_core\.wasm\1,\s*import\.meta\.url\)/;
      return { contents: text.replace(reference, "''"), loader: 'js' };
    });
  },
};

const common = {
  bundle: true,
  target: 'es2022',
  minify: true,
  sourcemap: false,
  legalComments: 'none',
  alias: { 'rewardpool-core': glue },
  plugins: [glueWithoutFile],
  external: ['node:*'],
  logLevel: 'warning',
};
// Node prints the line that an uncaught error comes from: it must not be the only one.
const inNode = { platform: 'node', minify: false };
const esModule = { ...common, format: 'esm', banner: { js: banner } };

for (const folder of [dist, testFolder]) await rm(folder, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await Promise.all([
  build({
    ...esModule,
    // In pieces: browser.js, browserHost.js, and chunk.js for what both need.
    splitting: true,
    chunkNames: '[name]',
    entryPoints: { browser: join(here, 'js/browser.ts') },
    outdir: dist,
    platform: 'browser',
  }),
  build({
    ...esModule,
    // Each in one file, so that it can be served from any place.
    entryPoints: {
      worker: join(here, 'js/worker.ts'),
      oddsWorker: join(here, 'js/oddsWorker.ts'),
    },
    outdir: dist,
    platform: 'browser',
  }),
  build({
    ...esModule,
    ...inNode,
    entryPoints: { node: join(here, 'js/node.ts') },
    outdir: dist,
  }),
  build({
    ...common,
    ...inNode,
    format: 'cjs',
    entryPoints: { node: join(here, 'js/node.ts') },
    outdir: dist,
    outExtension: { '.js': '.cjs' },
    define: { 'import.meta.url': 'moduleUrl' },
    banner: {
      js: `${banner}\nconst moduleUrl = require('node:url').pathToFileURL(__filename).href;`,
    },
  }),
  // For tests alone.
  build({
    ...esModule,
    minify: false,
    sourcemap: 'inline',
    entryPoints: { storages: join(here, 'js/testing.ts') },
    outdir: testFolder,
    platform: 'neutral',
  }),
  build({
    ...esModule,
    minify: false,
    sourcemap: 'inline',
    entryPoints: { nodeStorages: join(here, 'js/testingNode.ts') },
    outdir: testFolder,
    platform: 'node',
  }),
]);
await copyFile(join(moduleFolder, 'rewardpool_core.wasm'), join(dist, 'rewardpool.wasm'));
for (const name of ['inspector.wasm', 'odds.wasm']) {
  await copyFile(join(moduleFolder, name), join(dist, name));
}

// The types are written by hand; both kinds of modules share them.
const types = await readFile(join(here, 'types/index.d.ts'), 'utf8');
await writeFile(join(dist, 'index.d.ts'), types);
await writeFile(join(dist, 'index.d.cts'), types);
await copyFile(join(root, 'LICENSE'), join(here, 'LICENSE'));
