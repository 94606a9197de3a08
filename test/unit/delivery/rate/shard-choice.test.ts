import { expect, test } from 'vitest';
import type { Reservation } from '../../../../lib/core/rate/shards.ts';
import { ShardChoice } from '../../../../lib/delivery/rate/shard-choice.ts';
import { createSeededRandom } from '../../../../bench/fleet/clock.ts';

const shards = 50;
const batchSize = 10;

function setUp(random = createSeededRandom(7)) {
  const choice = new ShardChoice(batchSize, random);
  let nowMs = 1_000_000;
  let group = 0;
  /** Makes a reservation whose slot comes after this time. @returns its shard */
  async function reserve(slotAfterMs = 5, returns = 0, inUse = shards): Promise<number> {
    group += 1;
    const shard = choice.shardOf(group, inUse);
    const turn = { kind: 'return', generation: 1, shard, atMs: nowMs } as const;
    const given = { slotTimesMs: [nowMs + slotAfterMs], returns: Array.from({ length: returns }, () => turn) };
    await choice.observe(
      shard,
      1,
      () => nowMs,
      async () => given,
    );
    return shard;
  }
  async function distinct(times: number, slotAfterMs?: number): Promise<number> {
    const used = new Set<number>();
    for (let time = 0; time < times; time += 1) used.add(await reserve(slotAfterMs));
    return used.size;
  }
  return {
    choice,
    reserve,
    distinct,
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

const never = () => new Promise<Reservation>(() => undefined);

test('a worker with few requests uses one shard of its own, and the first shard for every fiftieth request', async () => {
  const { reserve } = setUp();
  const used = [];
  for (let request = 0; request < 500; request += 1) used.push(await reserve());
  const [own, ...more] = [...new Set(used)].filter((shard) => shard !== 0);
  expect([own === undefined, more]).toEqual([false, []]);
  expect(used.filter((shard) => shard === 0)).toHaveLength(10);
});

test('a thousand workers together use every shard for about the same number of requests', async () => {
  const random = createSeededRandom(3);
  const counts = Array.from({ length: 10 }, () => 0);
  for (let worker = 0; worker < 1000; worker += 1) {
    const { reserve } = setUp(random);
    for (let request = 0; request < 10; request += 1) {
      const shard = await reserve(5, 0, 10);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
  }
  expect(Math.min(...counts)).toBeGreaterThan(800);
  expect(Math.max(...counts)).toBeLessThan(1200);
});

test('a worker whose slots come late uses twice as many shards after each reservation', async () => {
  const { distinct } = setUp();
  await distinct(6, 21);
  expect(await distinct(200, 5)).toBe(shards);
  const calm = setUp();
  await calm.distinct(6, 20);
  expect(await calm.distinct(200, 5)).toBe(2);
});

test('a return time shows that a shard has no slots to spare', async () => {
  const { reserve, distinct } = setUp();
  await reserve(5, 1);
  expect(await distinct(49)).toBeGreaterThan(2);
});

test('a worker whose slots come soon again uses half as many shards every five seconds', async () => {
  const { distinct, reserve, pass } = setUp();
  await distinct(6, 21);
  for (let halved = 0; halved < 7; halved += 1) {
    pass(5000);
    await reserve();
  }
  expect(await distinct(100)).toBe(2);
});

test('requests that come while ten others wait for a write of the shard use another shard', () => {
  const { choice } = setUp();
  const first = choice.shardOf(1, shards);
  void choice.observe(first, batchSize - 1, () => 0, never);
  expect(choice.shardOf(2, shards)).toBe(first);
  void choice.observe(first, 1, () => 0, never);
  expect(choice.shardOf(3, shards)).not.toBe(first);
});

test('a reservation that fails no longer counts as one that waits', async () => {
  const { choice } = setUp();
  const first = choice.shardOf(1, shards);
  const failed = choice.observe(
    first,
    batchSize,
    () => 0,
    () => Promise.reject(new Error('The table fails.')),
  );
  await expect(failed).rejects.toThrow('The table fails.');
  expect(choice.shardOf(2, shards)).toBe(first);
});

test('requests of one group use one shard, and a rate that one shard holds uses no other', () => {
  const { choice } = setUp();
  const together = Array.from({ length: 10 }, () => choice.shardOf(1, shards));
  expect(new Set(together).size).toBe(1);
  expect([2, 3, 4].map((group) => choice.shardOf(group, 1))).toEqual([0, 0, 0]);
});
