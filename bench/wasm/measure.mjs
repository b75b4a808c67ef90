// How a row is measured, in a page and in Node alike: short slices of the pool and
// of its floor by turns, so that both see the same machine.

/** Zipf-like weights, no limits: the catalog of bench_actor.cc too. */
export function catalogOf(count) {
  return Array.from({ length: count }, (_, i) => ({
    itemId: `item-${i}`,
    weight: Math.floor(1_000_000 / (i + 1)) + 1,
    quantity: 'unlimited',
  }));
}

/**
 * Callers that ask again as soon as they are answered, all at once, until the slice
 * is over. `ask` resolves when one caller's `drawsPerCall` draws are answered.
 */
function closedLoop(callers, drawsPerCall, ask) {
  return async (sliceMs, latenciesMs) => {
    let isOver = false;
    let calls = 0;
    const first = async () => {
      const endAt = performance.now() + sliceMs;
      for (let begin = performance.now(); !isOver; ) {
        await ask();
        ++calls;
        const end = performance.now();
        latenciesMs.push(end - begin);
        isOver = end >= endAt;
        begin = end;
      }
    };
    const other = async () => {
      while (!isOver) {
        await ask();
        ++calls;
      }
    };
    const all = [first()];
    while (all.length < callers) all.push(other());
    await Promise.all(all);
    return calls * drawsPerCall;
  };
}

/** `inFlight` callers of draw(). */
export function singleDraws(pool, inFlight) {
  return closedLoop(inFlight, 1, () => pool.draw());
}

/** `batches` callers of drawEach(). */
export function batchedDraws(pool, batches, drawsPerBatch) {
  return closedLoop(batches, drawsPerBatch, () => pool.drawEach(drawsPerBatch));
}

/** One round trip of the floor after the other, as if each answered `draws` draws. */
export function floorRounds(draws, roundTrip) {
  return closedLoop(1, draws, roundTrip);
}

/**
 * The floor of a promise for each draw: `callers` of them, answered together by one
 * round trip with an object each.
 */
export function floorWithPromises(callers, roundTrip) {
  let resolvers = [];
  const send = async () => {
    await roundTrip();
    const asked = resolvers;
    resolvers = [];
    asked.forEach((resolve, i) => resolve({ requestId: BigInt(i), itemId: 'item' }));
  };
  return closedLoop(callers, 1, () => {
    return new Promise((resolve) => {
      if (resolvers.push(resolve) === 1) queueMicrotask(send);
    });
  });
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

function summary(slices, latenciesMs) {
  const rates = slices.toSorted((a, b) => a - b);
  const latencies = latenciesMs.toSorted((a, b) => a - b);
  return {
    drawsPerSecond: quantile(rates, 0.5),
    p50Us: 1000 * quantile(latencies, 0.5),
    p99Us: 1000 * quantile(latencies, 0.99),
    slices,
  };
}

/**
 * Runs the slices (name to function) by turns. Resolves to the summary of each;
 * `drawsPerSecond` is the median of its slices.
 */
export async function byTurns(slicesByName, { repetitions, sliceMs }) {
  const runs = Object.entries(slicesByName).map(([name, run]) => ({
    name,
    run,
    rates: [],
    latenciesMs: [],
  }));
  // The first repetition warms up: compilers, files, caches.
  for (let repetition = -1; repetition < repetitions; ++repetition) {
    for (const { run, rates, latenciesMs } of runs) {
      const latencies = [];
      const begin = performance.now();
      const draws = await run(sliceMs, latencies);
      const seconds = (performance.now() - begin) / 1000;
      if (repetition < 0) continue;
      rates.push(draws / seconds);
      for (const latency of latencies) latenciesMs.push(latency);
    }
    // Who goes first has the disk after a pause.
    runs.reverse();
  }
  return Object.fromEntries(
    runs.map(({ name, rates, latenciesMs }) => [name, summary(rates, latenciesMs)]),
  );
}

/** The median of a[i] / b[i]: what happened to both in one repetition cancels out. */
export function ratio(a, b) {
  return quantile(
    a.slices.map((rate, i) => rate / b.slices[i]).sort((x, y) => x - y),
    0.5,
  );
}

/** Bytes of log for each draw that the slice makes. */
async function walBytesPerDraw(pool, slice, sliceMs) {
  const before = await pool.stats();
  await slice(sliceMs, []);
  const after = await pool.stats();
  return (after.walBytes - before.walBytes) / (after.draws - before.draws);
}

/**
 * All rows of one pool. `makeRoundTrip(bytes)` makes the floor: a function that
 * writes and flushes so many bytes wherever this pool's log would be, and resolves
 * when it is answered.
 */
export async function measurePool(pool, makeRoundTrip, settings) {
  const rows = [];
  const add = async (call, inFlight, slice, hasPromises) => {
    const walBytes = await walBytesPerDraw(pool, slice, settings.sliceMs);
    const roundTrip = makeRoundTrip(Math.round(walBytes * inFlight));
    const results = await byTurns(
      {
        pool: slice,
        floor: floorRounds(inFlight, roundTrip),
        ...(hasPromises && { promises: floorWithPromises(inFlight, roundTrip) }),
      },
      settings,
    );
    rows.push({
      call,
      inFlight,
      ...results.pool,
      floor: results.floor,
      throughputToFloor: ratio(results.pool, results.floor),
      latencyToFloor: results.pool.p50Us / results.floor.p50Us,
      ...(hasPromises && {
        promises: results.promises,
        throughputToPromises: ratio(results.pool, results.promises),
      }),
      walBytesPerDraw: walBytes,
    });
  };
  for (const inFlight of [1, 256, 4096]) {
    await add('draw()', inFlight, singleDraws(pool, inFlight), inFlight > 1);
  }
  await add('drawEach(256)', 256, batchedDraws(pool, 1, 256), false);
  await add('drawEach(4096)', 4096, batchedDraws(pool, 1, 4096), false);
  return rows;
}
