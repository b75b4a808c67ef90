/** Where things are in a segment of the log: docs/wal-format.md. */

const SEGMENT_HEADER_BYTES = 64;
const FRAME_HEADER_BYTES = 16;
const CATALOG_ITEM_TAG = 'C'.charCodeAt(0);

export interface Frame {
  readonly offset: number;
  /** Header included. */
  readonly length: number;
}

/** Where a catalog-item record keeps its weight. */
export interface WeightPlace {
  readonly itemId: string;
  readonly offset: number;
  readonly length: number;
  readonly weight: bigint;
}

export function isSegment(name: string): boolean {
  return name.startsWith('wal-');
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The frames of a segment that is in order. */
export function framesOf(segment: Uint8Array): Frame[] {
  const view = viewOf(segment);
  const frames: Frame[] = [];
  let offset = SEGMENT_HEADER_BYTES;
  while (offset + FRAME_HEADER_BYTES < segment.length) {
    const payload = view.getUint32(offset + 4, true) & 0xff_ffff;
    if (payload === 0) break;
    const length = FRAME_HEADER_BYTES + payload;
    frames.push({ offset, length });
    offset += length;
  }
  return frames;
}

/** Where the header, and where a frame, keeps what the chain of checksums is made of. */
export const HEADER_PLACES = { salt: 32, previousCrc: 48, crc: 60, end: SEGMENT_HEADER_BYTES };
export const FRAME_PLACES = { crc: 0, covered: 4, previousCrc: 12 };

export function readVarint(bytes: Uint8Array, offset: number): { value: bigint; length: number } {
  let value = 0n;
  let length = 0;
  for (;;) {
    const byte = bytes[offset + length]!;
    value |= BigInt(byte & 0x7f) << BigInt(7 * length);
    ++length;
    if (byte < 0x80) return { value, length };
  }
}

/** The weight in the first record of a log that begins with its catalog. */
export function firstWeight(segment: Uint8Array): WeightPlace | undefined {
  const tag = SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES;
  if (segment[tag] !== CATALOG_ITEM_TAG) return undefined;
  const idLength = readVarint(segment, tag + 2);
  const id = tag + 2 + idLength.length;
  const offset = id + Number(idLength.value);
  const { value, length } = readVarint(segment, offset);
  return {
    itemId: new TextDecoder().decode(segment.subarray(id, offset)),
    offset,
    length,
    weight: value,
  };
}
