/**
 * Names of pools that live as long as a page does. A page cannot remove its pools
 * when it is closed, so the next one removes what it finds and nobody uses.
 */
import { RewardPool } from 'rewardpool';

const REGISTER_PREFIX = 'rewardpool-demo:';

/** Storage of the page's own may be switched off; then nothing is tidied up. */
function register(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}

export function newPoolName(): string {
  const name = `demo-${crypto.randomUUID()}`;
  register()?.setItem(REGISTER_PREFIX + name, '');
  return name;
}

export async function removePool(name: string): Promise<void> {
  await RewardPool.delete({ name });
  register()?.removeItem(REGISTER_PREFIX + name);
}

/** Removes the pools of pages that are gone. */
export async function removeLeftovers(ours: ReadonlySet<string>): Promise<void> {
  const names = Object.keys(register() ?? {})
    .filter((key) => key.startsWith(REGISTER_PREFIX))
    .map((key) => key.slice(REGISTER_PREFIX.length));
  for (const name of names) {
    if (ours.has(name)) continue;
    // Another tab's pool is busy and stays.
    await removePool(name).catch(() => undefined);
  }
}
