// The contract suite in a real browser, in a dedicated worker.
import { after, before, describe } from 'node:test';

import { casesFor } from '../contract/contract.mjs';
import {
  browserSuite,
  END_LIMIT_MS,
  PAGE_LIMIT_MS,
  startServer,
  watchErrors,
  within,
} from './harness.mjs';

const seed = Number(process.env.REWARDPOOL_SEED ?? Math.floor(Math.random() * 2 ** 31));

const suite = browserSuite({}, { headlessShell: true });

/** A page at `origin`, whose function `answer` does for a worker what it cannot do itself. */
async function openPage(origin) {
  const page = await suite.browser.context.newPage();
  const watch = watchErrors(page);
  let session;
  const answers = {
    limit: (quotaSize) => session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize }),
    lose: () =>
      session.send('Storage.clearDataForOrigin', {
        origin,
        storageTypes: 'file_systems,indexeddb',
      }),
  };
  await page.exposeFunction('answer', async (question, words) => {
    await answers[question](...words);
  });
  await page.goto(`${origin}/`);
  const close = () =>
    within(END_LIMIT_MS, 'closing a page', page.close()).catch(() => undefined);
  return {
    isClosed: () => page.isClosed(),
    close,
    runCase: async (order) => {
      try {
        session = await suite.browser.context.newCDPSession(page);
        const failure = await within(PAGE_LIMIT_MS, 'the case', runInWorker(page, order));
        // What it set for the origin ends with it.
        await session.detach();
        if (failure !== undefined) throw new Error(failure);
        watch.assertNone();
      } catch (error) {
        error.message += `; ${watch.told()}`;
        // The next case is not to suffer from it.
        await close();
        throw error;
      }
    },
  };
}

/** Resolves to what went wrong, or to undefined. */
function runInWorker(page, order) {
  return page.evaluate(
    (asked) =>
      new Promise((resolve) => {
        const worker = new Worker('/wasm-tests/browser/contractWorker.mjs', { type: 'module' });
        worker.onerror = ({ message }) => resolve(`the worker has failed: ${message}`);
        worker.onmessage = async ({ data }) => {
          if (data.question !== undefined) {
            await globalThis.answer(data.question, data.words);
            worker.postMessage('done');
            return;
          }
          worker.terminate();
          resolve(data.failure);
        };
        worker.postMessage(asked);
      }),
    order,
  );
}

/**
 * The contract for storages of these kinds, in a browser of their own: kind, as
 * contractWorker.mjs has it, to what it can be asked.
 */
export function contractFor(kinds) {
  for (const [kind, traits] of Object.entries(kinds)) {
    describe(`storage ${kind} (seed ${seed})`, () => {
      // An origin of its own: its quota, and its data to be cleared. One page, since a new
      // one costs more than most cases; what a case changes is its own worker.
      let server;
      let page;
      before(async () => {
        server = await startServer();
      });
      after(async () => {
        await page?.close();
        await server.close();
      });

      for (const { name } of casesFor(traits)) {
        suite.test(name, async () => {
          if (page === undefined || page.isClosed()) page = await openPage(server.origin);
          await page.runCase({ kind, name, traits: { ...traits, seed } });
        });
      }
    });
  }
}
