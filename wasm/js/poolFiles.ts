/**
 * Stored bytes of a pool, looked at and not owned: for log(), export(), import()
 * and verify(). Runs `inspector.wasm` (wasm/src/inspector_exports.cc), a module
 * apart, so that nobody fetches it who only draws.
 */
import type { VerifyReport } from '../types/index.js';
import { parseReport } from './coreJson.js';
import {
  checkStatus,
  makePlainModule,
  outputOf,
  outputTextOf,
  type PlainExports,
} from './plainModule.js';

/** A status is 0 or a `StatusCode`. */
interface InspectorExports extends PlainExports {
  loadSegment(number: bigint, byteCount: number): number;
  loadSnapshot(name: bigint, byteCount: number): number;
  loadArchive(byteCount: number): number;
  decodeArchive(): number;
  encodeArchive(): number;
  segmentNumbers(): number;
  snapshotNames(): number;
  segmentBytes(number: bigint): number;
  snapshotBytes(name: bigint): number;
  verify(): number;
  readLog(after: bigint, skip: bigint, byteCountMax: number): number;
}

export class PoolFiles {
  readonly #inspector: InspectorExports;

  /** Rejects with 'unsupported' if the module cannot be fetched or compiled here. */
  static async make(compiled: Promise<WebAssembly.Module>): Promise<PoolFiles> {
    return new PoolFiles(await makePlainModule<InspectorExports>(compiled, 'inspector.wasm'));
  }

  private constructor(inspector: InspectorExports) {
    this.#inspector = inspector;
  }

  /** Room for a stored segment's bytes; the caller fills the view at once. */
  loadSegment(number: bigint, byteCount: number): Uint8Array {
    return this.#view(this.#inspector.loadSegment(number, byteCount), byteCount);
  }
  loadSnapshot(name: bigint, byteCount: number): Uint8Array {
    return this.#view(this.#inspector.loadSnapshot(name, byteCount), byteCount);
  }

  /** Replaces what is loaded by what is in the archive. */
  decodeArchive(bytes: Uint8Array): void {
    const address = this.#inspector.loadArchive(bytes.length);
    this.#view(address, bytes.length).set(bytes);
    this.#check(this.#inspector.decodeArchive());
  }
  /** What is loaded, as one file. A torn tail of the log is left out, and nothing else. */
  encodeArchive(): Uint8Array {
    this.#check(this.#inspector.encodeArchive());
    return this.#bytes();
  }

  segmentNumbers(): bigint[] {
    this.#check(this.#inspector.segmentNumbers());
    return this.#names();
  }
  segmentBytes(number: bigint): Uint8Array {
    this.#check(this.#inspector.segmentBytes(number));
    return this.#bytes();
  }
  snapshotNames(): bigint[] {
    this.#check(this.#inspector.snapshotNames());
    return this.#names();
  }
  snapshotBytes(name: bigint): Uint8Array {
    this.#check(this.#inspector.snapshotBytes(name));
    return this.#bytes();
  }

  /** Compares every checksum, and every snapshot with a replay. */
  verify(): VerifyReport {
    this.#check(this.#inspector.verify());
    return parseReport(this.#text());
  }

  /**
   * The records behind the request `after` as JSON lines (record_json.h), the first
   * `skip` lines left out, until there are `byteCountMax` bytes. Empty: the end.
   */
  readLog(after: bigint, skip: number, byteCountMax: number): string {
    this.#check(this.#inspector.readLog(after, BigInt(skip), byteCountMax));
    return this.#text();
  }

  /** Dies with the next call into the module. */
  #view(address: number, byteCount: number): Uint8Array {
    return new Uint8Array(this.#inspector.memory.buffer, address, byteCount);
  }

  #bytes(): Uint8Array {
    return outputOf(this.#inspector);
  }
  #text(): string {
    return outputTextOf(this.#inspector);
  }
  #names(): bigint[] {
    return (JSON.parse(this.#text()) as string[]).map(BigInt);
  }

  #check(status: number): void {
    checkStatus(this.#inspector, status);
  }
}
