// A disk whose power can be cut: an ext4 file system in a file, behind a loop
// device. The cut is the kernel's own shutdown of a file system, as xfstests use
// it: from that moment nothing reaches the device any more, and every write and
// sync fails. What had reached it is in the file; what was only in the page cache,
// or in a transaction that was not committed, is gone.
//
// It is not told whether the device itself was asked to flush its cache.
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { temporaryFolder } from './folder.mjs';

const run = promisify(execFile);

const IMAGE_BYTES = 400 * 1024 * 1024;

// ioctl(EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH), and when it was called.
const SHUTDOWN = `
import fcntl, os, struct, sys, time
folder = os.open(sys.argv[1], os.O_RDONLY)
print(time.monotonic_ns(), flush=True)
fcntl.ioctl(folder, 0x8004587D, struct.pack("I", 2))
`;

const mounted = new Set();
process.on('exit', () => {
  for (const folder of mounted) execFileSync('umount', ['--lazy', folder]);
});

async function mount(image, folder) {
  await mkdir(folder);
  await run('mount', ['-o', 'loop', image, folder]);
  mounted.add(folder);
}

async function unmount(folder) {
  await run('umount', [folder]);
  mounted.delete(folder);
}

/**
 * Resolves to
 * - `folder`: where it is mounted;
 * - `sync()`: all that was written is on the device, as it would be after a minute;
 * - `cut()`: cuts the power. Whoever has files open there may only be killed.
 *   Resolves to the moment, as of process.hrtime.bigint(): a real cut ends the
 *   program with the disk, but here a sync that is under way may yet succeed
 *   without having done its work, so what is told later does not count;
 * - `restore()`: resolves to the folder with what is left, when nobody uses the old
 *   one any more;
 * - `remove()`.
 */
export async function createDisk() {
  const place = await temporaryFolder();
  const image = join(place, 'disk');
  const left = join(place, 'disk-after-cut');
  const folder = join(place, 'before');
  await run('truncate', ['--size', String(IMAGE_BYTES), image]);
  await run('mkfs.ext4', ['-q', '-F', image]);
  await mount(image, folder);
  return {
    folder,
    sync: () => run('sync', ['--file-system', folder]),
    cut: async () => {
      const { stdout } = await run('python3', ['-c', SHUTDOWN, folder]);
      await run('cp', ['--sparse=always', image, left]);
      return BigInt(stdout);
    },
    restore: async () => {
      await unmount(folder);
      const after = join(place, 'after');
      await mount(left, after);
      return after;
    },
    remove: async () => {
      for (const one of [...mounted].filter((path) => path.startsWith(place))) await unmount(one);
      await rm(place, { recursive: true });
    },
  };
}

async function reasonAgainst() {
  if (process.getuid() !== 0) return 'a power cut needs loop mounts, and those need root';
  let disk;
  try {
    disk = await createDisk();
    await disk.cut();
    await disk.restore();
    return false;
  } catch (error) {
    const reason = (error.stderr ?? error.message).trim();
    return `a power cut needs loop mounts of ext4, which do not work here: ${reason}`;
  } finally {
    await disk?.remove();
  }
}

/** What was told until the power was cut. */
export class AnswersUntilCut {
  #answers = [];
  note(requestId, itemId) {
    this.#answers.push({ requestId, itemId, at: process.hrtime.bigint() });
    return this.#answers.length;
  }
  until(moment) {
    return this.#answers.filter(({ at }) => at < moment);
  }
}

/** Why there can be no power cuts here, or false. */
export const noPowerCuts = await reasonAgainst();
