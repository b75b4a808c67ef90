/**
 * The dedicated worker of a page's pool (`rewardpool/worker`): engine and storage
 * live here, so that neither drawing nor flushing holds up the page.
 */
import { deletePool, openPool, verify } from './browserHost.js';
import { closedError } from './errors.js';
import { toErrorWords, type Kind, type PoolPort, type RequestOf } from './protocol.js';
import type { Command, FromWorker, Reply, ToWorker } from './workerProtocol.js';

declare const self: DedicatedWorkerGlobalScope;

let pool: PoolPort | undefined;

function carryOut(command: Command): Promise<Reply> {
  switch (command.command) {
    case 'open':
      return openPool(command.options).then((opened) => {
        pool = opened;
        return opened.opening;
      });
    case 'request':
      return pool === undefined
        ? Promise.reject(closedError())
        : pool.submit(command.request as RequestOf<Kind>);
    case 'close':
      return pool === undefined ? Promise.resolve(undefined) : pool.close().then(() => undefined);
    case 'delete':
      return deletePool(command.name, command.storage).then(() => undefined);
    case 'verify':
      return verify(command.bytes, command.inspectorUrl);
  }
}

/** Up to here a copy is quicker than handing over memory. */
const COPIED_BYTES_MAX = 4096;

/** What is not copied on its way to the page. */
function transferable(reply: Reply): Transferable[] {
  if (reply instanceof Uint8Array) return [reply.buffer as ArrayBuffer];
  if (typeof reply === 'object' && 'picks' in reply) {
    const buffers = [reply.picks.buffer as ArrayBuffer];
    if (reply.requestIds !== undefined) buffers.push(reply.requestIds.buffer as ArrayBuffer);
    return buffers.filter(({ byteLength }) => byteLength > COPIED_BYTES_MAX);
  }
  return [];
}

function send(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, transfer);
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  carryOut(data).then(
    (reply) => send({ id: data.id, reply }, transferable(reply)),
    (error: unknown) => send({ id: data.id, error: toErrorWords(error) }),
  );
};
