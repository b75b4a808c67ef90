import type { ErrorCode, RewardPoolError as PublicError } from '../types/index.js';

/** The one error class; its public comment is in types/index.d.ts. */
export class RewardPoolError extends Error implements PublicError {
  declare readonly name: 'RewardPoolError';
  readonly code: ErrorCode;
  // Not there, in place of undefined, in errors that have none.
  declare readonly requestId?: bigint;

  constructor(
    code: ErrorCode,
    message: string,
    options: { requestId?: bigint; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.requestId !== undefined) this.requestId = options.requestId;
  }

  // On the prototype, where the first line of a stack is taken from.
  static {
    Object.defineProperty(this.prototype, 'name', { value: 'RewardPoolError' });
  }
}

export function invalidArgument(message: string): RewardPoolError {
  return new RewardPoolError('invalid-argument', message);
}

/** A caller's value, in a message that says what is wrong with it. Never throws. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? 'an array' : 'an object';
  }
  return String(value);
}

/** `error` as it is, if it is one of ours; else wrapped as `'io'`. */
export function asRewardPoolError(error: unknown, what: string): RewardPoolError {
  if (error instanceof RewardPoolError) return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new RewardPoolError('io', `${what}: ${reason}`, { cause: error });
}

/** A module that cannot be fetched, compiled or run here. */
export function cannotBeLoaded(file: string, error: unknown): RewardPoolError {
  const reason = error instanceof Error ? error.message : String(error);
  // Browsers ask for 'unsafe-eval' then, which allows more than is needed.
  const advice = /Content.Security.Policy/i.test(reason)
    ? "; what is needed is script-src 'wasm-unsafe-eval'"
    : '';
  return new RewardPoolError('unsupported', `${file} cannot be loaded: ${reason}${advice}`, {
    cause: error,
  });
}

export function closedError(): RewardPoolError {
  return new RewardPoolError('closed', 'the pool is closed');
}

export function exhaustedError(count: number, requestId: bigint): RewardPoolError {
  const message =
    count === 1
      ? 'no item has both weight and stock'
      : `the pool could not serve all ${count} items`;
  return new RewardPoolError('exhausted', message, { requestId });
}
