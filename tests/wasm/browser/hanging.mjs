// Tests that do not end, for harness.test.mjs: a page that is busy for ever, a
// browser of the test's own, and a test behind them.
import { browserSuite, launchBrowser, withPage } from './harness.mjs';

// With profiles in the folder that is searched for what is left.
const options = { headlessShell: true, onDisk: true };
const suite = browserSuite({}, options);
const limitMs = Number(process.env.REWARDPOOL_HANG_MS);

suite.test(
  'a page is busy for ever',
  async () => {
    await launchBrowser(options);
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
