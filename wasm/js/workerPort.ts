import type { OpeningReport, VerifyReport } from '../types/index.js';
import type { HostOptions } from './browserHost.js';
import { closedError, RewardPoolError } from './errors.js';
import type { PinnableKind } from './pinnedStore.js';
import { workerNotStarted } from './places.js';
import { fromErrorWords, type AnswerOf, type Kind, type PoolPort, type Request, type RequestOf } from './protocol.js';
import type { Command, FromWorker, Reply, ToWorker } from './workerProtocol.js';

interface Pending {
  resolve(reply: Reply): void;
  reject(error: RewardPoolError): void;
}

/** A page's line to a worker of its own. */
class WorkerLine {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #failure: RewardPoolError | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      const pending = this.#pending.get(data.id);
      this.#pending.delete(data.id);
      if ('error' in data) {
        pending?.reject(fromErrorWords(data.error));
      } else {
        pending?.resolve(data.reply);
      }
    };
    worker.onerror = (event) => {
      // Without a message the script itself did not load.
      const failure = event.message
        ? new RewardPoolError('outcome-unknown', `the pool's worker has failed: ${event.message}`)
        : workerNotStarted('worker.js', 'workerUrl');
      this.end(failure);
    };
  }

  call(command: Command, transfer: Transferable[] = []): Promise<Reply> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#pending.set(id, { resolve, reject });
      const message: ToWorker = { id, ...command };
      this.#worker.postMessage(message, transfer);
    });
  }

  /** Ends the worker; what is under way, and what comes later, rejects with `failure`. */
  end(failure: RewardPoolError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(failure);
    this.#pending.clear();
  }
}

/** The way to a pool that lives in a worker. */
export class WorkerPort implements PoolPort {
  readonly opening: OpeningReport;
  readonly #line: WorkerLine;

  /** Opens the pool in `worker`, which it owns from then on. */
  static async open(worker: Worker, options: HostOptions): Promise<WorkerPort> {
    const line = new WorkerLine(worker);
    try {
      const opening = await line.call({ command: 'open', options });
      return new WorkerPort(line, opening as OpeningReport);
    } catch (error) {
      line.end(closedError());
      throw error;
    }
  }

  private constructor(line: WorkerLine, opening: OpeningReport) {
    this.#line = line;
    this.opening = opening;
  }

  submit<K extends Kind>(request: RequestOf<K>): Promise<AnswerOf<K>> {
    // The answer's type follows from the request's kind.
    return this.#line.call({ command: 'request', request: request as Request }) as Promise<AnswerOf<K>>;
  }

  async close(): Promise<void> {
    try {
      await this.#line.call({ command: 'close' });
    } finally {
      this.#line.end(closedError());
    }
  }

  terminate(): void {
    this.#line.end(new RewardPoolError('outcome-unknown', 'the pool was terminated'));
  }
}

/** See RewardPool.delete(). */
export async function deleteInWorker(
  worker: Worker,
  name: string,
  storage: PinnableKind | 'auto',
): Promise<void> {
  const line = new WorkerLine(worker);
  try {
    await line.call({ command: 'delete', name, storage });
  } finally {
    line.end(closedError());
  }
}

/** See RewardPool.verify(). */
export async function verifyInWorker(
  worker: Worker,
  bytes: Uint8Array,
  inspectorUrl: string | undefined,
): Promise<VerifyReport> {
  const line = new WorkerLine(worker);
  try {
    return (await line.call({ command: 'verify', bytes, inspectorUrl })) as VerifyReport;
  } finally {
    line.end(closedError());
  }
}
