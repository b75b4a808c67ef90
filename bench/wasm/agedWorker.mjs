// The pool's worker, with a clock that a page can put ahead, so that a benchmark
// need not sit out the time in which a new OPFS pool is mirrored.
import '/dist/worker.js';

const trueNow = performance.now.bind(performance);
let aheadMs = 0;
performance.now = () => trueNow() + aheadMs;
const channel = new BroadcastChannel('aheadMs');
channel.onmessage = ({ data }) => {
  // Other aged workers answer on it too.
  if (data === null) return;
  aheadMs = data;
  channel.postMessage(null);
};
