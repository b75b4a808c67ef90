/** Colours of items by position, far apart from one to the next. */
const GOLDEN_ANGLE_DEGREES = 137.508;
const FIRST_HUE_DEGREES = 155;
const DASHES: readonly (readonly number[] | undefined)[] = [undefined, [7, 4], [2, 3], [9, 3, 2, 3]];

export function itemColor(position: number): string {
  const hue = (FIRST_HUE_DEGREES + position * GOLDEN_ANGLE_DEGREES) % 360;
  return `oklch(var(--item-lightness) var(--item-chroma) ${hue.toFixed(1)})`;
}

/** Tells lines apart without colour. */
export function itemDash(position: number): readonly number[] | undefined {
  return DASHES[position % DASHES.length];
}
