/** Ways to damage the files of a pool, as bad disks and dishonest people do. */
import type { PoolFile } from './archive.js';
import { crc32c } from './crc32c.js';
import { firstWeight, FRAME_PLACES, framesOf, HEADER_PLACES, isSegment } from './logLayout.js';

export interface Damage {
  readonly files: readonly PoolFile[];
  /** What was done, in words. */
  readonly deed: string;
  readonly file: string;
  /** The bytes that are not what they were; of a cut, where it was made. */
  readonly offset: number;
  readonly length: number;
}

export function logBytes(files: readonly PoolFile[]): number {
  return files
    .filter(({ name }) => isSegment(name))
    .reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function placeOf(files: readonly PoolFile[], position: number): { file: PoolFile; offset: number } {
  let offset = position;
  for (const file of files) {
    if (!isSegment(file.name)) continue;
    if (offset < file.bytes.length) return { file, offset };
    offset -= file.bytes.length;
  }
  throw new RangeError(`the log has no byte ${position}`);
}

function replace(files: readonly PoolFile[], name: string, bytes: Uint8Array): PoolFile[] {
  return files.map((file) => (file.name === name ? { name, bytes } : file));
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** Flips one bit of byte `position` of the whole log. */
export function flipByte(files: readonly PoolFile[], position: number, bit: number): Damage {
  const { file, offset } = placeOf(files, position);
  const bytes = file.bytes.slice();
  const before = bytes[offset]!;
  bytes[offset] = before ^ (1 << bit);
  return {
    files: replace(files, file.name, bytes),
    deed: `Bit ${bit} of byte ${offset.toLocaleString('en')} was flipped: ${hex(before)} became ${hex(bytes[offset]!)}.`,
    file: file.name,
    offset,
    length: 1,
  };
}

/** Cuts the last frame that there is in two, as a crash does that comes while it is written. */
export function tearTail(files: readonly PoolFile[]): Damage {
  const file = files.findLast(({ name, bytes }) => isSegment(name) && framesOf(bytes).length > 0);
  if (file === undefined) throw new RangeError('the log has no frame to tear');
  const frame = framesOf(file.bytes).at(-1)!;
  const kept = frame.offset + Math.ceil(frame.length / 2);
  const later = files.indexOf(file) + 1;
  return {
    files: replace(files.slice(0, later), file.name, file.bytes.slice(0, kept)),
    deed: `The last frame was cut after ${kept - frame.offset} of its ${frame.length} bytes.`,
    file: file.name,
    offset: kept,
    length: 0,
  };
}

/** Changes the weight of the pool's first item, and leaves all checksums as they are. */
export function changeWeight(files: readonly PoolFile[]): Damage {
  const file = files.find(({ name }) => isSegment(name));
  const place = file && firstWeight(file.bytes);
  if (file === undefined || place === undefined) {
    throw new RangeError('the log does not begin with the catalog any more');
  }
  const bytes = file.bytes.slice();
  const first = bytes[place.offset]!;
  // Another number of the same length: the lowest seven bits count up, and skip zero.
  const digit = (first & 0x7f) === 0x7f ? 1 : (first & 0x7f) + 1;
  bytes[place.offset] = (first & 0x80) | digit;
  const weight = place.weight - BigInt(first & 0x7f) + BigInt(digit);
  return {
    files: replace(files, file.name, bytes),
    deed: `The weight of ${place.itemId} was changed from ${place.weight} to ${weight}.`,
    file: file.name,
    offset: place.offset,
    length: 1,
  };
}

/** The same, and then makes every checksum of the log anew: of each frame, each header, and the chain through them. */
export function forgeWeight(files: readonly PoolFile[]): Damage {
  const changed = changeWeight(files);
  let previousCrc = 0;
  const forged = changed.files.map((file) => {
    if (!isSegment(file.name)) return file;
    const bytes = file.bytes.slice();
    previousCrc = mendSegment(bytes, previousCrc);
    return { name: file.name, bytes };
  });
  return { ...changed, files: forged, deed: `${changed.deed} Every checksum was made anew.` };
}

/** Returns the last crc of the segment, which the next one repeats. */
function mendSegment(bytes: Uint8Array, previousCrc: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(HEADER_PLACES.previousCrc, previousCrc, true);
  let crc = crc32c(bytes.subarray(0, HEADER_PLACES.crc));
  view.setUint32(HEADER_PLACES.crc, crc, true);
  const salt = bytes.subarray(HEADER_PLACES.salt, HEADER_PLACES.salt + 8);
  for (const { offset, length } of framesOf(bytes)) {
    view.setUint32(offset + FRAME_PLACES.previousCrc, crc, true);
    crc = crc32c(salt, bytes.subarray(offset + FRAME_PLACES.covered, offset + length));
    view.setUint32(offset + FRAME_PLACES.crc, crc, true);
  }
  return crc;
}
