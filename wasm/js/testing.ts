/** Internals that only tests in browsers and in Node use. Not in the package. */
export { RewardPoolError } from './errors.js';
export { indexedDbStorageOpener, mirrorOpenerOf } from './storage/indexedDbStorage.js';
export { MemoryDisk, memoryStorageOpener } from './storage/memoryStorage.js';
export { mirroredStorageOpener } from './storage/mirroredStorage.js';
export { opfsStorageOpener } from './storage/opfsStorage.js';
export { FaultyDisk, faultyStorageOpener, SeededRandom } from './testing/faultyStorage.js';
