// Draws for ever and prints each answer when it has come: "<requestId> <itemId>".
// Argument: the pool's folder. Under SIGKILL what was printed must be recovered.
import { writeSync } from 'node:fs';

import { RewardPool } from 'rewardpool';

const [dir] = process.argv.slice(2);
const pool = await RewardPool.open({
  dir,
  catalog: [
    { itemId: 'gold', quantity: 1_000_000, weight: 1 },
    { itemId: 'silver', quantity: 1_000_000, weight: 3 },
    { itemId: 'mud', quantity: 'unlimited', weight: 6 },
  ],
  segmentBytes: 65_536,
  snapshots: { everyRequests: 3000 },
});
writeSync(1, `recovered ${pool.opening.recoveredThrough}\n`);

async function drawOneByOne() {
  for (;;) {
    const { requestId, itemId } = await pool.draw();
    writeSync(1, `${requestId} ${itemId}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, drawOneByOne));
