import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The native command `rewardpool`, if a build of it is there. */
export const nativeCommand =
  process.env.REWARDPOOL_COMMAND ??
  ['native-release', 'native-debug', 'native-unity', 'native-asan']
    .map((preset) => join(root, 'build', preset, 'bin', 'rewardpool'))
    .find(existsSync);

/** Why tests of it are skipped, or false. */
export const noNativeCommand = nativeCommand === undefined && 'the native command is not built';
