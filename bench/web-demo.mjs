// How long the web demo keeps a visitor waiting while a million draws are made:
// `npm run bench:demo`, after `npm run build && npm run build:demo`.
//
// Input is answered once the task before it ends. So it prints the longest task of the
// page's thread in each of some runs, in ms of processor time, which other programs do not
// lengthen. Answers within 100 ms seem to come at once (web.dev/articles/rail).
import { draw, openSite, untilIdle } from '../tests/web-demo/site.mjs';

const RUNS = 5;

/** The longest task of the page's thread while `use` runs, in ms of processor time. */
async function longestTaskMs(browser, page, use) {
  const session = await browser.context.newCDPSession(page);
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'blink.user_timing'] },
  });
  await page.evaluate(() => performance.mark('this thread'));
  await use();
  const complete = new Promise((done) => session.once('Tracing.tracingComplete', done));
  await session.send('Tracing.end');
  await complete;
  const { pid, tid } = events.find(({ name }) => name === 'this thread');
  const tasks = events.filter(
    (event) => event.pid === pid && event.tid === tid && event.tdur !== undefined,
  );
  if (tasks.length < 100) throw new Error('no tasks were recorded');
  return Math.max(...tasks.map(({ tdur }) => tdur / 1000));
}

const site = await openSite();
try {
  const longest = [];
  for (let run = 0; run < RUNS; ++run) {
    await site.visit({}, async (page) => {
      // What is compiled and laid out for the first time is not what is measured.
      await draw(page, '[data-draws="1000"]');
      longest.push(
        await longestTaskMs(site.browser, page, async () => {
          await page.click('[data-draws="1000000"]');
          await untilIdle(page);
        }),
      );
    });
  }
  const told = longest.map((ms) => ms.toFixed(1)).join(', ');
  console.log(`a million draws, longest task of the page: ${told} ms of processor time`);
} finally {
  await site.close();
}
