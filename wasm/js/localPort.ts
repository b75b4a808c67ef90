import type { OpeningReport } from '../types/index.js';
import type { OwnerSession, PoolOwner } from './poolOwner.js';
import type { AnswerOf, Kind, PoolPort, RequestOf } from './protocol.js';

/** The way to an owner in the same thread. */
export class LocalPort implements PoolPort {
  readonly opening: OpeningReport;
  readonly #owner: PoolOwner;
  readonly #session: OwnerSession;

  constructor(owner: PoolOwner) {
    this.#owner = owner;
    this.#session = owner.connect();
    this.opening = { ...owner.opening, role: 'leader' };
  }

  submit<K extends Kind>(request: RequestOf<K>): Promise<AnswerOf<K>> {
    return this.#session.submit(request);
  }

  close(): Promise<void> {
    return this.#owner.close().finally(() => this.#session.end());
  }

  terminate(): void {
    this.#owner.terminate();
    this.#session.end();
  }
}
