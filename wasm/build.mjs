// Bundles the TypeScript sources: what the package ships, to wasm/dist, and what
// only tests import, to build/npm-test. Types are checked by `npm run typecheck`.
//
// Usage: node wasm/build.mjs
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  external: ['node:*'],
  sourcemap: true,
  logLevel: 'warning',
};

const bundles = [
  { ...common, entryPoints: ['wasm/js/testing.ts'], outfile: 'build/npm-test/storages.js' },
  { ...common, entryPoints: ['wasm/js/testingNode.ts'], outfile: 'build/npm-test/nodeStorages.js' },
];

await Promise.all(
  ['wasm/dist', 'build/npm-test'].map((folder) =>
    rm(new URL(folder, new URL('..', import.meta.url)), { recursive: true, force: true }),
  ),
);
for (const options of bundles) await build(options);
