/** Emscripten's glue, which the build puts in the place of this name. */
declare module 'rewardpool-core' {
  import type { CoreFactory } from './coreLoader.js';
  const factory: CoreFactory;
  export default factory;
}
