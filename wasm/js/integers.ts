import type { Integer, Quantity } from '../types/index.js';
import { invalidArgument, shown } from './errors.js';

const MAX_63_BITS = (1n << 63n) - 1n;
const MAX_64_BITS = (1n << 64n) - 1n;
/** How far odds look ahead: kOddsDrawsMax (core/include/rewardpool/odds.h). */
const ODDS_DRAWS_MAX = 1_000_000_000_000n;

function toExact(value: unknown, what: string, max: bigint, instead = ''): bigint {
  let exact: bigint;
  if (typeof value === 'bigint') {
    exact = value;
  } else if (typeof value === 'number' && Number.isSafeInteger(value)) {
    exact = BigInt(value);
  } else {
    const problem =
      typeof value === 'number' && Number.isInteger(value)
        ? 'too large for a number, use a bigint'
        : `not an exact integer${instead}`;
    throw invalidArgument(`${what} is ${shown(value)}: ${problem}`);
  }
  if (exact < 0n || exact > max) {
    throw invalidArgument(`${what} is ${exact}: allowed is 0 to ${max}${instead}`);
  }
  return exact;
}

export function toWeight(value: unknown, what: string): bigint {
  return toExact(value, what, MAX_63_BITS);
}

/** Null: unlimited. */
export function toQuantity(value: unknown, what: string): bigint | null {
  return value === 'unlimited' ? null : toExact(value, what, MAX_63_BITS, " or 'unlimited'");
}

export function toSeed(value: unknown, what: string): bigint {
  return toExact(value, what, MAX_64_BITS);
}

export function toDraws(value: unknown, what: string): bigint {
  return toExact(value, what, ODDS_DRAWS_MAX);
}

export function toRequestId(value: unknown, what: string): bigint {
  return toExact(value, what, MAX_64_BITS);
}

/** A whole number from `min` to `max`. */
export function toCount(value: unknown, what: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw invalidArgument(
      `${what} is ${shown(value)}: allowed is a whole number from ${min} to ${max}`,
    );
  }
  return value;
}

/** Decimal digits as the public API gives integers. */
export function fromDigits(digits: string): Integer {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : BigInt(digits);
}

export function quantityFromDigits(digits: string): Quantity {
  return digits === 'unlimited' ? 'unlimited' : fromDigits(digits);
}
