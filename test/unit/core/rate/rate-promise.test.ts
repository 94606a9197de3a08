import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../../../lib/core/rate/decision.ts';
import { grantOf, viewAfterWrite, viewAfterRead } from '../../../../lib/core/rate/result.ts';
import { wholeAllowance } from '../../../fakes/healthy.ts';
import { pauseWrite } from '../../../../lib/core/rate/bucket.ts';
import type { Share } from '../../../../lib/core/rate/slots.ts';
import { unknownView } from '../../../../lib/core/rate/view.ts';
import { createInMemoryRateBuckets } from '../../../fakes/in-memory-rate-buckets.ts';

const beganUs = Date.UTC(2026, 0, 1) * 1000;
const key = { destinationIncarnation: 'd', shard: 0 };

/** An action of one worker of a fleet, with the error of that worker's clock. */
const step = fc.record({
  worker: fc.nat(2),
  passedUs: fc.constantFrom(0, 0, 1, 20_000, 20_000, 600_000, 3_000_000, 7_000_000),
  clockErrorUs: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: -5000, max: 5000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -20_000_000, max: 20_000_000 }) },
  ),
  count: fc.integer({ min: 1, max: 60 }),
  newcomer: fc.boolean(),
  roomUs: fc.integer({ min: 1000, max: 3_000_000 }),
  leadUs: fc.integer({ min: 0, max: 999 }),
  revision: fc.integer({ min: 1, max: 3 }),
  /** By how many slots the burst that this worker knows is smaller than the largest burst. */
  less: fc.constantFrom(0, 0, 0, 1, 7),
  what: fc.oneof(
    { weight: 10, arbitrary: fc.constant('reserve' as const) },
    { weight: 4, arbitrary: fc.constant('read' as const) },
    { weight: 1, arbitrary: fc.constant('pause' as const) },
  ),
  lost: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

const share = fc.record({
  ratePerSecond: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 100_000 })),
  burst: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 20 })),
});

test('no second holds more than rate + burst - 1 slots, in any order of calls, clocks, changes of the burst and lost answers', async () => {
  let mostSlots = 0;
  await fc.assert(
    fc.asyncProperty(
      share,
      fc.boolean(),
      fc.array(step, { minLength: 40, maxLength: 200 }),
      async (any, showsRefuser, steps) => {
        const slots = await slotsOf(any, showsRefuser, steps);
        mostSlots = Math.max(mostSlots, slots.length);
        expectPromiseHeld(slots, any);
      },
    ),
    { numRuns: 600 },
  );
  expect(mostSlots).toBeGreaterThan(100);
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

async function slotsOf(any: Share, showsRefuser: boolean, steps: readonly Step[]): Promise<number[]> {
  const buckets = createInMemoryRateBuckets({ showsRefuser });
  const views = [unknownView, unknownView, unknownView];
  const slots: number[] = [];
  let trueUs = beganUs;
  for (const { worker, passedUs, clockErrorUs, what, lost, ...wanted } of steps) {
    trueUs += passedUs;
    const nowUs = trueUs + clockErrorUs;
    const { count, newcomer, revision, leadUs, roomUs, less } = wanted;
    const own = { ...any, burst: Math.max(1, any.burst - less) };
    const times = { nowUs, startUs: nowUs + leadUs, endUs: nowUs + roomUs };
    const request = { ...times, count, newcomer, revision, ...wholeAllowance(own), blockCount: 0 };
    const view = views[worker] ?? unknownView;
    if (what === 'read') views[worker] = viewAfterRead(view, request, await buckets.read(key));
    if (what === 'pause') await buckets.write(key, pauseWrite(view, nowUs + roomUs, nowUs, revision));
    const decision = what === 'reserve' ? decide(view, request) : undefined;
    if (decision === undefined) continue;
    const result = await buckets.write(key, decision.write);
    if (lost) continue;
    views[worker] = viewAfterWrite(view, request, decision, result);
    if (result.kind !== 'written') continue;
    const given = grantOf(request, decision, result.bucket).slotTimesUs;
    if (given.some((atUs) => atUs < request.startUs || atUs >= request.endUs)) expect(given).toEqual([]);
    slots.push(...given);
  }
  return slots;
}

/** Checks that the n-th slot after another one is at least n intervals later, minus the time that the burst allows. */
function expectPromiseHeld(slots: readonly number[], { ratePerSecond, burst }: Share): void {
  const sorted = slots.toSorted((a, b) => a - b);
  const allowedUs = Math.floor(((burst - 1) * 1_000_000) / ratePerSecond);
  for (const apart of [1, 2, 7, burst, 3 * burst, ratePerSecond + burst - 1]) {
    const leastUs = Math.max(0, Math.floor((apart * 1_000_000) / ratePerSecond) - allowedUs);
    for (let index = 0; index + apart < sorted.length; index += 1) {
      const betweenUs = (sorted[index + apart] ?? 0) - (sorted[index] ?? 0);
      if (betweenUs < leastUs) expect(betweenUs).toBeGreaterThanOrEqual(leastUs);
    }
  }
  if (burst === 1) expect(new Set(sorted).size).toBe(sorted.length);
}
