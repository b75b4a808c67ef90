// Draws for ever and prints each answer when it has come: "<requestId> <itemId>". If
// the log fails: "stopped", and the codes of that draw, a later one, state() and close().
// Arguments: the pool's folder, and further options of RewardPool.open() as JSON.
// Under SIGKILL what was printed must be recovered.
import { writeSync } from 'node:fs';

import { RewardPool } from 'rewardpool';

const [dir, options = '{}'] = process.argv.slice(2);
const pool = await RewardPool.open({
  dir,
  catalog: [
    { itemId: 'gold', quantity: 1_000_000, weight: 1 },
    { itemId: 'silver', quantity: 1_000_000, weight: 3 },
    { itemId: 'mud', quantity: 'unlimited', weight: 6 },
  ],
  segmentBytes: 65_536,
  snapshots: { everyRequests: 3000 },
  ...JSON.parse(options),
});
writeSync(1, `recovered ${pool.opening.recoveredThrough}\n`);

async function drawOneByOne() {
  for (;;) {
    const { requestId, itemId } = await pool.draw();
    writeSync(1, `${requestId} ${itemId}\n`);
  }
}
try {
  await Promise.all(Array.from({ length: 8 }, drawOneByOne));
} catch ({ code }) {
  const codeOf = (promise) => promise.then(() => 'no error', (error) => error.code);
  const later = [await codeOf(pool.draw()), await codeOf(pool.state()), await codeOf(pool.close())];
  writeSync(1, `stopped ${[code, ...later].join(' ')}\n`);
}
