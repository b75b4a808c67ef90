/**
 * One pool in many tabs. An exclusive Web Lock picks the leader, which owns the
 * pool; the others, followers, send their requests to it over BroadcastChannels.
 * Every follower waits in the lock's queue, so that when the leader goes, however
 * it goes, the next one opens the pool, recovers it, and announces itself.
 *
 * Followers then send again what was not answered. Draws carry keys, so one that
 * the old leader had logged returns its recorded outcome in place of a second
 * draw. Changes of the catalog cannot be told from new ones, nor draws that are more
 * than the keys that the pool remembers; those that were sent and not answered
 * reject with 'outcome-unknown'.
 *
 * Channels: one of the pool's, for 'hello' (follower: here I am) and 'leader'
 * (leader: here I am); one for each follower, named by its id, for everything
 * else. A follower holds a lock of that name too, which tells the leader when it
 * is gone. Nothing here needs a timer.
 */
import type { OpeningReport } from '../types/index.js';
import { asRewardPoolError, closedError, RewardPoolError } from './errors.js';
import type { OwnerSession, PoolOwner } from './poolOwner.js';
import {
  fromErrorWords,
  RESERVED_KEY_PREFIX,
  toErrorWords,
  type Answer,
  type AnswerOf,
  type ErrorWords,
  type Kind,
  type PoolPort,
  type Request,
  type RequestOf,
} from './protocol.js';
import { randomId } from './randomId.js';
import { tryLock, waitForLock, type HeldLock } from './webLock.js';

type PoolMessage =
  | { kind: 'hello'; follower: string }
  | { kind: 'leader'; epoch: string };

type ToLeader = { id: number; request: Request };

type ToFollower =
  | { kind: 'welcome'; epoch: string; opening: OpeningReport }
  | { kind: 'answer'; id: number; answer: Answer }
  | { kind: 'error'; id: number; error: ErrorWords }
  /** The leader is closing and has not taken the request on. */
  | { kind: 'not-taken'; id: number };

/** A request of this tab's that has no answer yet. */
interface Pending {
  request: Request;
  /** Some leader may have carried it out. */
  sent: boolean;
  resolve(answer: Answer): void;
  reject(error: RewardPoolError): void;
}

export interface SharedPoolOptions {
  /** Names locks and channels. */
  name: string;
  /** Refuse as 'busy' in place of following. */
  exclusive: boolean;
  /** How many keys of draws the pool remembers. */
  keyRetention: number;
  /** Opens the pool; makes it only if `create`. The caller has the lock. */
  openOwner(create: boolean): Promise<PoolOwner>;
}

export class SharedPort implements PoolPort {
  readonly #options: SharedPoolOptions;
  readonly #scope: string;
  readonly #id = randomId();
  #opening: OpeningReport | undefined;
  #failure: RewardPoolError | undefined;
  #closed: Promise<void> | undefined;

  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #nextKey = 0;
  #drained: (() => void) | undefined;

  #poolChannel: BroadcastChannel | undefined;

  // As a follower.
  #ownChannel: BroadcastChannel | undefined;
  #presence: HeldLock | undefined;
  #leaderEpoch: string | undefined;
  readonly #queueing = new AbortController();

  // As the leader, or on the way there.
  #leading: Promise<void> | undefined;
  #lock: HeldLock | undefined;
  #owner: PoolOwner | undefined;
  #session: OwnerSession | undefined;
  readonly #followers = new Map<string, { channel: BroadcastChannel; session: OwnerSession }>();

  /** Resolves when this tab leads, or a leader has welcomed it. */
  static async open(options: SharedPoolOptions): Promise<SharedPort> {
    const port = new SharedPort(options);
    const lock = await tryLock(port.#scope);
    if (lock !== undefined) {
      await port.#lead(lock);
    } else if (options.exclusive) {
      throw new RewardPoolError('busy', `the pool ${JSON.stringify(options.name)} is open already`);
    } else {
      await port.#follow();
    }
    return port;
  }

  private constructor(options: SharedPoolOptions) {
    this.#options = options;
    this.#scope = lockNameOf(options.name);
  }

  get opening(): OpeningReport {
    return this.#opening!;
  }

  submit<K extends Kind>(request: RequestOf<K>): Promise<AnswerOf<K>> {
    if (this.#closed !== undefined) return Promise.reject(closedError());
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#session !== undefined) return this.#session.submit(request);
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        request: this.#repeatable(request as Request),
        sent: false,
        // The answer's type follows from the request's kind.
        resolve: resolve as Pending['resolve'],
        reject,
      };
      const id = this.#nextId++;
      this.#pending.set(id, pending);
      if (this.#leaderEpoch !== undefined) this.#send(id, pending);
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  terminate(): void {
    this.#closed ??= Promise.resolve();
    this.#owner?.terminate();
    this.#failPending(new RewardPoolError('outcome-unknown', 'the pool was terminated'));
    this.#letGo();
  }

  async #close(): Promise<void> {
    try {
      // As a follower: what was submitted is carried out by whoever leads.
      if (this.#pending.size > 0) {
        await new Promise<void>((resolve) => {
          this.#drained = resolve;
        });
      }
      // The lock may just have come, and the pool be opening.
      await this.#leading?.catch(() => undefined);
      await this.#owner?.close();
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      this.#letGo();
    }
  }

  #letGo(): void {
    this.#queueing.abort();
    this.#poolChannel?.close();
    this.#ownChannel?.close();
    this.#presence?.release();
    for (const { channel, session } of this.#followers.values()) {
      session.end();
      channel.close();
    }
    this.#followers.clear();
    this.#session?.end();
    this.#lock?.release();
  }

  // --- Leading ------------------------------------------------------------------

  async #lead(lock: HeldLock): Promise<void> {
    let owner: PoolOwner;
    try {
      // Who has been welcomed once knows that there was a pool.
      owner = await this.#options.openOwner(this.#opening === undefined);
    } catch (error) {
      lock.release();
      throw asRewardPoolError(error, 'opening the pool');
    }
    if (this.#queueing.signal.aborted) {
      // Terminated meanwhile.
      owner.terminate();
      lock.release();
      throw closedError();
    }
    this.#lock = lock;
    this.#owner = owner;
    this.#owner.onFailure = (failure) => this.#onOwnerFailed(failure);
    this.#session = this.#owner.connect();
    this.#opening ??= { ...this.#owner.opening, role: 'leader' };
    this.#poolChannel ??= new BroadcastChannel(this.#scope);
    this.#poolChannel.onmessage = ({ data }: MessageEvent<PoolMessage>) => {
      if (data.kind === 'hello') this.#welcome(data.follower);
    };
    this.#announce({ kind: 'leader', epoch: this.#owner.epoch });
  }

  #announce(message: PoolMessage): void {
    this.#poolChannel!.postMessage(message);
  }

  #welcome(follower: string): void {
    const owner = this.#owner!;
    let known = this.#followers.get(follower);
    if (known === undefined) {
      known = { channel: new BroadcastChannel(this.#channelOf(follower)), session: owner.connect() };
      this.#followers.set(follower, known);
      const { channel, session } = known;
      channel.onmessage = ({ data }: MessageEvent<ToLeader>) => {
        void this.#serve(channel, session, data);
      };
      void this.#forgetWhenGone(follower);
    }
    const welcome: ToFollower = {
      kind: 'welcome',
      epoch: owner.epoch,
      opening: { ...owner.opening, created: false, role: 'follower' },
    };
    known.channel.postMessage(welcome);
  }

  async #serve(
    channel: BroadcastChannel,
    session: OwnerSession,
    { id, request }: ToLeader,
  ): Promise<void> {
    let message: ToFollower;
    try {
      message = { kind: 'answer', id, answer: await session.submit(request as RequestOf<Kind>) };
    } catch (error) {
      const words = toErrorWords(error);
      message =
        words.code === 'closed' ? { kind: 'not-taken', id } : { kind: 'error', id, error: words };
    }
    try {
      channel.postMessage(message);
    } catch {
      // Closed meanwhile: the follower is gone, or asks the next leader.
    }
  }

  async #forgetWhenGone(follower: string): Promise<void> {
    const lock = await waitForLock(this.#channelOf(follower), this.#queueing.signal).catch(
      () => undefined,
    );
    if (lock === undefined) return;
    lock.release();
    const known = this.#followers.get(follower);
    known?.session.end();
    known?.channel.close();
    this.#followers.delete(follower);
  }

  /** Another tab may recover the pool; this one has to open it again. */
  #onOwnerFailed(failure: RewardPoolError): void {
    this.#failure = failure;
    const owner = this.#owner!;
    // After the answers that the failure causes.
    queueMicrotask(() => {
      owner.terminate();
      if (this.#closed === undefined) this.#letGo();
    });
  }

  // --- Following ----------------------------------------------------------------

  async #follow(): Promise<void> {
    this.#presence = await waitForLock(this.#channelOf(this.#id));
    this.#ownChannel = new BroadcastChannel(this.#channelOf(this.#id));
    this.#poolChannel = new BroadcastChannel(this.#scope);
    return new Promise((resolve, reject) => {
      this.#ownChannel!.onmessage = ({ data }: MessageEvent<ToFollower>) => {
        if (data.kind === 'welcome') {
          this.#opening ??= data.opening;
          this.#onWelcome(data.epoch);
          resolve();
        } else {
          this.#receive(data);
        }
      };
      this.#poolChannel!.onmessage = ({ data }: MessageEvent<PoolMessage>) => {
        if (data.kind === 'leader') this.#announce({ kind: 'hello', follower: this.#id });
      };
      this.#announce({ kind: 'hello', follower: this.#id });
      this.#takeOverWhenFree().then(resolve, reject);
    });
  }

  async #takeOverWhenFree(): Promise<void> {
    let lock: HeldLock;
    try {
      lock = await waitForLock(this.#scope, this.#queueing.signal);
    } catch (error) {
      // Closed while waiting.
      if (this.#queueing.signal.aborted) return;
      throw asRewardPoolError(error, 'waiting for the pool');
    }
    if (this.#queueing.signal.aborted) {
      lock.release();
      return;
    }
    const wasWelcomed = this.#opening !== undefined;
    this.#leaderEpoch = undefined;
    try {
      this.#leading = this.#lead(lock);
      await this.#leading;
    } catch (error) {
      let failure = asRewardPoolError(error, 'taking over the pool');
      if (wasWelcomed && failure.code === 'not-found') {
        failure = new RewardPoolError('store-lost', 'the pool was removed while it was open');
      }
      this.#failure = failure;
      this.#failPending(failure);
      this.#letGo();
      if (!wasWelcomed) throw failure;
      return;
    }
    const session = this.#session!;
    for (const [id, pending] of this.#unanswered()) {
      session.submit(pending.request as RequestOf<Kind>).then(
        (answer) => this.#settle(id, () => pending.resolve(answer)),
        (error: unknown) =>
          this.#settle(id, () => pending.reject(asRewardPoolError(error, 'asking the pool'))),
      );
    }
  }

  #onWelcome(epoch: string): void {
    if (epoch === this.#leaderEpoch || this.#owner !== undefined) return;
    this.#leaderEpoch = epoch;
    for (const [id, pending] of this.#unanswered()) this.#send(id, pending);
  }

  /** What the next leader is to be asked; what it must not be asked again is rejected. */
  #unanswered(): [number, Pending][] {
    // Of this tab's draws that came after, and may have made the pool forget a key.
    let keys = 0;
    for (const [id, pending] of [...this.#pending].reverse()) {
      keys += keyCountOf(pending.request);
      const isForgotten = keyCountOf(pending.request) > 0 && keys > this.#options.keyRetention;
      if (pending.sent && (isForgotten || !isRepeatable(pending.request))) {
        const failure = new RewardPoolError(
          'outcome-unknown',
          'the tab that had the pool went before it answered; see state()',
        );
        this.#settle(id, () => pending.reject(failure));
      }
    }
    return [...this.#pending];
  }

  #send(id: number, pending: Pending): void {
    pending.sent = true;
    const message: ToLeader = { id, request: pending.request };
    this.#ownChannel!.postMessage(message);
  }

  #receive(message: Exclude<ToFollower, { kind: 'welcome' }>): void {
    const pending = this.#pending.get(message.id);
    // Answered by an earlier leader too.
    if (pending === undefined) return;
    switch (message.kind) {
      case 'answer':
        this.#settle(message.id, () => pending.resolve(asFollower(pending.request, message.answer)));
        break;
      case 'error':
        this.#settle(message.id, () => pending.reject(fromErrorWords(message.error)));
        break;
      case 'not-taken':
        pending.sent = false;
        break;
    }
  }

  #settle(id: number, settle: () => void): void {
    this.#pending.delete(id);
    settle();
    if (this.#pending.size === 0) this.#drained?.();
  }

  #failPending(failure: RewardPoolError): void {
    for (const [id, pending] of [...this.#pending]) {
      this.#settle(id, () => pending.reject(failure));
    }
  }

  /** The same request in a form that may be sent twice. */
  #repeatable(request: Request): Request {
    const keyPrefix = `${RESERVED_KEY_PREFIX}${this.#id}:`;
    if (request.kind === 'draw-each') {
      const firstKey = this.#nextKey;
      this.#nextKey += request.count;
      return { ...request, keyPrefix, firstKey };
    }
    if (request.kind === 'draw' && request.key === '') {
      return { ...request, key: keyPrefix + String(this.#nextKey++) };
    }
    return request;
  }

  #channelOf(follower: string): string {
    return `${this.#scope}:${follower}`;
  }
}

/** The lock that a pool's leader holds. */
export function lockNameOf(name: string): string {
  return `rewardpool:${name}`;
}

function isRepeatable({ kind }: Request): boolean {
  return kind !== 'add' && kind !== 'update' && kind !== 'remove';
}

function keyCountOf(request: Request): number {
  if (request.kind === 'draw-each') return request.count;
  return request.kind === 'draw' ? 1 : 0;
}

function asFollower(request: Request, answer: Answer): Answer {
  return request.kind === 'stats' ? { ...(answer as AnswerOf<'stats'>), role: 'follower' } : answer;
}
