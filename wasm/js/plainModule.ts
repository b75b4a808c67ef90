/**
 * Instances of WebAssembly modules without glue: their exports take and return
 * numbers, and leave bytes in an output.
 */
import { cannotBeLoaded, RewardPoolError } from './errors.js';
import { errorCodeOf } from './statusCode.js';

/** What all of them export. Addresses are bytes of the module's memory. */
export interface PlainExports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  outputAddress(): number;
  outputByteCount(): number;
}

/** The modules ask their surroundings for nothing but to end them. */
function importsOf(module: WebAssembly.Module, name: string): WebAssembly.Imports {
  const imports: Record<string, Record<string, () => void>> = {};
  for (const { module: from, name: wanted } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[wanted] =
      wanted === 'emscripten_notify_memory_growth'
        ? () => undefined
        : () => {
            throw new Error(`${name} has failed in ${wanted}`);
          };
  }
  return imports;
}

/**
 * An instance with memory of its own, which goes when the exports do. `name` is for
 * messages. Rejects with 'unsupported' if the module cannot be fetched or compiled
 * here.
 */
export async function makePlainModule<Exports extends PlainExports>(
  compiled: Promise<WebAssembly.Module>,
  name: string,
): Promise<Exports> {
  try {
    const module = await compiled;
    const { exports } = await WebAssembly.instantiate(module, importsOf(module, name));
    const made = exports as unknown as Exports;
    made._initialize();
    return made;
  } catch (error) {
    throw cannotBeLoaded(name, error);
  }
}

/** A copy of what the last call left. */
export function outputOf(exports: PlainExports): Uint8Array<ArrayBuffer> {
  const { buffer } = exports.memory;
  return new Uint8Array(buffer, exports.outputAddress(), exports.outputByteCount()).slice();
}

export function outputTextOf(exports: PlainExports): string {
  return new TextDecoder().decode(outputOf(exports));
}

/** @throws RewardPoolError if `status` is not 0: the output then has the reason */
export function checkStatus(exports: PlainExports, status: number): void {
  if (status !== 0) throw new RewardPoolError(errorCodeOf(status), outputTextOf(exports));
}
