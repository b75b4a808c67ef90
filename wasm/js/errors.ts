import type { ErrorCode, RewardPoolError as PublicError } from '../types/index.js';

/** The one error class; its public comment is in types/index.d.ts. */
export class RewardPoolError extends Error implements PublicError {
  override readonly name = 'RewardPoolError';
  readonly code: ErrorCode;
  readonly requestId?: bigint;

  constructor(
    code: ErrorCode,
    message: string,
    options: { requestId?: bigint; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.requestId !== undefined) this.requestId = options.requestId;
  }
}

/** `error` as it is, if it is one of ours; else wrapped as `'io'`. */
export function asRewardPoolError(error: unknown, what: string): RewardPoolError {
  if (error instanceof RewardPoolError) return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new RewardPoolError('io', `${what}: ${reason}`, { cause: error });
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
