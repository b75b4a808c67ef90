// What may be typed, what a link says, and what a run counts.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { RewardPool } from 'rewardpool';

import { loadParts } from './parts.mjs';

let parts;
before(async () => {
  parts = await loadParts();
});

const awkward = {
  seed: 2n ** 64n - 1n,
  items: [
    { itemId: 'a,b&c=d#e?f+g h%20;"\'\\', weight: 2n ** 62n, quantity: 'unlimited' },
    { itemId: 'élan 🎁', weight: 0n, quantity: 2n ** 63n - 1n },
    { itemId: ' ', weight: 1n, quantity: 0n },
  ],
};

describe('a link', () => {
  test('brings back the same pool, whatever its names and numbers', () => {
    for (const config of [awkward, parts.FIRST_CONFIG]) {
      const linked = parts.fromHash(parts.toHash({ config, draws: 1234 }));
      assert.deepEqual(linked, { config, draws: 1234 });
    }
  });

  test('brings it back also when a browser has parsed it', () => {
    const { hash } = new URL(parts.toHash({ config: awkward, draws: 0 }), 'http://localhost/page.html');
    assert.deepEqual(parts.fromHash(hash), { config: awkward, draws: 0 });
  });

  test('does not ask for more draws than are made unasked', () => {
    const hash = parts.toHash({ config: awkward, draws: parts.LINKED_DRAWS_MAX + 1 });
    assert.equal(parts.fromHash(hash).draws, 0);
    assert.match(parts.fromHash(`${hash}&draws=10000001`), /number of draws/);
  });

  test('to a part of the page is none to a pool', () => {
    for (const hash of ['', '#', '#draw', '#seed=3']) assert.equal(parts.fromHash(hash), undefined);
  });

  test('that is damaged is refused with the reason', () => {
    for (const [hash, reason] of [
      ['#seed=1&item=1,2', /name is missing/],
      ['#seed=1&item=x,2,a', /Whole numbers/],
      ['#seed=1&item=1,2,a&item=1,2,a', /Another item/],
      ['#seed=&item=1,2,a', /number is missing/],
      ['#seed=18446744073709551616&item=1,2,a', /The most is/],
      ['#seed=1&item=0,2,a', /nothing can be drawn/],
      ['#seed=1&draws=1.5&item=1,2,a', /number of draws/],
      ['#seed=1&draws=-1&item=1,2,a', /number of draws/],
    ]) {
      assert.match(parts.fromHash(hash), reason, hash);
    }
  });
});

describe('what is typed', () => {
  test('is a whole number in digits, or a complaint', () => {
    const max = 1000n;
    for (const [text, expected] of [
      ['0', 0n],
      ['0007', 7n],
      [' 12 ', 12n],
      ['1,000', 1000n],
      ['1 000', 1000n],
      ['1,,000', /digits/],
      ['', /missing/],
      ['-1', /negative/],
      ['1.5', /Whole numbers/],
      ['1e3', /digits/],
      ['0x10', /digits/],
      ['1001', /The most is 1,000/],
      ['NaN', /digits/],
    ]) {
      const value = parts.parseWhole(text, max);
      if (expected instanceof RegExp) assert.match(value, expected, text);
      else assert.equal(value, expected, text);
    }
  });

  test('is marked where it is wrong, and nowhere else', () => {
    const row = (number, itemId, weight, quantity, unlimited = false) => ({
      row: number,
      itemId,
      weight,
      quantity,
      unlimited,
    });
    const items = [
      row(1, 'a', '1', 'x', true),
      row(2, 'a', '-1', '1'),
      row(3, '', '1', ''),
      row(4, 'b'.repeat(256), '1', '1'),
    ];
    const { config, problems } = parts.checkDraft({ items, seed: '1' });
    assert.equal(config, undefined);
    const where = [...problems.fields].map(([number, fields]) => [number, Object.keys(fields)]);
    assert.deepEqual(where, [
      [2, ['itemId', 'weight']],
      [3, ['itemId', 'quantity']],
      [4, ['itemId']],
    ]);
  });

  test('may not add up to more than the engine can hold', () => {
    const item = (itemId) => ({ row: 1, itemId, weight: String(2n ** 62n), quantity: '1', unlimited: false });
    const one = parts.checkDraft({ items: [item('a')], seed: '1' });
    const two = parts.checkDraft({ items: [item('a'), { ...item('b'), row: 2 }], seed: '1' });
    assert.notEqual(one.config, undefined);
    assert.match(two.problems.pool, /add up to 9,223,372,036,854,775,808/);
  });

  test('is what the engine takes: every preset opens', async () => {
    for (const { items, id } of parts.PRESETS) {
      const pool = await RewardPool.open({ catalog: items });
      await pool.draw();
      await pool.close();
      assert.ok(id);
    }
  });
});

describe('a run', () => {
  const config = {
    seed: 3n,
    items: [
      { itemId: 'rare', weight: 1n, quantity: 'unlimited' },
      { itemId: 'gone', weight: 5n, quantity: 40n },
      { itemId: 'common', weight: 20n, quantity: 'unlimited' },
    ],
  };

  /** What a pool of its own says of the same draws. */
  async function drawsOf({ items, seed }, count) {
    const pool = await RewardPool.open({ catalog: items, insecureSeed: seed });
    const { picks, itemIds } = await pool.drawEach(count);
    await pool.close();
    return Array.from(picks, (pick) => items.findIndex(({ itemId }) => itemId === itemIds[pick]));
  }

  test('counts each draw once, and knows how it stood at every checkpoint', async () => {
    const playground = new parts.Playground(config);
    await playground.restart(config);
    for (const count of [1, 10, 1000, 3]) await playground.draw(count);
    const { draws, counts, trajectory, recent } = playground.tally.value;
    assert.equal(draws, 1014);
    const expected = await drawsOf(config, 1014);
    const countsAt = (end) =>
      config.items.map((_, i) => expected.slice(0, end).filter((pick) => pick === i).length);
    assert.deepEqual(counts, countsAt(1014));
    assert.deepEqual(recent, expected.slice(-24).reverse());
    const checkpoints = parts.CHECKPOINTS.filter((checkpoint) => checkpoint <= 1014);
    assert.deepEqual(trajectory, checkpoints.map(countsAt));
    await playground.pool.close();
  });

  test('ends when nothing is left', async () => {
    const small = { seed: 1n, items: [{ itemId: 'a', weight: 1n, quantity: 700n }] };
    const playground = new parts.Playground(small);
    await playground.restart(small);
    await playground.draw(1_000_000);
    assert.equal(playground.tally.value.draws, 700);
    assert.equal(playground.tally.value.exhausted, true);
    assert.equal(playground.activity.value.kind, 'idle');
    await playground.pool.close();
  });

  test('ends when it is stopped, and goes on from there', async () => {
    const playground = new parts.Playground(config);
    await playground.restart(config);
    const stop = playground.tally.watch(({ draws }) => {
      if (draws > 0) playground.stop();
    });
    await playground.draw(Infinity);
    stop();
    const { draws } = playground.tally.value;
    assert.ok(draws > 0);
    await playground.draw(5);
    assert.equal(playground.tally.value.draws, draws + 5);
    const expected = await drawsOf(config, draws + 5);
    assert.equal(playground.tally.value.recent[0], expected.at(-1));
    await playground.pool.close();
  });

  test('of a pool that was replaced meanwhile counts for nothing', async () => {
    const playground = new parts.Playground(config);
    await playground.restart(config);
    const drawing = playground.draw(Infinity);
    await playground.restart({ ...config, seed: 4n });
    await drawing;
    assert.equal(playground.tally.value.draws, 0);
    assert.equal(playground.tally.value.config.seed, 4n);
    await playground.draw(10);
    assert.equal(playground.tally.value.draws, 10);
    await playground.pool.close();
  });
});

describe('of many questions', () => {
  test('the first and the last are asked, and those before a cancel are not answered', async () => {
    const latest = new parts.Latest();
    const asked = [];
    const answers = [];
    const ask = (number) =>
      latest.run(
        async () => {
          asked.push(number);
          await null;
          return number;
        },
        (answer) => answers.push(answer),
        assert.fail,
      );
    for (const number of [1, 2, 3]) ask(number);
    await new Promise((go) => setImmediate(go));
    assert.deepEqual([asked, answers], [[1, 3], [1, 3]]);
    ask(4);
    latest.cancel();
    ask(5);
    await new Promise((go) => setImmediate(go));
    assert.deepEqual(answers, [1, 3, 5]);
  });
});

describe('a band', () => {
  /** A binomial distribution, in the form in which the package gives it. */
  function binomial(n, p) {
    const exactly = new Float64Array(n + 1);
    exactly[0] = (1 - p) ** n;
    for (let k = 1; k <= n; ++k) exactly[k] = (exactly[k - 1] * (n - k + 1) * p) / (k * (1 - p));
    const atLeast = exactly.slice();
    for (let k = n - 1; k >= 0; --k) atLeast[k] += atLeast[k + 1];
    return { firstCount: 0, exactly, atLeast };
  }
  const sum = (values) => values.reduce((total, value) => total + value, 0);

  test('misses at most half of what it may on each side, and could not be narrower', () => {
    for (const [n, p] of [[1, 0.5], [10, 0.001], [50, 0.1], [100, 0.5], [400, 0.6]]) {
      for (const missMax of [0.05, 0.0125, 1e-4]) {
        const counts = binomial(n, p);
        const { low, high } = parts.bandOf(counts, missMax);
        const below = (k) => sum(counts.exactly.slice(0, k));
        const above = (k) => sum(counts.exactly.slice(k + 1));
        const where = `n ${n}, p ${p}, ${missMax}: ${low} to ${high}`;
        const slack = 1e-12;
        assert.ok(below(low) <= missMax / 2 + slack && above(high) <= missMax / 2 + slack, where);
        assert.ok(below(low + 1) > missMax / 2 - slack, where);
        assert.ok(high === 0 || above(high - 1) > missMax / 2 - slack, where);
      }
    }
  });

  test('says how often so few, and so many, come', () => {
    const counts = binomial(20, 0.3);
    const shifted = { firstCount: 2, exactly: counts.exactly.slice(2), atLeast: counts.atLeast.slice(2) };
    for (const units of [0, 1, 2, 6, 20, 21]) {
      const { atMost, atLeast } = parts.tailsAt(counts, units);
      assert.ok(Math.abs(atMost - sum(counts.exactly.slice(0, units + 1))) < 1e-12);
      assert.ok(Math.abs(atLeast - sum(counts.exactly.slice(units))) < 1e-12);
      if (units > 2) assert.deepEqual(parts.tailsAt(shifted, units), { atMost, atLeast });
    }
  });
});

test('numbers are written so that they can be read', () => {
  assert.equal(parts.percent(0), '0%');
  assert.equal(parts.percent(1), '100%');
  assert.equal(parts.percent(0.5), '50%');
  assert.equal(parts.percent(1 / 3), '33.3%');
  assert.equal(parts.percent(2e-5), '0.002%');
  assert.equal(parts.percent(0.999998), '99.9998%');
  assert.equal(parts.percent(1e-12), '1.0e-10%');
  assert.equal(parts.percentTo(0.1, 0.00067), '10.000%');
  assert.equal(parts.percentTo(0.25, 0.2), '25%');
  assert.equal(parts.percentTo(0.25, 0), '25%');
  assert.equal(parts.decimal(Infinity), 'never');
  assert.equal(parts.decimal(59.49), '59.5');
  assert.equal(parts.errorBound(3e-13), '10⁻¹²');
  assert.equal(parts.plural(1, 'draw'), '1 draw');
  assert.equal(parts.plural(2000, 'draw'), '2,000 draws');
});
