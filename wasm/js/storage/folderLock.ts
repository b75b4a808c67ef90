/**
 * One owner to a pool's folder: flock() on the file `lock` in it, the same lock as
 * the native library's. The system releases it when the program ends, however it
 * ends; the file stays and means nothing by itself.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { RewardPoolError } from '../errors.js';
import { LOCK_FILE_NAME } from './fileNames.js';

/** Of the BSDs and macOS: open() takes the lock. Not among Node's constants. */
const O_EXLOCK = 0x20;

export interface FolderLock {
  /** False if the folder, or the lock file in it, was taken away. */
  isInPlace(): boolean;
  release(): void;
}

function busy(folder: string, path: string): RewardPoolError {
  let owner = 'another program';
  try {
    const pid = readFileSync(path, 'utf8').trim();
    if (pid !== '') owner = Number(pid) === process.pid ? 'this program' : `process ${pid}`;
  } catch {
    // The number is for the message only.
  }
  return new RewardPoolError('busy', `the pool in ${folder} is in use by ${owner}`);
}

function openLocked(folder: string, path: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT;
  if (process.platform === 'darwin' || process.platform === 'freebsd') {
    try {
      return openSync(path, flags | O_EXLOCK | constants.O_NONBLOCK, 0o644);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') throw busy(folder, path);
      throw error;
    }
  }
  const descriptor = openSync(path, flags, 0o644);
  // Node has no flock(). The program of that name locks the open file that it
  // inherits from us, so the lock is ours and stays when the program has ended.
  const { status, error } = spawnSync('flock', ['-n', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', descriptor],
  });
  if (status === 0) return descriptor;
  closeSync(descriptor);
  if (status === 1) throw busy(folder, path);
  throw new RewardPoolError(
    'unsupported',
    "the pool's folder cannot be locked: the program flock (of util-linux or busybox) is needed",
    { cause: error },
  );
}

/**
 * Never waits. Throws 'busy' (somebody has it, this program included; the message
 * names the owner), 'unsupported', or the error of the file system.
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, LOCK_FILE_NAME);
  const descriptor = openLocked(folder, path);
  const { ino, dev } = fstatSync(descriptor, { bigint: true });
  const isInPlace = (): boolean => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found !== undefined && found.ino === ino && found.dev === dev;
  };
  const release = (): void => closeSync(descriptor);
  if (!isInPlace()) {
    // Its last owner has just deleted the pool.
    release();
    throw new RewardPoolError('busy', `the pool in ${folder} is being deleted`);
  }
  ftruncateSync(descriptor, 0);
  writeSync(descriptor, `${process.pid}\n`, 0);
  return { isInPlace, release };
}
