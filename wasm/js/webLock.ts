/** Web Locks that are held until they are let go of or their holder dies. */
import { RewardPoolError } from './errors.js';

export interface HeldLock {
  release(): void;
}

function request(
  name: string,
  options: LockOptions,
): Promise<HeldLock | undefined> {
  if (typeof navigator === 'undefined' || navigator.locks === undefined) {
    return Promise.reject(
      new RewardPoolError(
        'unsupported',
        'there are no Web Locks here, without which two tabs could open one pool; is the page served by https?',
      ),
    );
  }
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, options, (lock) => {
        if (lock === null) {
          resolve(undefined);
          return undefined;
        }
        return new Promise<void>((release) => resolve({ release }));
      })
      .catch(reject);
  });
}

/** The lock, or undefined if somebody has it. */
export function tryLock(name: string): Promise<HeldLock | undefined> {
  return request(name, { ifAvailable: true });
}

/** The lock, once all who asked before have let go; rejects when `signal` is aborted. */
export async function waitForLock(name: string, signal?: AbortSignal): Promise<HeldLock> {
  return (await request(name, signal === undefined ? {} : { signal })) as HeldLock;
}
