// Bytes for the contract suite.

const POLYNOMIAL = 0x82f63b78;

export function crc32c(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; ++bit) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  }
  return ~crc >>> 0;
}

/** Any bytes, none of them zero: so that room is told from content. */
export function pattern(length, seed) {
  const bytes = new Uint8Array(length);
  let state = (seed * 0x9e3779b9 + 1) >>> 0;
  for (let i = 0; i < length; ++i) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = 1 + ((state >>> 24) % 255);
  }
  return bytes;
}

export function joined(...pieces) {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** A segment's header as docs/wal-format.md has it. `variant`: another salt. */
export function header(number, variant = 0) {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('RPOOLWAL'));
  view.setUint16(8, 1, true);
  view.setUint32(12, 64, true);
  view.setBigUint64(16, BigInt(number), true);
  view.setBigUint64(32, 0x1234_5678n + BigInt(variant), true);
  view.setUint32(60, crc32c(bytes.subarray(0, 60)), true);
  return bytes;
}
