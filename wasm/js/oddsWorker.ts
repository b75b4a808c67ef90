/**
 * The dedicated worker of a page's odds (`rewardpool/odds-worker`). Each request
 * comes with a port of its own, on which progress and the answer go back; a message
 * on it ends the request.
 */
import type { Odds, Simulation, SimulationProgress } from '../types/index.js';
import { compileModule } from './compileModule.js';
import { closedError } from './errors.js';
import { simulate, workOutOdds } from './oddsModule.js';
import type { OddsRequest, SimulationRequest } from './oddsRequest.js';
import { toErrorWords, type ErrorWords } from './protocol.js';

export interface ToOddsWorker {
  request: OddsRequest | SimulationRequest;
  /** Undefined: beside the worker. */
  oddsWasmUrl: string | undefined;
}

export type FromOddsWorker =
  | { progress: SimulationProgress }
  | { reply: Odds | Simulation }
  | { error: ErrorWords };

declare const self: DedicatedWorkerGlobalScope;

function answer({ request, oddsWasmUrl }: ToOddsWorker, port: MessagePort): Promise<Odds | Simulation> {
  // In this form so that bundlers see the file and bring it along.
  const compiled = compileModule(oddsWasmUrl ?? new URL('./odds.wasm', import.meta.url).href);
  if (request.kind === 'odds') return workOutOdds(compiled, request);
  let ended = false;
  port.onmessage = () => {
    ended = true;
  };
  return simulate(compiled, request, {
    onProgress: (progress) => port.postMessage({ progress } satisfies FromOddsWorker),
    throwIfEnded: () => {
      if (ended) throw closedError();
    },
  });
}

self.onmessage = ({ data, ports: [port] }: MessageEvent<ToOddsWorker>) => {
  const send = (message: FromOddsWorker): void => {
    port!.postMessage(message);
    port!.close();
  };
  answer(data, port!).then(
    (reply) => send({ reply }),
    (error: unknown) => send({ error: toErrorWords(error) }),
  );
};
