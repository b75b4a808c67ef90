// What poolStorage.ts promises, asked of every implementation, in Node, in pages
// and in workers.
//
// A case is { name, needs, run(harness) }. A harness stands for one place of a pool,
// new for each case:
//   open(create = true)  the storage
//   delete()             the opener's
//   seed                 for the case that is random
//   keepsRoom            true: a closed segment may keep the room that was made for
//                        it (OPFS, whose slots are made once and for all)
// and, where `needs` names them:
//   limit(bytes)         from now on there is room for so many bytes more, about;
//                        undefined: as much as one likes
//   lose()               removes the place underneath
import { header, joined, pattern } from './bytes.mjs';
import { expect, expectBytes, expectCode, expectEqual } from './expect.mjs';

const CAPACITY_BYTES = 8192;

async function start(storage, number, capacityBytes = CAPACITY_BYTES) {
  await storage.startSegment(BigInt(number), capacityBytes, header(number));
}

async function append(storage, ...pieces) {
  for (const piece of pieces) await storage.append(piece);
}

async function numbers(storage) {
  return (await storage.list()).segments.map(({ number }) => Number(number));
}

async function expectSegment(storage, number, content, what = `segment ${number}`) {
  const bytes = await storage.readSegment(BigInt(number));
  expectBytes(bytes, content, what, { allowZeros: true });
}

async function withStorage(harness, use) {
  const storage = await harness.open();
  const result = await use(storage);
  await storage.close();
  return result;
}

/** The death of the program: nothing is closed in order. */
async function reopen(harness, storage) {
  storage.abandon();
  return harness.open();
}

const cases = [];
function add(name, run, needs = []) {
  cases.push({ name, needs, run });
}

add('a new place holds nothing', async (harness) => {
  await withStorage(harness, async (storage) => {
    expectEqual(await storage.list(), { segments: [], snapshots: [] });
  });
});

add('a place that is not there is not found, and asking does not make it', async (harness) => {
  for (let i = 0; i < 2; ++i) await expectCode('not-found', () => harness.open(false));
  await withStorage(harness, () => undefined);
  await (await harness.open(false)).close();
});

add('a started segment is listed and holds its header', async (harness) => {
  await withStorage(harness, async (storage) => {
    await start(storage, 1);
    expectEqual(await numbers(storage), [1]);
    await expectSegment(storage, 1, header(1));
  });
});

add('appended bytes are read at once and in order', async (harness) => {
  await withStorage(harness, async (storage) => {
    await start(storage, 1);
    let content = header(1);
    for (let i = 0; i < 20; ++i) {
      const bytes = pattern(1 + 17 * i, i);
      await storage.append(bytes);
      content = joined(content, bytes);
      await expectSegment(storage, 1, content);
    }
  });
});

add('the bytes of an append are the caller’s again when it is done', async (harness) => {
  let storage = await harness.open();
  await start(storage, 1);
  const bytes = pattern(5000, 1);
  await storage.append(bytes);
  bytes.fill(7);
  const small = pattern(10, 2);
  await storage.append(small);
  small.fill(7);
  await storage.sync();
  const content = joined(header(1), pattern(5000, 1), pattern(10, 2));
  await expectSegment(storage, 1, content);
  storage = await reopen(harness, storage);
  await expectSegment(storage, 1, content);
  await storage.close();
});

add('a view into a larger buffer is stored as what it shows', async (harness) => {
  let storage = await harness.open();
  const around = pattern(100_000, 3);
  const middle = around.subarray(40_000, 40_777);
  await start(storage, 1);
  await storage.append(middle);
  await storage.installSegment(7n, joined(header(7), middle).subarray(0, 400));
  await storage.publishSnapshot(5n, middle);
  storage = await reopen(harness, storage);
  await expectSegment(storage, 1, joined(header(1), middle));
  await expectSegment(storage, 7, joined(header(7), middle).slice(0, 400));
  expectBytes(await storage.loadSnapshot(5n), middle, 'snapshot');
  await storage.close();
});

add('what was appended outlives the program, synced or not', async (harness) => {
  let storage = await harness.open();
  await start(storage, 1);
  await storage.append(pattern(300, 1));
  await storage.sync();
  await storage.append(pattern(300, 2));
  storage = await reopen(harness, storage);
  expectEqual(await numbers(storage), [1]);
  await expectSegment(storage, 1, joined(header(1), pattern(300, 1), pattern(300, 2)));
  await storage.close();
});

add('appends beyond the capacity work', async (harness) => {
  let storage = await harness.open();
  await start(storage, 1);
  let content = header(1);
  for (let i = 0; i < 5; ++i) {
    const bytes = pattern(CAPACITY_BYTES - 100, i);
    await storage.append(bytes);
    content = joined(content, bytes);
  }
  await storage.sync();
  await expectSegment(storage, 1, content);
  storage = await reopen(harness, storage);
  await expectSegment(storage, 1, content);
  await storage.close();
});

add('8 MiB at once and bytes one by one are all kept', async (harness) => {
  let storage = await harness.open();
  const large = pattern(8 * 1024 * 1024, 1);
  const tiny = pattern(3000, 2);
  await start(storage, 1, 16 * 1024 * 1024);
  await storage.append(large);
  for (let i = 0; i < tiny.length; ++i) await storage.append(tiny.subarray(i, i + 1));
  await storage.append(large.subarray(0, 100_000));
  await storage.sync();
  const content = joined(header(1), large, tiny, large.subarray(0, 100_000));
  await expectSegment(storage, 1, content);
  storage = await reopen(harness, storage);
  await expectSegment(storage, 1, content);
  await storage.close();
});

add('closing gives back room that was not used, where the storage says so', async (harness) => {
  for (const capacityBytes of [CAPACITY_BYTES, 4 * 1024 * 1024]) {
    const number = capacityBytes;
    let storage = await harness.open();
    await start(storage, number, capacityBytes);
    await storage.append(pattern(10, 1));
    await storage.close();
    storage = await harness.open();
    const { segments } = await storage.list();
    const { bytes } = segments.find((segment) => segment.number === BigInt(number));
    const most = harness.keepsRoom ? capacityBytes : 74;
    expect(bytes >= 74 && bytes <= most, `${bytes} bytes are stored`);
    await expectSegment(storage, number, joined(header(number), pattern(10, 1)));
    await storage.close();
  }
});

add('nothing is appended unless a segment is open', async (harness) => {
  let storage = await harness.open();
  await expectCode('closed', () => storage.append(pattern(1, 1)));
  await start(storage, 1);
  await storage.close();
  storage = await harness.open();
  await expectCode('closed', () => storage.append(pattern(1, 1)));
  await expectSegment(storage, 1, header(1));
  await storage.close();
});

add('syncing and closing nothing are fine, and closing twice', async (harness) => {
  const storage = await harness.open();
  await storage.sync();
  await storage.close();
  await storage.close();
  storage.abandon();
  const next = await harness.open();
  // The one that let go has no hold on the next one's place.
  await storage.close();
  storage.abandon();
  await expectCode('busy', () => harness.open());
  await start(next, 1);
  await next.close();
});

add('a closed storage refuses to change anything', async (harness) => {
  const storage = await harness.open();
  await start(storage, 1);
  await storage.append(pattern(10, 1));
  await storage.close();
  await expectCode('closed', () => storage.append(pattern(10, 2)));
  await expectCode('closed', () => storage.startSegment(2n, CAPACITY_BYTES, header(2)));
  await expectCode('closed', () => storage.publishSnapshot(1n, pattern(10, 3)));
  await withStorage(harness, async (again) => {
    expectEqual(await numbers(again), [1]);
    await expectSegment(again, 1, joined(header(1), pattern(10, 1)));
  });
});

add('segments follow one another and keep their bytes', async (harness) => {
  let storage = await harness.open();
  const started = [1, 2, 3, 7, 8];
  for (const number of started) {
    await start(storage, number);
    await storage.append(pattern(6000, number));
  }
  for (let round = 0; round < 2; ++round) {
    expectEqual(await numbers(storage), started);
    for (const number of started) {
      await expectSegment(storage, number, joined(header(number), pattern(6000, number)));
    }
    await storage.close();
    storage = await harness.open();
  }
  await storage.close();
});

add('numbers of segments have 64 bits and sort as numbers do', async (harness) => {
  let storage = await harness.open();
  const large = [9n, 10n, 2n ** 53n + 1n, 2n ** 63n + 3n];
  for (const number of large) {
    await storage.startSegment(number, CAPACITY_BYTES, header(number));
    await storage.append(pattern(5, Number(number % 100n)));
  }
  for (const name of [11n, 9n, 2n ** 63n]) await storage.publishSnapshot(name, pattern(5, 1));
  storage = await reopen(harness, storage);
  const { segments, snapshots } = await storage.list();
  expectEqual(segments.map(({ number }) => number), large);
  expectEqual(snapshots, [9n, 11n, 2n ** 63n]);
  await storage.close();
});

add('after reopening it goes on in a new segment', async (harness) => {
  let storage = await harness.open();
  await start(storage, 1);
  await storage.append(pattern(9, 9));
  storage = await reopen(harness, storage);
  await start(storage, 2);
  await storage.append(pattern(5, 1));
  await expectSegment(storage, 1, joined(header(1), pattern(9, 9)));
  await expectSegment(storage, 2, joined(header(2), pattern(5, 1)));
  await storage.close();
});

add('a segment that holds something is never written over', async (harness) => {
  let storage = await harness.open();
  const refused = (number) =>
    expectCode('invalid-argument', () =>
      storage.startSegment(BigInt(number), CAPACITY_BYTES, header(number, 1)),
    );
  await start(storage, 4);
  await storage.append(pattern(5, 1));
  await refused(4);
  await refused(3);
  await storage.append(pattern(5, 2));
  const content = joined(header(4), pattern(5, 1), pattern(5, 2));
  await expectSegment(storage, 4, content);
  storage = await reopen(harness, storage);
  await refused(4);
  await refused(3);
  await expectSegment(storage, 4, content);
  await storage.close();
});

add('a segment with nothing behind its header is written anew', async (harness) => {
  let storage = await harness.open();
  await start(storage, 4);
  await storage.sync();
  storage = await reopen(harness, storage);
  await storage.startSegment(4n, CAPACITY_BYTES, header(4, 99));
  await storage.append(pattern(5, 1));
  storage = await reopen(harness, storage);
  await expectSegment(storage, 4, joined(header(4, 99), pattern(5, 1)));
  await storage.close();
});

add('cutting a segment keeps what is before and nothing behind, anywhere', async (harness) => {
  let storage = await harness.open();
  const bytes = pattern(10_000, 1);
  const content = joined(header(1), bytes);
  await start(storage, 1, 16_384);
  for (let at = 0; at < bytes.length; at += 700) await storage.append(bytes.slice(at, at + 700));
  storage = await reopen(harness, storage);
  for (const length of [10_063, 9000, 8192, 4161, 4160, 4159, 4097, 4096, 200, 65, 64]) {
    await storage.truncateSegment(1n, length);
    expectEqual((await storage.list()).segments, [{ number: 1n, bytes: length }]);
    expectBytes(await storage.readSegment(1n), content.slice(0, length), `cut to ${length}`);
    storage = await reopen(harness, storage);
    expectEqual((await storage.list()).segments, [{ number: 1n, bytes: length }]);
    expectBytes(await storage.readSegment(1n), content.slice(0, length), `reopened at ${length}`);
  }
  await storage.close();
});

add('cutting never makes a segment longer', async (harness) => {
  await withStorage(harness, async (storage) => {
    await start(storage, 1);
    await start(storage, 2);
    await storage.close();
  });
  await withStorage(harness, async (storage) => {
    const { bytes } = (await storage.list()).segments[0];
    await expectCode('invalid-argument', () => storage.truncateSegment(1n, bytes + 1));
    await expectSegment(storage, 1, header(1));
  });
});

add('writing a segment again changes nothing and may be repeated', async (harness) => {
  let storage = await harness.open();
  const content = joined(header(1), pattern(10_000, 1));
  await start(storage, 1);
  await storage.append(pattern(10_000, 1));
  for (let round = 0; round < 3; ++round) {
    storage = await reopen(harness, storage);
    await storage.persistSegment(1n);
    await expectSegment(storage, 1, content);
  }
  await storage.close();
});

add('removed segments stay removed', async (harness) => {
  let storage = await harness.open();
  for (const number of [1, 2, 3]) {
    await start(storage, number);
    await storage.append(pattern(100, number));
  }
  await storage.removeSegment(1n);
  await storage.removeSegment(1n);
  expectEqual(await numbers(storage), [2, 3]);
  await expectCode('not-found', () => storage.readSegment(1n));
  storage = await reopen(harness, storage);
  expectEqual(await numbers(storage), [2, 3]);
  await storage.close();
});

add('what a removed segment held never shows in a later one', async (harness) => {
  let storage = await harness.open();
  // Long ones and short ones in turn, through every place that may be used again.
  for (let number = 1; number <= 30; ++number) {
    const length = number % 3 === 0 ? 20 : 7000;
    await start(storage, number);
    await storage.append(pattern(length, number));
    await expectSegment(storage, number, joined(header(number), pattern(length, number)));
    if (number > 2) await storage.removeSegment(BigInt(number - 2));
    if (number % 10 === 0) storage = await reopen(harness, storage);
    expectEqual(await numbers(storage), number === 1 ? [1] : [number - 1, number]);
  }
  await storage.close();
});

add('more segments than any fixed number of places are kept', async (harness) => {
  let storage = await harness.open();
  const all = Array.from({ length: 25 }, (_, i) => i + 1);
  for (const number of all) {
    await start(storage, number, 1024);
    await storage.append(pattern(50, number));
  }
  storage = await reopen(harness, storage);
  expectEqual(await numbers(storage), all);
  for (const number of all) {
    await expectSegment(storage, number, joined(header(number), pattern(50, number)));
  }
  await storage.close();
});

add('a segment that is not there is not found', async (harness) => {
  await withStorage(harness, async (storage) => {
    for (const round of ['none is open', 'one is open']) {
      await expectCode('not-found', () => storage.readSegment(9n), round);
      await expectCode('not-found', () => storage.truncateSegment(9n, 0), round);
      await expectCode('not-found', () => storage.persistSegment(9n), round);
      await storage.removeSegment(9n);
      if (round === 'none is open') await start(storage, 8);
    }
  });
});

add('the open segment is neither cut nor removed nor written again', async (harness) => {
  await withStorage(harness, async (storage) => {
    await start(storage, 1);
    await storage.append(pattern(50, 1));
    await expectCode('invalid-argument', () => storage.truncateSegment(1n, 64));
    await expectCode('invalid-argument', () => storage.persistSegment(1n));
    await expectCode('invalid-argument', () => storage.removeSegment(1n));
    await expectCode('invalid-argument', () => storage.installSegment(1n, header(1)));
    await storage.append(pattern(50, 2));
    await expectSegment(storage, 1, joined(header(1), pattern(50, 1), pattern(50, 2)));
  });
});

add('what is made ready for the next segment is not listed', async (harness) => {
  let storage = await harness.open();
  await start(storage, 1, 1024 * 1024);
  for (let i = 0; i < 12; ++i) {
    await storage.append(pattern(80_000, i));
    await storage.sync();
    expectEqual(await numbers(storage), [1]);
  }
  await storage.removeSegment(2n);
  await expectCode('not-found', () => storage.truncateSegment(2n, 0));
  storage = await reopen(harness, storage);
  expectEqual(await numbers(storage), [1]);
  await start(storage, 2);
  await storage.append(pattern(10, 50));
  await storage.close();
  storage = await harness.open();
  expectEqual(await numbers(storage), [1, 2]);
  await expectSegment(storage, 2, joined(header(2), pattern(10, 50)));
  await storage.close();
});

add('installed segments are whole, and only where none is', async (harness) => {
  let storage = await harness.open();
  const sizes = { 5: 100_000, 3: 0, 4: 4096, 2: 3_000_000 };
  const contentOf = (number) => joined(header(number), pattern(sizes[number], number));
  for (const number of [5, 4, 3, 2]) await storage.installSegment(BigInt(number), contentOf(number));
  await expectCode('invalid-argument', () => storage.installSegment(4n, header(4)));
  for (let round = 0; round < 2; ++round) {
    expectEqual(await numbers(storage), [2, 3, 4, 5]);
    for (const number of [2, 3, 4, 5]) {
      expectBytes(await storage.readSegment(BigInt(number)), contentOf(number), `segment ${number}`);
    }
    storage = await reopen(harness, storage);
  }
  await start(storage, 6);
  await storage.append(pattern(10, 1));
  await storage.truncateSegment(5n, 5000);
  await storage.removeSegment(2n);
  storage = await reopen(harness, storage);
  expectEqual(await numbers(storage), [3, 4, 5, 6]);
  expectBytes(await storage.readSegment(5n), contentOf(5).slice(0, 5000), 'segment 5, cut');
  await storage.close();
});

add('snapshots are listed by name and come back as published', async (harness) => {
  let storage = await harness.open();
  const sizes = new Map([[1000n, 10], [20n, 0], [300n, 2_000_000]]);
  for (const [name, size] of sizes) await storage.publishSnapshot(name, pattern(size, size));
  for (let round = 0; round < 2; ++round) {
    expectEqual((await storage.list()).snapshots, [20n, 300n, 1000n]);
    for (const [name, size] of sizes) {
      expectBytes(await storage.loadSnapshot(name), pattern(size, size), `snapshot ${name}`);
    }
    storage = await reopen(harness, storage);
  }
  await expectCode('not-found', () => storage.loadSnapshot(21n));
  await storage.close();
});

add('zeros at the end of a snapshot are part of it', async (harness) => {
  let storage = await harness.open();
  await storage.publishSnapshot(1n, joined(pattern(10, 1), new Uint8Array(5000)));
  await storage.publishSnapshot(2n, new Uint8Array(100));
  storage = await reopen(harness, storage);
  expectBytes(await storage.loadSnapshot(1n), joined(pattern(10, 1), new Uint8Array(5000)), 'one');
  expectBytes(await storage.loadSnapshot(2n), new Uint8Array(100), 'the other');
  await storage.close();
});

add('a snapshot of the same name is replaced, longer or shorter', async (harness) => {
  let storage = await harness.open();
  await storage.publishSnapshot(6n, pattern(10, 77));
  for (const size of [5000, 100, 70_000, 0, 1]) {
    await storage.publishSnapshot(7n, pattern(size, size));
    expectEqual((await storage.list()).snapshots, [6n, 7n]);
    expectBytes(await storage.loadSnapshot(7n), pattern(size, size), 'at once');
    storage = await reopen(harness, storage);
    expectEqual((await storage.list()).snapshots, [6n, 7n]);
    expectBytes(await storage.loadSnapshot(7n), pattern(size, size), 'reopened');
  }
  expectBytes(await storage.loadSnapshot(6n), pattern(10, 77), 'the other');
  await storage.close();
});

add('removed snapshots stay removed, and their places are used again', async (harness) => {
  let storage = await harness.open();
  for (let name = 1n; name <= 20n; ++name) {
    await storage.publishSnapshot(name, pattern(1000, Number(name)));
    if (name > 2n) await storage.removeSnapshot(name - 2n);
  }
  await storage.removeSnapshot(5n);
  storage = await reopen(harness, storage);
  expectEqual((await storage.list()).snapshots, [19n, 20n]);
  await expectCode('not-found', () => storage.loadSnapshot(18n));
  await storage.close();
});

add('a second opener is busy until the first has let go', async (harness) => {
  let storage = await harness.open();
  await start(storage, 1);
  await storage.append(pattern(10, 1));
  await expectCode('busy', () => harness.open());
  await expectCode('busy', () => harness.open(false));
  await expectCode('busy', () => harness.delete());
  await storage.append(pattern(10, 2));
  await storage.close();
  storage = await harness.open();
  await expectSegment(storage, 1, joined(header(1), pattern(10, 1), pattern(10, 2)));
  storage.abandon();
  await (await harness.open()).close();
});

add('a deleted pool is gone, and deleting nothing is fine', async (harness) => {
  await harness.delete();
  await withStorage(harness, async (storage) => {
    await start(storage, 1);
    await storage.append(pattern(10, 1));
    await storage.publishSnapshot(1n, pattern(10, 1));
  });
  await harness.delete();
  await expectCode('not-found', () => harness.open(false));
  await harness.delete();
  await withStorage(harness, async (storage) => {
    expectEqual(await storage.list(), { segments: [], snapshots: [] });
  });
});

add('a storage that is there passes the probe', async (harness) => {
  await withStorage(harness, async (storage) => {
    await storage.probe();
    await start(storage, 1);
    await storage.probe();
  });
});

add('abandoning in the middle of an append leaves all of it or a beginning', async (harness) => {
  let storage = await harness.open();
  await start(storage, 1, 1024 * 1024);
  await storage.append(pattern(100, 1));
  await storage.sync();
  const last = pattern(500_000, 2);
  // What becomes of it is not told to anyone.
  const appending = (async () => storage.append(last))().then(
    () => undefined,
    () => undefined,
  );
  storage = await reopen(harness, storage);
  await appending;
  const bytes = await storage.readSegment(1n);
  expectBytes(bytes.slice(0, 164), joined(header(1), pattern(100, 1)), 'what was synced');
  let same = 0;
  while (same < last.length && bytes[164 + same] === last[same]) ++same;
  expect(bytes.subarray(164 + same).every((byte) => byte === 0), 'there is something else');
  await storage.close();
});

add('reading, snapshots and removals go on beside appends and syncs', async (harness) => {
  let storage = await harness.open();
  const contents = new Map();
  for (let number = 1; number <= 6; ++number) {
    await start(storage, number, 65_536);
    const pieces = [header(number)];
    const beside = (async () => {
      for (const name of [10n, 20n]) await storage.publishSnapshot(name, pattern(9000, number));
      if (number < 3) return;
      await expectSegment(storage, number - 1, contents.get(number - 1));
      await storage.removeSnapshot(10n);
      await storage.removeSegment(BigInt(number - 2));
      const listed = await numbers(storage);
      expect(!listed.includes(number - 2) && listed.includes(number), `listed: ${listed}`);
    })();
    for (let i = 0; i < 12; ++i) {
      pieces.push(pattern(1 + 300 * i, i));
      await storage.append(pieces.at(-1));
      await storage.sync();
    }
    contents.set(number, joined(...pieces));
    await beside;
  }
  storage = await reopen(harness, storage);
  expectEqual(await numbers(storage), [5, 6]);
  for (const number of [5, 6]) await expectSegment(storage, number, contents.get(number));
  expectEqual((await storage.list()).snapshots, [20n]);
  expectBytes(await storage.loadSnapshot(20n), pattern(9000, 6), 'snapshot');
  await storage.close();
});

add('any sequence of calls leaves what a simple model says', async (harness) => {
  let state = harness.seed >>> 0;
  const below = (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  const pick = (list) => list[below(list.length)];
  const segments = new Map(); // number -> content
  const snapshots = new Map();
  let open;
  let storage = await harness.open();
  const history = [];
  const closed = () => [...segments.keys()].filter((number) => number !== open);

  const check = async () => {
    const listing = await storage.list();
    const ascending = (a, b) => a - b;
    expectEqual(listing.segments.map(({ number }) => Number(number)), [...segments.keys()].sort(ascending));
    expectEqual(listing.snapshots.map(Number), [...snapshots.keys()].sort(ascending));
    for (const [number, content] of segments) await expectSegment(storage, number, content);
    for (const [name, content] of snapshots) {
      expectBytes(await storage.loadSnapshot(BigInt(name)), content, `snapshot ${name}`);
    }
  };

  const actions = {
    start: async () => {
      const number = Math.max(0, ...segments.keys()) + 1 + below(2);
      const first = pattern(1 + below(50), number);
      await start(storage, number, 64 + below(20_000));
      await storage.append(first);
      segments.set(number, joined(header(number), first));
      open = number;
    },
    append: async () => {
      if (open === undefined) return;
      for (let count = below(5); count >= 0; --count) {
        const bytes = pattern(1 + below(pick([4, 100, 6000])), below(1000));
        await storage.append(bytes);
        segments.set(open, joined(segments.get(open), bytes));
      }
    },
    sync: () => storage.sync(),
    cut: async () => {
      const number = pick(closed());
      if (number === undefined) return;
      const length = 64 + below(segments.get(number).length - 63);
      await storage.truncateSegment(BigInt(number), length);
      segments.set(number, segments.get(number).slice(0, length));
    },
    persist: async () => {
      const number = pick(closed());
      if (number !== undefined) await storage.persistSegment(BigInt(number));
    },
    remove: async () => {
      const number = pick(closed());
      if (number === undefined) return;
      await storage.removeSegment(BigInt(number));
      segments.delete(number);
    },
    publish: async () => {
      const name = pick([...snapshots.keys(), below(100)]);
      if (snapshots.size >= 3 && !snapshots.has(name)) return;
      const bytes = pattern(below(9000), below(1000));
      await storage.publishSnapshot(BigInt(name), bytes);
      snapshots.set(name, bytes);
    },
    removeSnapshot: async () => {
      const name = pick([...snapshots.keys()]);
      if (name === undefined) return;
      await storage.removeSnapshot(BigInt(name));
      snapshots.delete(name);
    },
    install: async () => {
      const number = 1 + below(60);
      if (segments.has(number) || (open !== undefined && number > open)) return;
      const content = joined(header(number), pattern(below(5000), number));
      await storage.installSegment(BigInt(number), content);
      segments.set(number, content);
    },
    close: async () => {
      await storage.close();
      storage = await harness.open();
      open = undefined;
    },
    kill: async () => {
      storage = await reopen(harness, storage);
      open = undefined;
    },
  };
  const names = Object.keys(actions);
  try {
    for (let step = 0; step < 250; ++step) {
      const name = pick([...names, 'append', 'append', 'append', 'sync', 'remove']);
      history.push(name);
      await actions[name]();
      if (name === 'kill' || name === 'close' || step % 10 === 0) await check();
    }
    await check();
  } catch (error) {
    error.message = `seed ${harness.seed}, after ${history.slice(-12)}: ${error.message}`;
    throw error;
  }
  await storage.close();
});

add(
  'a log without room refuses and changes nothing, and goes on when there is some',
  async (harness) => {
    let storage = await harness.open();
    await start(storage, 1, 65_536);
    let content = header(1);
    const appendAndNote = async (bytes) => {
      await storage.append(bytes);
      content = joined(content, bytes);
    };
    await appendAndNote(pattern(1000, 1));
    await storage.sync();
    await harness.limit(200_000);
    const piece = pattern(300_000, 2);
    let refusals = 0;
    for (let i = 0; i < 10 && refusals < 3; ++i) {
      try {
        await appendAndNote(piece);
      } catch (error) {
        expectEqual(error.code, 'full', error.stack);
        ++refusals;
      }
      await expectSegment(storage, 1, content, 'after a refusal');
    }
    expectEqual(refusals, 3, 'refusals');
    await storage.sync();
    await harness.limit(undefined);
    await appendAndNote(pattern(2000, 3));
    await appendAndNote(piece);
    await storage.sync();
    await expectSegment(storage, 1, content);
    storage = await reopen(harness, storage);
    await expectSegment(storage, 1, content, 'reopened');
    await storage.close();
  },
  ['limit'],
);

add(
  'a segment without room is not started, and the one before stays open',
  async (harness) => {
    let storage = await harness.open();
    await start(storage, 1, 4096);
    await storage.append(pattern(1000, 1));
    await harness.limit(100_000);
    // A storage that makes no room ahead may start it, but not fill it.
    let number = 2;
    try {
      await start(storage, number, 4 * 1024 * 1024);
      await storage.append(pattern(3_000_000, 2));
      throw new Error('nothing was refused');
    } catch (error) {
      expectEqual(error.code, 'full', error.stack);
    }
    await expectSegment(storage, 1, joined(header(1), pattern(1000, 1)));
    await harness.limit(undefined);
    if ((await numbers(storage)).includes(number)) ++number;
    else {
      await storage.append(pattern(1000, 3));
      await storage.sync();
      await expectSegment(storage, 1, joined(header(1), pattern(1000, 1), pattern(1000, 3)));
    }
    await start(storage, number, 4096);
    await storage.append(pattern(10, 4));
    storage = await reopen(harness, storage);
    await expectSegment(storage, number, joined(header(number), pattern(10, 4)));
    await storage.close();
  },
  ['limit'],
);

add(
  'a snapshot without room is refused, and the others are untouched',
  async (harness) => {
    let storage = await harness.open();
    await storage.publishSnapshot(1n, pattern(1000, 1));
    await storage.publishSnapshot(2n, pattern(1000, 2));
    await harness.limit(200_000);
    const large = pattern(3_000_000, 3);
    await expectCode('full', () => storage.publishSnapshot(3n, large), 'a new one');
    await expectCode('full', () => storage.publishSnapshot(2n, large), 'a replacing one');
    for (let round = 0; round < 2; ++round) {
      expectEqual((await storage.list()).snapshots, [1n, 2n]);
      expectBytes(await storage.loadSnapshot(1n), pattern(1000, 1), 'the first');
      expectBytes(await storage.loadSnapshot(2n), pattern(1000, 2), 'the second');
      storage = await reopen(harness, storage);
    }
    await harness.limit(undefined);
    await storage.publishSnapshot(3n, large);
    storage = await reopen(harness, storage);
    expectBytes(await storage.loadSnapshot(3n), large, 'the third');
    await storage.close();
  },
  ['limit'],
);

add(
  'a storage that was removed underneath is lost, and is let go of',
  async (harness) => {
    const storage = await harness.open();
    await start(storage, 1);
    await storage.append(pattern(1000, 1));
    await storage.sync();
    await harness.lose();
    await expectCode('store-lost', () => storage.probe());
    storage.abandon();
    await withStorage(harness, async (again) => {
      expectEqual(await again.list(), { segments: [], snapshots: [] });
      await start(again, 1);
      await again.append(pattern(10, 1));
    });
  },
  ['lose'],
);

/** The cases that `harness` can run. */
export function casesFor(harness) {
  return cases.filter(({ needs }) => needs.every((need) => harness[need] !== undefined));
}
