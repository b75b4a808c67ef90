import type { Item, PoolConfig } from './poolConfig.js';

export interface Preset {
  readonly id: string;
  readonly title: string;
  /** What there is to see in it. */
  readonly point: string;
  readonly items: readonly Item[];
}

function item(itemId: string, weight: number, quantity: number | 'unlimited'): Item {
  return {
    itemId,
    weight: BigInt(weight),
    quantity: quantity === 'unlimited' ? quantity : BigInt(quantity),
  };
}

export const PRESETS: readonly Preset[] = [
  {
    id: 'wheel',
    title: 'Prize wheel',
    point: 'Few big prizes, and one that never runs out.',
    items: [
      item('trip', 20, 3),
      item('gold', 1_980, 5_000),
      item('silver', 48_000, 200_000),
      item('sticker', 250_000, 1_000_000),
      item('thanks', 700_000, 'unlimited'),
    ],
  },
  {
    id: 'banner',
    title: 'Banner of a game',
    point: 'Nothing runs out: the odds stay as they are.',
    items: [
      item('five stars', 6, 'unlimited'),
      item('four stars', 51, 'unlimited'),
      item('three stars', 943, 'unlimited'),
    ],
  },
  {
    id: 'raffle',
    title: 'Raffle drum',
    point: 'Every ticket is drawn once: each draw changes the odds of the next.',
    items: [
      item('first prize', 1, 1),
      item('second prize', 1, 5),
      item('third prize', 1, 44),
      item('blank', 1, 450),
    ],
  },
  {
    id: 'chest',
    title: 'Chest with last copies',
    point: 'The rare ones have little stock, and their odds rise as the common ones leave.',
    items: [
      item('crown', 2, 4),
      item('sword', 10, 60),
      item('potion', 40, 300),
      item('coin', 60, 500),
    ],
  },
  {
    id: 'die',
    title: 'Fair die',
    point: 'Six equal faces.',
    items: ['one', 'two', 'three', 'four', 'five', 'six'].map((face) =>
      item(face, 1, 'unlimited'),
    ),
  },
  {
    id: 'million',
    title: 'One in a million',
    point: 'How long is a million draws without it?',
    items: [item('jackpot', 1, 'unlimited'), item('nothing', 999_999, 'unlimited')],
  },
];

export const FIRST_CONFIG: PoolConfig = { items: PRESETS[3]!.items, seed: 42n };
