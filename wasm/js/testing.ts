/** Internals that only tests in browsers and in Node use. Not in the package. */
export { RewardPoolError } from './errors.js';
export { MemoryDisk, memoryStorageOpener } from './storage/memoryStorage.js';
export { opfsStorageOpener } from './storage/opfsStorage.js';
