/** The package's entry in Node. */
import { readFile } from 'node:fs/promises';

import type { OpenOptions, VerifyReport } from '../types/index.js';
import createCore from 'rewardpool-core';
import { makeCore } from './coreLoader.js';
import type { CoreModule } from './coreModule.js';
import { RewardPoolError } from './errors.js';
import { importArchive, verifyArchive } from './importPool.js';
import { LocalPort } from './localPort.js';
import { checkOwnerOptions } from './openOptions.js';
import { PoolClient } from './poolClient.js';
import { PoolOwner } from './poolOwner.js';
import { memoryStorageOpener } from './storage/memoryStorage.js';
import { nodeStorageOpener } from './storage/nodeStorage.js';
import type { StorageOpener } from './storage/poolStorage.js';

export { RewardPoolError } from './errors.js';

const SEGMENT_BYTES_DEFAULT = 16 * 1024 * 1024;

let compiled: Promise<WebAssembly.Module> | undefined;

function newCore(wasmUrl: string | URL | undefined): Promise<CoreModule> {
  compiled ??= readFile(new URL(wasmUrl ?? './rewardpool.wasm', import.meta.url))
    .then((bytes) => WebAssembly.compile(bytes))
    .catch((error: unknown) => {
      compiled = undefined;
      throw error;
    });
  return makeCore(createCore, compiled);
}

function chooseStorage({ storage = 'auto', dir }: OpenOptions): StorageOpener {
  const kind = storage === 'auto' ? (dir === undefined ? 'memory' : 'node') : storage;
  switch (kind) {
    case 'memory':
      return memoryStorageOpener();
    case 'node':
      if (typeof dir !== 'string' || dir === '') {
        throw new RewardPoolError('invalid-argument', "storage 'node' needs dir, the pool's folder");
      }
      return nodeStorageOpener(dir);
    case 'opfs':
    case 'indexeddb':
      throw new RewardPoolError('unsupported', `storage '${kind}' is for browsers`);
    default:
      throw new RewardPoolError(
        'invalid-argument',
        `storage is ${JSON.stringify(kind)}: there are 'auto', 'node', 'memory' and, in browsers, 'opfs' and 'indexeddb'`,
      );
  }
}

async function openPool(options: OpenOptions, archive?: Uint8Array): Promise<RewardPool> {
  const opener = chooseStorage(options);
  const ownerOptions = checkOwnerOptions(options, SEGMENT_BYTES_DEFAULT);
  if (archive !== undefined) ownerOptions.catalog = undefined;
  const core = await newCore(options.wasmUrl);
  const storage = await opener.open(ownerOptions.catalog !== undefined || archive !== undefined);
  if (archive !== undefined) {
    try {
      await importArchive(core, archive, storage);
    } catch (error) {
      storage.abandon();
      throw error;
    }
  }
  return new RewardPool(new LocalPort(await PoolOwner.open(core, storage, ownerOptions)));
}

export class RewardPool extends PoolClient {
  static async open(options: OpenOptions = {}): Promise<RewardPool> {
    return openPool(options);
  }

  static async import(bytes: Uint8Array, options: OpenOptions = {}): Promise<RewardPool> {
    return openPool(options, bytes);
  }

  static async verify(
    bytes: Uint8Array,
    options: Pick<OpenOptions, 'wasmUrl'> = {},
  ): Promise<VerifyReport> {
    return verifyArchive(await newCore(options.wasmUrl), bytes);
  }

  static async delete(options: Pick<OpenOptions, 'name' | 'storage' | 'dir'>): Promise<void> {
    return chooseStorage(options).delete();
  }
}
