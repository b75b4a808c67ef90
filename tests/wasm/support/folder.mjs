import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

const folders = [];

/** A folder of the test's own, removed when all tests of the file have ended. */
export async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'rewardpool-'));
  folders.push(folder);
  return folder;
}

after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});
