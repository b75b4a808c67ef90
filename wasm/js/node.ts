/** The package's entry in Node. */
import { readFile } from 'node:fs/promises';

import type {
  CatalogItem,
  Odds,
  OddsOptions,
  OpenOptions,
  Simulation,
  SimulationOptions,
  VerifyReport,
} from '../types/index.js';
import createCore from 'rewardpool-core';
import { makeCore } from './coreLoader.js';
import type { PoolModules } from './coreModule.js';
import { invalidArgument, RewardPoolError, shown } from './errors.js';
import { importArchive, verifyArchive } from './importPool.js';
import { LocalPort } from './localPort.js';
import { simulate, workOutOdds } from './oddsModule.js';
import { checkOddsRequest, checkSimulationRequest } from './oddsRequest.js';
import { checkArchive, checkOpenOptions, checkOwnerOptions } from './openOptions.js';
import { PoolClient } from './poolClient.js';
import { PoolFiles } from './poolFiles.js';
import { PoolOwner } from './poolOwner.js';
import { memoryStorageOpener } from './storage/memoryStorage.js';
import { nodeStorageOpener } from './storage/nodeStorage.js';
import type { StorageOpener } from './storage/poolStorage.js';

export { RewardPoolError } from './errors.js';

const SEGMENT_BYTES_DEFAULT = 16 * 1024 * 1024;

const compiledModules = new Map<string, Promise<WebAssembly.Module>>();

function compile(url: URL): Promise<WebAssembly.Module> {
  let compiled = compiledModules.get(url.href);
  if (compiled === undefined) {
    compiled = readFile(url).then((bytes) => WebAssembly.compile(bytes));
    compiledModules.set(url.href, compiled);
    compiled.catch(() => compiledModules.delete(url.href));
  }
  return compiled;
}

/** Of a file beside this one, or where `option` says. */
function urlOf(file: string, told: string | URL | undefined, option: string): URL {
  try {
    return new URL(told ?? file, import.meta.url);
  } catch {
    throw invalidArgument(`${option} is ${shown(told)}: not a URL`);
  }
}

function inspectorAt(inspectorUrl: string | URL | undefined): URL {
  return urlOf('./inspector.wasm', inspectorUrl, 'inspectorUrl');
}

function compileOdds(oddsWasmUrl: string | URL | undefined): Promise<WebAssembly.Module> {
  return compile(urlOf('./odds.wasm', oddsWasmUrl, 'oddsWasmUrl'));
}

async function loadModules({ wasmUrl, inspectorUrl }: OpenOptions): Promise<PoolModules> {
  const inspector = inspectorAt(inspectorUrl);
  return {
    core: await makeCore(createCore, compile(urlOf('./rewardpool.wasm', wasmUrl, 'wasmUrl'))),
    newPoolFiles: () => PoolFiles.make(compile(inspector)),
  };
}

function chooseStorage({ storage = 'auto', dir }: OpenOptions): StorageOpener {
  const kind = storage === 'auto' ? (dir === undefined ? 'memory' : 'node') : storage;
  switch (kind) {
    case 'memory':
      return memoryStorageOpener();
    case 'node':
      if (typeof dir !== 'string' || dir === '' || dir.includes('\0')) {
        throw invalidArgument(`dir is ${shown(dir)}: storage 'node' needs the path of a folder`);
      }
      return nodeStorageOpener(dir);
    case 'opfs':
    case 'indexeddb':
      throw new RewardPoolError('unsupported', `storage '${kind}' is for browsers`);
    default:
      throw invalidArgument(
        `storage is ${shown(kind)}: there are 'auto', 'node', 'memory' and, in browsers, 'opfs' and 'indexeddb'`,
      );
  }
}

async function openPool(options: OpenOptions, archive?: Uint8Array): Promise<RewardPool> {
  checkOpenOptions(options);
  const opener = chooseStorage(options);
  const ownerOptions = checkOwnerOptions(options, SEGMENT_BYTES_DEFAULT);
  if (archive !== undefined) ownerOptions.catalog = undefined;
  const modules = await loadModules(options);
  const storage = await opener.open(ownerOptions.catalog !== undefined || archive !== undefined);
  if (archive !== undefined) {
    try {
      await importArchive(modules, archive, storage);
    } catch (error) {
      storage.abandon();
      throw error;
    }
  }
  return new RewardPool(new LocalPort(await PoolOwner.open(modules, storage, ownerOptions)));
}

export class RewardPool extends PoolClient {
  // What people see who print a pool; the build makes one letter of the class's own.
  static override readonly name = 'RewardPool';

  static async open(options: OpenOptions = {}): Promise<RewardPool> {
    return openPool(options);
  }

  static async import(bytes: Uint8Array, options: OpenOptions = {}): Promise<RewardPool> {
    checkArchive(bytes);
    return openPool(options, bytes);
  }

  static async verify(
    bytes: Uint8Array,
    options: Pick<OpenOptions, 'inspectorUrl'> = {},
  ): Promise<VerifyReport> {
    checkArchive(bytes);
    checkOpenOptions(options);
    return verifyArchive(PoolFiles.make(compile(inspectorAt(options.inspectorUrl))), bytes);
  }

  static async delete(options: Pick<OpenOptions, 'name' | 'storage' | 'dir'>): Promise<void> {
    checkOpenOptions(options);
    // Without a folder nothing is told of what is to be deleted.
    const { storage = 'auto' } = options;
    return chooseStorage({ ...options, storage: storage === 'auto' ? 'node' : storage }).delete();
  }

  static async odds(catalog: Iterable<CatalogItem>, options: OddsOptions = {}): Promise<Odds> {
    const request = checkOddsRequest(catalog, options);
    return workOutOdds(compileOdds(options.oddsWasmUrl), request);
  }

  static async simulate(
    catalog: Iterable<CatalogItem>,
    options: SimulationOptions,
  ): Promise<Simulation> {
    const request = checkSimulationRequest(catalog, options);
    const { onProgress, signal } = options;
    return simulate(compileOdds(options.oddsWasmUrl), request, {
      onProgress: (progress) => onProgress?.(progress),
      throwIfEnded: () => signal?.throwIfAborted(),
    });
  }

  async odds(options?: OddsOptions): Promise<Odds> {
    return RewardPool.odds((await this.state()).items, options);
  }

  async simulate(options: SimulationOptions): Promise<Simulation> {
    return RewardPool.simulate((await this.state()).items, options);
  }
}
