/**
 * Bands around exact expectations: numbers of units that one item comes to in all
 * but few runs. They are read off the exact distribution, stock that leaves
 * included, so they are no approximation; since numbers are whole, they miss
 * less often than they may rather than more often.
 */
import type { CountOdds } from 'rewardpool';

export interface Band {
  /** The least and the most units that are within. */
  readonly low: number;
  readonly high: number;
}

/** The narrowest band that the count falls below, and above, with at most `missMax` / 2 each. */
export function bandOf({ firstCount, atLeast }: CountOdds, missMax: number): Band {
  const tail = missMax / 2;
  let low = 0;
  // P(count < firstCount + low) = 1 - atLeast[low].
  while (low + 1 < atLeast.length && 1 - atLeast[low + 1]! <= tail) ++low;
  let high = atLeast.length - 1;
  // P(count > firstCount + high) = atLeast[high + 1].
  while (high > low && atLeast[high]! <= tail) --high;
  return { low: firstCount + low, high: firstCount + high };
}

/** How much each of `items` bands may miss so that all of them together miss at most `missMax` (Bonferroni). */
export function shareOfMisses(missMax: number, items: number): number {
  return missMax / Math.max(items, 1);
}

/** P(count <= most) and P(count >= most) of a distribution. */
export function tailsAt(
  { firstCount, atLeast }: CountOdds,
  count: number,
): { atMost: number; atLeast: number } {
  const at = (units: number): number => {
    if (units <= firstCount) return 1;
    return atLeast[units - firstCount] ?? 0;
  };
  return { atMost: 1 - at(count + 1), atLeast: at(count) };
}
