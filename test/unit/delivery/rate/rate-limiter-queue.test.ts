import { describe, expect, test } from 'vitest';
import type { Reservation, Turn } from '../../../../lib/core/rate/shards.ts';
import type { BucketCall } from '../../../../lib/delivery/rate/worker-bucket.ts';
import { createReservationQueue } from '../../../../lib/delivery/rate/reservation-queue.ts';

const call: BucketCall = {
  count: 1,
  newcomer: true,
  patient: false,
  horizonMs: 2000,
  share: { ratePerSecond: 10, burst: 2 },
  limits: { invocations: 1_000_000, batchSize: 10, timeoutUs: 5_000_000 },
  revision: 1,
};

const turn = (atMs: number): Turn => ({ kind: 'return', generation: 1, shard: 0, atMs });

/** A bucket that records its calls. It gives each reservation this many slots and gives return times to other requests. */
function bucketOf(slots = Number.POSITIVE_INFINITY, gatheredMs = 0) {
  const asked: BucketCall[] = [];
  const gathered: number[] = [];
  return {
    asked,
    gathered,
    gather: () => {
      gathered.push(gatheredMs);
      return Promise.resolve(gatheredMs);
    },
    reserve: (wanted: BucketCall): Promise<Reservation> => {
      asked.push(wanted);
      const times = Array.from({ length: wanted.count }, (_, index) => index);
      return Promise.resolve({ slotTimesMs: times.slice(0, slots), returns: times.slice(slots).map(turn) });
    },
  };
}

describe('calls of the same moment', () => {
  test('simultaneous calls share one reservation, and the first call gets the first slots', async () => {
    const bucket = bucketOf(1);
    const reserve = createReservationQueue(bucket);
    const given = await Promise.all([2, 2, 1].map((count) => reserve({ ...call, count })));
    expect(bucket.asked).toEqual([{ ...call, count: 5 }]);
    expect(given).toEqual([
      { slotTimesMs: [0], returns: [turn(1)] },
      { slotTimesMs: [], returns: [turn(2), turn(3)] },
      { slotTimesMs: [], returns: [turn(4)] },
    ]);
  });

  test.each(
    [
      { what: 'newcomers with returning deliveries', change: { newcomer: false } },
      { what: 'calls with different horizons', change: { horizonMs: 1000 } },
      { what: 'calls with different revisions', change: { revision: 2 } },
      { what: 'calls with different rates', change: { share: { ratePerSecond: 20, burst: 2 } } },
      { what: 'calls with different bursts', change: { share: { ratePerSecond: 10, burst: 3 } } },
    ].map(({ what, change }) => [what, change] as const),
  )('one reservation never combines %s', async (_what, change) => {
    const bucket = bucketOf();
    const reserve = createReservationQueue(bucket);
    const other = { ...call, ...change, count: 2 };
    const given = await Promise.all([reserve(call), reserve(other), reserve(call)]);
    expect(bucket.asked).toEqual([{ ...call, count: 2 }, other]);
    expect(given.map(({ slotTimesMs }) => slotTimesMs)).toEqual([[0], [0, 1], [1]]);
  });

  test('calls that share a reservation fail together, and a later call gets its slots', async () => {
    const bucket = bucketOf();
    const failing = { isFailing: true };
    const reserve = createReservationQueue({
      ...bucket,
      reserve: (wanted) => (failing.isFailing ? Promise.reject(new Error('refused')) : bucket.reserve(wanted)),
    });
    const results = await Promise.allSettled([reserve(call), reserve(call)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    failing.isFailing = false;
    expect(await reserve(call)).toEqual({ slotTimesMs: [0], returns: [] });
  });
});

describe('patient calls', () => {
  const patient = { ...call, patient: true };

  test('calls that wait for others share a reservation, and their wait counts towards their horizon', async () => {
    const bucket = bucketOf(undefined, 300);
    const reserve = createReservationQueue(bucket);
    await Promise.all([reserve(patient), reserve(patient)]);
    expect(bucket.gathered).toEqual([300]);
    expect(bucket.asked).toEqual([{ ...patient, count: 2, horizonMs: 1700 }]);
  });

  test('a call that has waited behind other calls for longer than its horizon asks only for a slot that begins immediately', async () => {
    const bucket = bucketOf(undefined, 2500);
    await createReservationQueue(bucket)(patient);
    expect(bucket.asked).toEqual([{ ...patient, horizonMs: 0 }]);
  });

  test('a call waits for others again after an earlier reservation was made', async () => {
    const bucket = bucketOf(undefined, 300);
    const reserve = createReservationQueue(bucket);
    await reserve(patient);
    await reserve(patient);
    expect(bucket.gathered).toEqual([300, 300]);
    expect(bucket.asked).toHaveLength(2);
  });
});
