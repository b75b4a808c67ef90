// Makes the syncs of running programs fail: strace answers them with EIO in the
// kernel's place, and nothing is synced.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const CALLS = 'fsync,fdatasync,msync';

/**
 * Resolves, when the processes are struck, to { stop() }, which resolves to how many
 * syncs have failed.
 */
export async function failSyncs(processIds) {
  const words = ['-f', '-e', `trace=${CALLS}`, '-e', `inject=${CALLS}:error=EIO`];
  const strace = spawn('strace', [...words, ...processIds.flatMap((id) => ['-p', String(id)])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = new Promise((resolve) => strace.once('close', resolve));
  const told = [];
  let failed = 0;
  const waiting = new Set(processIds.map(String));
  await new Promise((attached, reject) => {
    strace.on('error', reject);
    void closed.then(() => reject(new Error(`strace has ended: ${told.join('; ')}`)));
    createInterface({ input: strace.stderr }).on('line', (line) => {
      if (line.includes('(INJECTED)')) ++failed;
      else told.push(line);
      waiting.delete(/^strace: Process (\d+) attached/.exec(line)?.[1]);
      if (waiting.size === 0) attached();
    });
  });
  return {
    stop: async () => {
      strace.kill('SIGINT');
      await closed;
      return failed;
    },
  };
}

async function reasonAgainst() {
  const sleeper = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    await once(sleeper, 'spawn');
    await (await failSyncs([sleeper.pid])).stop();
    return false;
  } catch (error) {
    return `strace may not attach to processes here: ${error.message}`;
  } finally {
    sleeper.kill();
  }
}

/** Why syncs cannot be made to fail here, or false. */
export const noFailingSyncs = await reasonAgainst();
