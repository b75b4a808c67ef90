/** Ten units of gold among mud without end. */
export const goldAndMud = [
  { itemId: 'gold', quantity: 10, weight: 1 },
  { itemId: 'mud', quantity: 'unlimited', weight: 9 },
];

/** `units` units in all, of items a, b and c. */
export function finite(units) {
  const a = Math.floor(units / 2);
  const b = Math.floor((units - a) / 2);
  return [
    { itemId: 'a', quantity: a, weight: 1 },
    { itemId: 'b', quantity: b, weight: 2 },
    { itemId: 'c', quantity: units - a - b, weight: 3 },
  ];
}
