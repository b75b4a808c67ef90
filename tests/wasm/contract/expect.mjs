// Assertions for cases that run in Node, in pages and in workers alike.

function told(value) {
  return JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}n` : item));
}

export function expect(condition, what) {
  if (!condition) throw new Error(what);
}

export function expectEqual(actual, expected, what = 'values') {
  if (told(actual) !== told(expected)) {
    throw new Error(`${what}: ${told(actual)} and not ${told(expected)}`);
  }
}

/** `allowZeros`: behind `expected` there may be room, that is, zeros. */
export function expectBytes(actual, expected, what, { allowZeros = false } = {}) {
  if (!(actual instanceof Uint8Array)) throw new Error(`${what}: no bytes`);
  const tooLong = !allowZeros && actual.length > expected.length;
  if (actual.length < expected.length || tooLong) {
    throw new Error(`${what}: ${actual.length} bytes and not ${expected.length}`);
  }
  for (let i = 0; i < actual.length; ++i) {
    const byte = i < expected.length ? expected[i] : 0;
    if (actual[i] !== byte) throw new Error(`${what}: byte ${i} is ${actual[i]} and not ${byte}`);
  }
}

/** Calls `action`, which has to throw or reject with an error of the code. Returns the error. */
export async function expectCode(code, action, what = '') {
  let outcome = 'nothing was thrown';
  try {
    await action();
  } catch (error) {
    if (error.name === 'RewardPoolError' && error.code === code) return error;
    outcome = `${error.name} ${error.code ?? ''}: ${error.message}\n${error.stack}`;
  }
  throw new Error(`${what} expected '${code}', but ${outcome}`);
}
