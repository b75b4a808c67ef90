/** What a page and its worker say to each other. */
import type { OpeningReport, VerifyReport } from '../types/index.js';
import type { HostOptions } from './browserHost.js';
import type { PinnableKind } from './pinnedStore.js';
import type { Answer, ErrorWords, Request } from './protocol.js';

export type Command =
  | { command: 'open'; options: HostOptions }
  | { command: 'request'; request: Request }
  | { command: 'close' }
  | { command: 'delete'; name: string; storage: PinnableKind | 'auto' }
  | { command: 'verify'; bytes: Uint8Array; inspectorUrl: string | undefined };

export type Reply = OpeningReport | Answer | VerifyReport | undefined;

export type ToWorker = { id: number } & Command;

export type FromWorker =
  | { id: number; reply: Reply }
  | { id: number; error: ErrorWords };
