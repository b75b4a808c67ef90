/** Emscripten's glue, which the build puts in the place of this name. */
declare module 'rewardpool-core' {
  const factory: (options: {
    instantiateWasm(
      imports: WebAssembly.Imports,
      receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ): object;
  }) => Promise<unknown>;
  export default factory;
}
