/** What tests need of the package's inside, in Node. Not shipped. */
export * from './testing.js';
