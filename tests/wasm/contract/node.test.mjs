// The contract suite in Node: memory, files, and the faulty double without faults.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { healFs, limitFolder } from '../support/faultyFs.mjs';
import { temporaryFolder } from '../support/folder.mjs';
import { casesFor } from './contract.mjs';

const {
  FaultyDisk,
  faultyStorageOpener,
  MemoryDisk,
  memoryStorageOpener,
  nodeStorageOpener,
} = await import('../../../build/npm-test/nodeStorages.js');

const seed = Number(process.env.REWARDPOOL_SEED ?? Math.floor(Math.random() * 2 ** 31));

function harnessOf(opener, rest) {
  return {
    seed,
    keepsRoom: false,
    open: (create = true) => opener.open(create),
    delete: () => opener.delete(),
    ...rest,
  };
}

function limitDisk(disk) {
  return (bytes) => {
    let stored = 0;
    for (const { visible } of disk.visible.values()) stored += visible.length;
    disk.quotaBytes = bytes === undefined ? Infinity : stored + bytes;
  };
}

const kinds = {
  memory: () => harnessOf(memoryStorageOpener(new MemoryDisk()), {}),
  node: async () => {
    const folder = join(await temporaryFolder(), 'pool');
    return harnessOf(nodeStorageOpener(folder), {
      limit: (bytes) => limitFolder(folder, bytes),
      lose: () => rm(folder, { recursive: true }),
    });
  },
  faulty: () => {
    const disk = new FaultyDisk(seed);
    return harnessOf(faultyStorageOpener(disk), {
      limit: limitDisk(disk),
      lose: () => disk.loseEverything(),
    });
  },
};

for (const [kind, make] of Object.entries(kinds)) {
  describe(`storage ${kind} (seed ${seed})`, async () => {
    for (const { name, run } of casesFor(await make())) {
      test(name, async () => {
        try {
          await run(await make());
        } finally {
          healFs();
        }
      });
    }
  });
}
