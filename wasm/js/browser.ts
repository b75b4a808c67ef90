/** The package's entry in browsers. */
import type {
  CatalogItem,
  Odds,
  OddsOptions,
  OpenOptions,
  Simulation,
  SimulationOptions,
  VerifyReport,
} from '../types/index.js';
import type { HostOptions } from './browserHost.js';
import { invalidArgument, RewardPoolError, shown } from './errors.js';
import { askOddsWorker } from './oddsClient.js';
import { checkOddsRequest, checkSimulationRequest } from './oddsRequest.js';
import { checkArchive, checkName, checkOpenOptions, checkOwnerOptions } from './openOptions.js';
import { absoluteUrl, startWorker } from './places.js';
import { PoolClient } from './poolClient.js';
import type { PoolPort } from './protocol.js';
import { deleteInWorker, verifyInWorker, WorkerPort } from './workerPort.js';

export { RewardPoolError } from './errors.js';

const SEGMENT_BYTES_DEFAULT = 4 * 1024 * 1024;

/**
 * What owns pools, and all that is behind it. A page whose pools live in workers
 * never asks for it, and is there sooner.
 */
function loadHost(): Promise<typeof import('./browserHost.js')> {
  return import('./browserHost.js');
}

/** A worker may own a pool itself; a page would be held up by it. */
function inWorker(): boolean {
  return typeof DedicatedWorkerGlobalScope !== 'undefined';
}

function startPoolWorker(options: Pick<OpenOptions, 'workerUrl'>): Worker {
  const workerUrl = absoluteUrl(options.workerUrl, 'workerUrl');
  const start = (): Worker =>
    workerUrl === undefined
      ? new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'rewardpool' })
      : new Worker(workerUrl, { type: 'module', name: 'rewardpool' });
  return startWorker(start, 'worker.js', 'workerUrl');
}

type BrowserStorage = HostOptions['storage'];

function checkStorage(storage: OpenOptions['storage'] = 'auto'): BrowserStorage {
  switch (storage) {
    case 'auto':
    case 'opfs':
    case 'indexeddb':
    case 'memory':
      return storage;
    case 'node':
      throw new RewardPoolError('unsupported', "storage 'node' is for Node");
    default:
      throw invalidArgument(
        `storage is ${shown(storage)}: there are 'auto', 'opfs', 'indexeddb' and 'memory'`,
      );
  }
}

/** Undefined where nobody can be asked. */
async function askToPersist(): Promise<boolean | undefined> {
  // Only pages may ask.
  if (inWorker() || typeof navigator.storage?.persist !== 'function') return undefined;
  return navigator.storage.persist().catch(() => false);
}

async function openInBrowser(options: OpenOptions, archive?: Uint8Array): Promise<RewardPool> {
  checkOpenOptions(options);
  const storage = checkStorage(options.storage);
  const owner = checkOwnerOptions(options, SEGMENT_BYTES_DEFAULT);
  if (archive !== undefined) owner.catalog = undefined;
  const host: HostOptions = {
    name: storage === 'memory' ? '' : checkName(options.name),
    storage,
    exclusive: options.tabs === 'exclusive',
    owner,
    archive,
    wasmUrl: absoluteUrl(options.wasmUrl, 'wasmUrl'),
    inspectorUrl: absoluteUrl(options.inspectorUrl, 'inspectorUrl'),
  };
  const persisted =
    storage === 'memory' || options.persist === false ? undefined : await askToPersist();
  const port: PoolPort =
    storage === 'memory' || inWorker()
      ? await (await loadHost()).openPool(host)
      : await WorkerPort.open(startPoolWorker(options), host);
  return new RewardPool(port, persisted);
}

export class RewardPool extends PoolClient {
  // What people see who print a pool; the build makes one letter of the class's own.
  static override readonly name = 'RewardPool';

  static async open(options: OpenOptions = {}): Promise<RewardPool> {
    return openInBrowser(options);
  }

  static async import(bytes: Uint8Array, options: OpenOptions = {}): Promise<RewardPool> {
    checkArchive(bytes);
    return openInBrowser(options, bytes);
  }

  static async verify(
    bytes: Uint8Array,
    options: Pick<OpenOptions, 'inspectorUrl' | 'workerUrl'> = {},
  ): Promise<VerifyReport> {
    checkArchive(bytes);
    checkOpenOptions(options);
    const inspectorUrl = absoluteUrl(options.inspectorUrl, 'inspectorUrl');
    return inWorker()
      ? (await loadHost()).verify(bytes, inspectorUrl)
      : verifyInWorker(startPoolWorker(options), bytes, inspectorUrl);
  }

  static async delete(
    options: Pick<OpenOptions, 'name' | 'storage' | 'dir' | 'workerUrl'>,
  ): Promise<void> {
    checkOpenOptions(options);
    const name = checkName(options.name);
    const storage = checkStorage(options.storage);
    if (storage === 'memory') return;
    await (inWorker()
      ? (await loadHost()).deletePool(name, storage)
      : deleteInWorker(startPoolWorker(options), name, storage));
  }

  static async odds(catalog: Iterable<CatalogItem>, options: OddsOptions = {}): Promise<Odds> {
    return askOddsWorker(checkOddsRequest(catalog, options), options);
  }

  static async simulate(
    catalog: Iterable<CatalogItem>,
    options: SimulationOptions,
  ): Promise<Simulation> {
    return askOddsWorker(checkSimulationRequest(catalog, options), options, options);
  }

  async odds(options?: OddsOptions): Promise<Odds> {
    return RewardPool.odds((await this.state()).items, options);
  }

  async simulate(options: SimulationOptions): Promise<Simulation> {
    return RewardPool.simulate((await this.state()).items, options);
  }
}
