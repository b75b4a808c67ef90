/** Internals that only tests in Node use. Not in the package. */
export { nodeStorageOpener } from './storage/nodeStorage.js';
