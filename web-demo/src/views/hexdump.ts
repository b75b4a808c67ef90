/** Some lines of a file's bytes, with those marked that are not what they were. */
import type { PoolFile } from '../lab/archive.js';
import type { Damage } from '../lab/damage.js';
import { make } from './dom.js';

const LINE_BYTES = 16;
const LINES_AROUND = 2;

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·';
}

export function hexdump(before: PoolFile, after: PoolFile, damage: Damage): HTMLElement {
  const middle = Math.floor(damage.offset / LINE_BYTES);
  const first = Math.max(0, middle - LINES_AROUND) * LINE_BYTES;
  const end = Math.min((middle + LINES_AROUND + 1) * LINE_BYTES, before.bytes.length);
  const lines: Node[] = [];
  for (let start = first; start < end; start += LINE_BYTES) {
    lines.push(make('span', { class: 'address' }, `${hex(start, 6)}  `));
    let text = '';
    for (let offset = start; offset < start + LINE_BYTES; ++offset) {
      const byte = after.bytes[offset];
      const old = before.bytes[offset];
      const gap = offset === start + LINE_BYTES - 1 ? '' : ' ';
      if (byte !== undefined) {
        const digits = hex(byte, 2);
        lines.push(byte === old ? document.createTextNode(digits) : make('mark', {}, digits));
      } else {
        // Cut off, or behind the end of the file.
        lines.push(make('span', { class: 'gone' }, old === undefined ? '  ' : '--'));
      }
      lines.push(document.createTextNode(gap));
      text += byte === undefined ? ' ' : printable(byte);
    }
    lines.push(make('span', { class: 'text' }, `  ${text}\n`));
  }
  return make(
    'figure',
    {},
    make(
      'pre',
      { class: 'hexdump', tabindex: 0, role: 'region', 'aria-label': `Bytes of ${damage.file}` },
      ...lines,
    ),
    make('figcaption', {}, `${damage.file}; changed bytes are marked, dashes are cut off.`),
  );
}
