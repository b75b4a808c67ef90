// Makes the file system of this program fail on request. Import it before what is
// to be struck: modules take the functions when they are loaded.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

const original = {
  write: fs.write,
  writeSync: fs.writeSync,
  fsync: fs.fsync,
  fdatasync: fs.fdatasync,
  ftruncate: fs.ftruncate,
};

/** (call, descriptor) -> a code such as 'EIO', or undefined. */
let strike = () => undefined;
/** { folder, bytes } */
let quota;

function failure(code, call) {
  return Object.assign(new Error(`${code}: made by the test, ${call}`), { code, syscall: call });
}

function storedBytes(folder) {
  return fs
    .readdirSync(folder)
    .reduce((sum, name) => sum + fs.statSync(join(folder, name)).size, 0);
}

/** How much of a write fits: like a real disk, a part of it first, and then ENOSPC. */
function fitting(descriptor, length, position) {
  if (quota === undefined) return length;
  const overwritten = Math.max(0, fs.fstatSync(descriptor).size - position);
  const room = Math.max(0, quota.bytes - storedBytes(quota.folder));
  const fits = Math.min(length, overwritten + room);
  if (fits === 0 && length > 0) throw failure('ENOSPC', 'write');
  return fits;
}

function check(call, descriptor) {
  const code = strike(call, descriptor);
  if (code !== undefined) throw failure(code, call);
}

function withCallback(call, run) {
  const patched = (descriptor, ...rest) => {
    const callback = rest.at(-1);
    try {
      check(call, descriptor);
      run(descriptor, rest);
    } catch (error) {
      setImmediate(callback, error);
    }
  };
  // What promisify() looks for.
  Object.defineProperties(patched, Object.getOwnPropertyDescriptors(original[call]));
  return patched;
}

fs.write = withCallback('write', (descriptor, [bytes, offset, length, position, callback]) => {
  const count = fitting(descriptor, length, position);
  original.write(descriptor, bytes, offset, count, position, callback);
});
fs.writeSync = (descriptor, bytes, offset, length, position) => {
  check('writeSync', descriptor);
  if (!(bytes instanceof Uint8Array) || position == null) {
    return original.writeSync(descriptor, bytes, offset, length, position);
  }
  const count = fitting(descriptor, length, position);
  return original.writeSync(descriptor, bytes, offset, count, position);
};
for (const call of ['fsync', 'fdatasync', 'ftruncate']) {
  fs[call] = withCallback(call, (descriptor, rest) => original[call](descriptor, ...rest));
}
syncBuiltinESMExports();

/** `folder` holds no more than it does now and `bytes` more; undefined: no limit. */
export function limitFolder(folder, bytes) {
  quota = bytes === undefined ? undefined : { folder, bytes: storedBytes(folder) + bytes };
}

/** `which(call, descriptor)` names the error of a call, or nothing. */
export function failCalls(which) {
  strike = which;
}

export function healFs() {
  quota = undefined;
  strike = () => undefined;
}
