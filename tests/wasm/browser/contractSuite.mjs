// The contract suite in a real browser, in a dedicated worker.
import { after, before, describe } from 'node:test';

import { casesFor } from '../contract/contract.mjs';
import { browserSuite, startServer, withPage } from './harness.mjs';

const seed = Number(process.env.REWARDPOOL_SEED ?? Math.floor(Math.random() * 2 ** 31));

const suite = browserSuite();

/** Does for a worker in `page` what it cannot do itself. */
async function answerQuestions(page, origin) {
  const session = await suite.browser.context.newCDPSession(page);
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
      // An origin of its own: its quota, and its data to be cleared.
      let server;
      before(async () => {
        server = await startServer();
      });
      after(() => server.close());

      for (const { name } of casesFor(traits)) {
        suite.test(name, () =>
          withPage(suite.browser, `${server.origin}/`, async (page) => {
            await answerQuestions(page, server.origin);
            const failure = await runInWorker(page, { kind, name, traits: { ...traits, seed } });
            if (failure !== undefined) throw new Error(failure);
          }),
        );
      }
    });
  }
}
