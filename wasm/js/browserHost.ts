/**
 * Opens pools in a browser, in the thread that will own them: the dedicated worker
 * that a page starts, a worker of the caller's own, or, for memory, the page.
 */
import createCore from 'rewardpool-core';

import type { StorageKind, VerifyReport } from '../types/index.js';
import { compileModule } from './compileModule.js';
import { makeCore } from './coreLoader.js';
import type { CoreModule, PoolModules } from './coreModule.js';
import { RewardPoolError } from './errors.js';
import { importArchive, verifyArchive } from './importPool.js';
import { LocalPort } from './localPort.js';
import type { OwnerOptions } from './openOptions.js';
import { pin, pinnedKind, unpin, type PinnableKind } from './pinnedStore.js';
import { PoolFiles } from './poolFiles.js';
import { findPool, PoolOwner } from './poolOwner.js';
import type { PoolPort } from './protocol.js';
import { lockNameOf, SharedPort } from './sharedPort.js';
import { indexedDbStorageOpener } from './storage/indexedDbStorage.js';
import { memoryStorageOpener } from './storage/memoryStorage.js';
import { mirroredStorageOpener } from './storage/mirroredStorage.js';
import { opfsIsSupported, opfsStorageOpener } from './storage/opfsStorage.js';
import type { PoolStorage, StorageOpener } from './storage/poolStorage.js';
import { tryLock } from './webLock.js';

/** What a page sends to its worker. */
export interface HostOptions {
  name: string;
  storage: Exclude<StorageKind, 'node'> | 'auto';
  exclusive: boolean;
  owner: OwnerOptions;
  /** Make the pool of this archive. */
  archive: Uint8Array | undefined;
  /** Undefined: beside the module. */
  wasmUrl: string | undefined;
  inspectorUrl: string | undefined;
}

function newCore(wasmUrl: string | undefined): Promise<CoreModule> {
  // In this form so that bundlers see the file and bring it along.
  const url = wasmUrl ?? new URL('./rewardpool.wasm', import.meta.url).href;
  return makeCore(createCore, compileModule(url));
}

function newPoolFiles(inspectorUrl: string | undefined): Promise<PoolFiles> {
  return PoolFiles.make(compileModule(inspectorUrl ?? new URL('./inspector.wasm', import.meta.url).href));
}

async function loadModules(options: HostOptions): Promise<PoolModules> {
  return {
    core: await newCore(options.wasmUrl),
    newPoolFiles: () => newPoolFiles(options.inspectorUrl),
  };
}

/** The opener of a kind of storage that outlives the program. */
function openerOf(kind: PinnableKind, name: string, wasmUrl: string | undefined): StorageOpener {
  if (kind === 'indexeddb') return indexedDbStorageOpener(name);
  return mirroredStorageOpener(opfsStorageOpener(name), name, async (storage) =>
    findPool(await newCore(wasmUrl), storage),
  );
}

/** Where the pool is or, if it is nowhere, where to make it. */
async function chooseKind(
  name: string,
  storage: PinnableKind | 'auto',
): Promise<{ kind: PinnableKind; isPinned: boolean }> {
  const pinned = await pinnedKind(name);
  if (pinned !== undefined) {
    if (storage !== 'auto' && storage !== pinned) {
      throw new RewardPoolError(
        'invalid-argument',
        `the pool ${JSON.stringify(name)} is kept in '${pinned}' and not in '${storage}'`,
      );
    }
    return { kind: pinned, isPinned: true };
  }
  if (storage !== 'auto') return { kind: storage, isPinned: false };
  return { kind: (await opfsIsSupported()) ? 'opfs' : 'indexeddb', isPinned: false };
}

function lostPool(name: string, kind: PinnableKind): RewardPoolError {
  return new RewardPoolError(
    'store-lost',
    `the pool ${JSON.stringify(name)} was kept in '${kind}' and is not there any more`,
  );
}

async function openOwner(options: HostOptions, create: boolean): Promise<PoolOwner> {
  const { name, archive, wasmUrl } = options;
  const { kind, isPinned } = await chooseKind(name, options.storage as PinnableKind | 'auto');
  // A pool that is known is found or lost, and never made anew behind the caller's back.
  const owner = create && !isPinned ? options.owner : { ...options.owner, catalog: undefined };
  const modules = await loadModules(options);
  let opened: PoolOwner;
  try {
    const storage = await openerOf(kind, name, wasmUrl).open(
      owner.catalog !== undefined || (create && archive !== undefined),
    );
    if (create && archive !== undefined) await importInto(modules, archive, storage);
    opened = await PoolOwner.open(modules, storage, owner);
  } catch (error) {
    if (isPinned && error instanceof RewardPoolError && error.code === 'not-found') {
      throw lostPool(name, kind);
    }
    throw error;
  }
  // What is imported may take the place of one whose pin is half lost.
  if (!isPinned || (create && archive !== undefined)) {
    // Before anything is acknowledged.
    try {
      await pin(name, kind);
    } catch (error) {
      opened.terminate();
      throw error;
    }
  }
  return opened;
}

async function importInto(
  modules: PoolModules,
  archive: Uint8Array,
  storage: PoolStorage,
): Promise<void> {
  try {
    await importArchive(modules, archive, storage);
  } catch (error) {
    storage.abandon();
    throw error;
  }
}

export async function openPool(options: HostOptions): Promise<PoolPort> {
  if (options.storage === 'memory') {
    const modules = await loadModules(options);
    const storage = await memoryStorageOpener().open(true);
    if (options.archive !== undefined) await importInto(modules, options.archive, storage);
    return new LocalPort(await PoolOwner.open(modules, storage, options.owner));
  }
  return SharedPort.open({
    name: options.name,
    exclusive: options.exclusive || options.archive !== undefined,
    keyRetention: options.owner.keyRetention,
    openOwner: (create) => openOwner(options, create),
  });
}

/** See RewardPool.delete(). */
export async function deletePool(name: string, storage: PinnableKind | 'auto'): Promise<void> {
  const lock = await tryLock(lockNameOf(name));
  if (lock === undefined) {
    throw new RewardPoolError('busy', `the pool ${JSON.stringify(name)} is open`);
  }
  try {
    const { kind } = await chooseKind(name, storage);
    await openerOf(kind, name, undefined).delete();
    await unpin(name);
  } finally {
    lock.release();
  }
}

export async function verify(
  bytes: Uint8Array,
  inspectorUrl: string | undefined,
): Promise<VerifyReport> {
  return verifyArchive(newPoolFiles(inspectorUrl), bytes);
}
