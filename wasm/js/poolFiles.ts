/**
 * Stored bytes of a pool, looked at and not owned: for log(), export(), import()
 * and verify(). Runs `inspector.wasm` (wasm/src/inspector_exports.cc), a module
 * apart, so that nobody fetches it who only draws. It has no glue: its exports
 * take and return numbers.
 */
import type { VerifyReport } from '../types/index.js';
import { parseReport } from './coreJson.js';
import { RewardPoolError } from './errors.js';
import { errorCodeOf } from './statusCode.js';

/** Addresses are bytes of the module's memory; a status is 0 or a `StatusCode`. */
interface InspectorExports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  outputAddress(): number;
  outputByteCount(): number;
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

/** The module asks its surroundings for nothing but to end it. */
function importsOf(module: WebAssembly.Module): WebAssembly.Imports {
  const imports: Record<string, Record<string, () => void>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] =
      name === 'emscripten_notify_memory_growth'
        ? () => undefined
        : () => {
            throw new Error(`inspector.wasm has failed in ${name}`);
          };
  }
  return imports;
}

export class PoolFiles {
  readonly #inspector: InspectorExports;

  /**
   * Memory of its own, which goes when the object does. Rejects with
   * 'unsupported' if the module cannot be fetched or compiled here.
   */
  static async make(compiled: Promise<WebAssembly.Module>): Promise<PoolFiles> {
    try {
      const module = await compiled;
      const { exports } = await WebAssembly.instantiate(module, importsOf(module));
      const inspector = exports as unknown as InspectorExports;
      inspector._initialize();
      return new PoolFiles(inspector);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new RewardPoolError('unsupported', `inspector.wasm cannot be loaded: ${reason}`, {
        cause: error,
      });
    }
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
    return this.#view(this.#inspector.outputAddress(), this.#inspector.outputByteCount()).slice();
  }
  #text(): string {
    return new TextDecoder().decode(this.#bytes());
  }
  #names(): bigint[] {
    return (JSON.parse(this.#text()) as string[]).map(BigInt);
  }

  #check(status: number): void {
    if (status !== 0) throw new RewardPoolError(errorCodeOf(status), this.#text());
  }
}
