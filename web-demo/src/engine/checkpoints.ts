/** Numbers of draws at which a run is looked at: 1, 2, 3, ... and then twelve in each power of ten. */
const PER_DECADE = 12;
const DECADES = 12;

export const CHECKPOINTS: readonly number[] = [
  ...new Set(
    Array.from({ length: PER_DECADE * DECADES + 1 }, (_, i) => Math.round(10 ** (i / PER_DECADE))),
  ),
];
