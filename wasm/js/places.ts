/** Where a page finds the files that are beside the module. */
import { invalidArgument, RewardPoolError, shown } from './errors.js';

/** Undefined: beside the module. `option` is what the caller says it with. */
export function absoluteUrl(url: string | URL | undefined, option: string): string | undefined {
  if (url === undefined) return undefined;
  try {
    return new URL(url, globalThis.location.href).href;
  } catch {
    throw invalidArgument(`${option} is ${shown(url)}: not a URL`);
  }
}

/** The script did not load. Browsers keep most reasons to themselves. */
export function workerNotStarted(file: string, option: string, error?: unknown): RewardPoolError {
  const reason = error instanceof Error ? ` (${error.message})` : '';
  return new RewardPoolError(
    'unsupported',
    `${file} cannot be started${reason}: is it where ${option} says, of the page's own origin, and allowed by the page's policy?`,
    { cause: error },
  );
}

/** What `start` starts: it names the file in a form that bundlers see, and bring along. */
export function startWorker(start: () => Worker, file: string, option: string): Worker {
  try {
    return start();
  } catch (error) {
    throw workerNotStarted(file, option, error);
  }
}
