// The package as users get it: packed, and installed into an empty folder.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { temporaryFolder } from '../support/folder.mjs';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const run = promisify(execFile);

/**
 * Resolves to
 * - `project`: the folder, whose node_modules has the package and nothing else;
 * - `installed`: the package in it;
 * - `tarball`: what was installed;
 * - `files`: what the tarball holds.
 */
export async function installPackage() {
  const project = await temporaryFolder();
  const packed = await run('npm', ['pack', '--json', '-w', 'rewardpool', '--pack-destination', project], {
    cwd: root,
  });
  // npm writes the description of each package, by itself or by name.
  const described = JSON.parse(packed.stdout);
  const [description] = Array.isArray(described) ? described : Object.values(described);
  const tarball = join(project, description.filename);
  await writeFile(join(project, 'package.json'), '{"private": true}');
  await run('npm', ['install', '--offline', '--no-audit', tarball], { cwd: project });
  return {
    project,
    installed: join(project, 'node_modules/rewardpool'),
    tarball,
    files: description.files.map(({ path }) => path),
  };
}
