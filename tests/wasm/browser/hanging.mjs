// Tests that do not end, for harness.test.mjs: a page that is busy for ever, a
// browser of the test's own, and a test behind them.
import { browserSuite, launchBrowser, withPage } from './harness.mjs';

const suite = browserSuite({}, { headlessShell: true });
const limitMs = Number(process.env.REWARDPOOL_HANG_MS);

suite.test(
  'a page is busy for ever',
  async () => {
    await launchBrowser({ headlessShell: true });
    await withPage(suite.browser, `${suite.server.origin}/`, (page) => {
      console.log('busy from now on');
      return page.evaluate(() => {
        for (;;);
      });
    });
  },
  { limitMs },
);

suite.test('the next test has a browser again', () =>
  withPage(suite.browser, `${suite.server.origin}/`, (page) => page.evaluate(() => 1 + 1)),
);
