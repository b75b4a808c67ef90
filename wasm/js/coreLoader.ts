/** Makes the WebAssembly module from bytes that the platform brings. */
import type { CoreModule } from './coreModule.js';
import { cannotBeLoaded } from './errors.js';

/** What Emscripten's glue exports. */
export type CoreFactory = (options: {
  instantiateWasm(
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
}) => Promise<unknown>;

/**
 * A core of its own, with memory of its own, which goes when the core does.
 * Rejects with 'unsupported' if it cannot be fetched or compiled here.
 */
export function makeCore(
  factory: CoreFactory,
  compiled: Promise<WebAssembly.Module>,
): Promise<CoreModule> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(cannotBeLoaded('rewardpool.wasm', error));
    factory({
      instantiateWasm: (imports, receive) => {
        // The glue would wait for ever for an instance that fails.
        compiled
          .then(async (module) => receive(await WebAssembly.instantiate(module, imports), module))
          .catch(fail);
        return {};
      },
    }).then((module) => resolve(module as CoreModule), fail);
  });
}
