/** A page's way to its odds: a worker that the first request starts, and that is kept. */
import type { Odds, OddsLocation, Simulation, SimulationOptions } from '../types/index.js';
import { RewardPoolError } from './errors.js';
import type { OddsRequest, SimulationRequest } from './oddsRequest.js';
import type { FromOddsWorker, ToOddsWorker } from './oddsWorker.js';
import { absoluteUrl, startWorker, workerNotStarted } from './places.js';
import { fromErrorWords } from './protocol.js';

interface OddsWorker {
  worker: Worker;
  /** Requests under way. */
  rejects: Set<(error: RewardPoolError) => void>;
}

const workers = new Map<string, OddsWorker>();

function startOddsWorker(oddsWorkerUrl: string | undefined): Worker {
  const options = { type: 'module', name: 'rewardpool odds' } as const;
  const start = (): Worker =>
    oddsWorkerUrl === undefined
      ? new Worker(new URL('./oddsWorker.js', import.meta.url), {
          type: 'module',
          name: 'rewardpool odds',
        })
      : new Worker(oddsWorkerUrl, options);
  return startWorker(start, 'oddsWorker.js', 'oddsWorkerUrl');
}

function workerAt(oddsWorkerUrl: string | undefined): OddsWorker {
  const place = oddsWorkerUrl ?? '';
  let found = workers.get(place);
  if (found === undefined) {
    const made: OddsWorker = { worker: startOddsWorker(oddsWorkerUrl), rejects: new Set() };
    made.worker.onerror = (event) => {
      workers.delete(place);
      made.worker.terminate();
      // Without a message the script itself did not load.
      const error = event.message
        ? new RewardPoolError('unsupported', `the worker of the odds has failed: ${event.message}`)
        : workerNotStarted('oddsWorker.js', 'oddsWorkerUrl');
      for (const reject of made.rejects) reject(error);
    };
    workers.set(place, made);
    found = made;
  }
  return found;
}

/** See RewardPool.odds() and RewardPool.simulate(). */
export async function askOddsWorker<Answer extends Odds | Simulation>(
  request: OddsRequest | SimulationRequest,
  location: OddsLocation,
  { onProgress, signal }: Pick<SimulationOptions, 'onProgress' | 'signal'> = {},
): Promise<Answer> {
  signal?.throwIfAborted();
  const oddsWasmUrl = absoluteUrl(location.oddsWasmUrl, 'oddsWasmUrl');
  const { worker, rejects } = workerAt(absoluteUrl(location.oddsWorkerUrl, 'oddsWorkerUrl'));
  const { port1, port2 } = new MessageChannel();
  return new Promise<Answer>((resolve, reject) => {
    const onAbort = (): void => {
      port1.postMessage('end');
      end();
      reject(signal!.reason as Error);
    };
    const onWorkerError = (error: RewardPoolError): void => {
      end();
      reject(error);
    };
    const end = (): void => {
      rejects.delete(onWorkerError);
      signal?.removeEventListener('abort', onAbort);
      port1.onmessage = null;
    };
    port1.onmessage = ({ data }: MessageEvent<FromOddsWorker>) => {
      if ('progress' in data) {
        onProgress?.(data.progress);
        return;
      }
      end();
      if ('error' in data) reject(fromErrorWords(data.error));
      // The answer's type follows from the request's kind.
      else resolve(data.reply as Answer);
    };
    rejects.add(onWorkerError);
    signal?.addEventListener('abort', onAbort);
    const message: ToOddsWorker = { request, oddsWasmUrl };
    worker.postMessage(message, [port2]);
  });
}
