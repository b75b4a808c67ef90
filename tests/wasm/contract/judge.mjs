// What stands for the core's recovery in tests of MirroredStorage.

/** A pool is as far on as its bytes are many. */
export async function judgeByLength(storage) {
  const { segments, snapshots } = await storage.list();
  let length = 0;
  for (const { number } of segments) {
    const bytes = await storage.readSegment(number);
    let used = bytes.length;
    while (used > 0 && bytes[used - 1] === 0) --used;
    length += used;
  }
  for (const name of snapshots) length += (await storage.loadSnapshot(name)).length;
  return { exists: segments.length + snapshots.length > 0, lastRequestId: BigInt(length) };
}
