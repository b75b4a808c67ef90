// The demo's modules without its page, for tests in Node.
import { build } from 'esbuild';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { root } from './site.mjs';

const MODULES = [
  'state/poolConfig',
  'state/presets',
  'state/signal',
  'state/urlState',
  'engine/bands',
  'engine/checkpoints',
  'engine/latest',
  'engine/playground',
  'lab/archive',
  'lab/damage',
  'lab/logLayout',
  'views/format',
];

export async function loadParts() {
  const outfile = join(root, 'build/web-demo-test/parts.mjs');
  await build({
    stdin: {
      contents: MODULES.map((name) => `export * from './${name}.js';`).join('\n'),
      resolveDir: join(root, 'web-demo/src'),
      loader: 'ts',
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['rewardpool'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return import(pathToFileURL(outfile).href);
}
