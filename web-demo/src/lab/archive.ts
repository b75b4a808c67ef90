/**
 * The archives of `export()`, taken apart and put together again
 * (docs/archive-format.md), so that the lab can damage the files within. The
 * archive around them is made in order again: its own checksums would find the
 * damage first, and the log shall find it by itself.
 */
import { crc32c } from './crc32c.js';

export interface PoolFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const BLOCK_BYTES = 512;
const LIST_NAME = 'checksums';
const encoder = new TextEncoder();
const decoder = new TextDecoder();

function paddedBytes(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}

/** The files of an archive that is in order, without the list of checksums. */
export function unpack(archive: Uint8Array): PoolFile[] {
  const files: PoolFile[] = [];
  for (let offset = 0; archive[offset] !== 0; ) {
    const header = archive.subarray(offset, offset + BLOCK_BYTES);
    const name = decoder.decode(header.subarray(0, header.indexOf(0)));
    const size = parseInt(decoder.decode(header.subarray(124, 135)), 8);
    const start = offset + BLOCK_BYTES;
    if (name !== LIST_NAME) files.push({ name, bytes: archive.slice(start, start + size) });
    offset = start + paddedBytes(size);
  }
  return files;
}

function headerOf(name: string, size: number): Uint8Array {
  const header = new Uint8Array(BLOCK_BYTES);
  const put = (offset: number, text: string): void => header.set(encoder.encode(text), offset);
  put(0, name);
  put(100, '0000644\0' + '0000000\0' + '0000000\0');
  put(124, `${size.toString(8).padStart(11, '0')}\0` + '02263523000\0');
  put(148, ' '.repeat(8));
  put(156, '0');
  put(257, 'ustar\0' + '00' + 'rewardpool');
  put(297, 'archive-1');
  put(329, '0000000\0' + '0000000\0');
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return header;
}

function checksumLine({ name, bytes }: PoolFile): string {
  return `${crc32c(bytes).toString(16).padStart(8, '0')} ${bytes.length} ${name}\n`;
}

/** An archive of these files, in order. */
export function pack(files: readonly PoolFile[]): Uint8Array {
  const lines = files.map(checksumLine).join('');
  const list = lines + checksumLine({ name: LIST_NAME, bytes: encoder.encode(lines) });
  const entries = [...files, { name: LIST_NAME, bytes: encoder.encode(list) }];
  const total = entries.reduce((sum, { bytes }) => sum + BLOCK_BYTES + paddedBytes(bytes.length), 0);
  const archive = new Uint8Array(total + 2 * BLOCK_BYTES);
  let offset = 0;
  for (const { name, bytes } of entries) {
    archive.set(headerOf(name, bytes.length), offset);
    archive.set(bytes, offset + BLOCK_BYTES);
    offset += BLOCK_BYTES + paddedBytes(bytes.length);
  }
  return archive;
}
