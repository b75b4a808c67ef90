/** Internals that only tests in Node use. Not in the package. */
export * from './testing.js';
export { nodeStorageOpener } from './storage/nodeStorage.js';
