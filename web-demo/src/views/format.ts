/** Numbers as people read them. */

const SUPERSCRIPTS = '⁻⁰¹²³⁴⁵⁶⁷⁸⁹';

const whole = new Intl.NumberFormat('en');

export function count(value: number | bigint): string {
  return value === Infinity ? 'without end' : whole.format(value);
}

const short = new Intl.NumberFormat('en', { notation: 'compact' });

/** For axes, where there is little room. */
export function compact(value: number): string {
  return short.format(value);
}

/** A mean: as many decimals as it takes to be of use. */
export function decimal(value: number): string {
  if (!Number.isFinite(value)) return 'never';
  const digits = value >= 1000 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 4;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

/** A probability or a share in percent, with three digits that count. */
export function percent(value: number): string {
  if (value === 0 || value === 1) return `${value * 100}%`;
  const hundredths = value * 100;
  if (hundredths < 1e-7) return `${hundredths.toExponential(1)}%`;
  // Just below the whole says more by what is missing.
  const leading = Math.min(hundredths, 100 - hundredths);
  const digits = Math.max(1, 2 - Math.floor(Math.log10(leading)));
  return `${hundredths.toLocaleString('en', { maximumFractionDigits: Math.min(digits, 10) })}%`;
}

/** The same with so many decimals that a difference of `resolution` is seen twice over. */
export function percentTo(value: number, resolution: number): string {
  if (resolution <= 0) return percent(value);
  const digits = Math.min(10, Math.max(0, 1 - Math.floor(Math.log10(resolution * 100))));
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${(value * 100).toLocaleString('en', format)}%`;
}

export function plural(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? '' : 's'}`;
}

export function bytes(value: number): string {
  if (value < 10_000) return `${count(value)} bytes`;
  return value < 1e6 ? `${count(Math.round(value / 1e3))} KB` : `${(value / 1e6).toFixed(1)} MB`;
}

/** An error bound: its power of ten, rounded up. */
export function errorBound(value: number): string {
  if (value === 0) return '0';
  const exponent = String(Math.ceil(Math.log10(value)));
  return `10${[...exponent].map((digit) => SUPERSCRIPTS['-0123456789'.indexOf(digit)]).join('')}`;
}
