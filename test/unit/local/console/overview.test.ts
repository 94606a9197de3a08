import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { Overview } from '../../../../lib/console/api/overview.ts';
import type { Conclusion } from '../../../../lib/core/delivery/delivery.ts';
import { localOverview } from '../../../../lib/local/console/overview.ts';
import { WaitingSamples } from '../../../../lib/local/console/waiting-samples.ts';
import { SqliteDeliveryHistory } from '../../../../lib/local/history/sqlite-history.ts';

const region = 'eu-west-1';
const hourMs = 3_600_000;

/** The end of a period of each range. */
const endMs = Date.UTC(2026, 2, 4, 12);
const nowMs = endMs - 1;

function openHistory() {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  let atMs = nowMs;
  const reportFault = (error: unknown): void => expect.unreachable(String(error));
  const history = new SqliteDeliveryHistory({ database, nowMs: () => atMs, reportFault });
  let count = 0;
  const record = async (beganMs: number, conclusion: Partial<Conclusion> = {}, inRegion = region): Promise<void> => {
    count += 1;
    atMs = beganMs;
    const names = { eventId: `e-${count}`, apiDestination: 'orders' };
    const settlement = { kind: 'delivered' } as const;
    history.logOf(inRegion).record({ ...names, settlement, attempts: 1, durationMs: 5, ...conclusion });
    await Promise.resolve();
    atMs = nowMs;
  };
  const clock = { nowMs: () => atMs, delay: () => expect.unreachable('Nothing waits.') };
  const samples = new WaitingSamples({ history, clock, reportFault: (_where, error) => reportFault(error) });
  const overview = (Range: string): Overview =>
    (localOverview({ history, samples }, region, { Range }, nowMs) as unknown as { output: Overview }).output;
  return { record, overview };
}

const deadLetter = { settlement: { kind: 'dead-lettered' } } as const;

test.each([
  ['1h', 60, 60],
  ['24h', 900, 96],
  ['7d', 7200, 84],
])(
  'the overview of %s counts deliveries and dead letters in periods of %s seconds',
  async (range, PeriodSeconds, count) => {
    const { record, overview } = openHistory();
    const beginMs = endMs - count * PeriodSeconds * 1000;
    await record(beginMs - 1);
    await record(beginMs);
    await record(beginMs + PeriodSeconds * 1000 - 1);
    await record(beginMs + PeriodSeconds * 1000);
    await record(nowMs, deadLetter);
    await record(nowMs, {}, 'us-east-1');
    const { Delivered, Failed, ...rest } = overview(range);
    expect(rest).toMatchObject({ Begin: beginMs / 1000, PeriodSeconds, WaitingEvents: 0, OpenCircuits: 0 });
    expect([Delivered.length, Delivered.slice(0, 3), Delivered.at(-1)]).toEqual([count, [2, 1, 0], 0]);
    expect([Failed.length, Failed[0], Failed.at(-1)]).toEqual([count, 0, 1]);
  },
);

test('the overview has p50 and p99 of the deliveries of each period without their waits for the rate', async () => {
  const { record, overview } = openHistory();
  for (let durationMs = 200; durationMs > 0; durationMs -= 1) await record(nowMs, { durationMs });
  await record(nowMs, { durationMs: 5000, rateWaitMs: 4900 });
  await record(nowMs, { ...deadLetter, durationMs: 9000 });
  const { P50Milliseconds, P99Milliseconds } = overview('1h');
  expect([P50Milliseconds.at(-1), P99Milliseconds.at(-1)]).toEqual([100, 198]);
  expect([P50Milliseconds[0], P99Milliseconds[0]]).toEqual([null, null]);
});

test('the overview counts events that wait, also those of before, and API destinations whose events wait for a probe', async () => {
  const { record, overview } = openHistory();
  const waits = (waitsFor: 'circuit' | 'backoff') =>
    ({ settlement: { kind: 'deferred', notBeforeMs: endMs }, waitsFor }) as const;
  await record(nowMs - 2 * hourMs, waits('circuit'));
  await record(nowMs, waits('circuit'));
  await record(nowMs, { ...waits('circuit'), apiDestination: 'invoices' });
  await record(nowMs, { ...waits('backoff'), apiDestination: 'customers' });
  await record(nowMs, waits('circuit'), 'us-east-1');
  await record(nowMs);
  const { Samples, ...rest } = overview('1h');
  expect(rest).toMatchObject({ WaitingEvents: 4, OldestWaitSeconds: 7200, OpenCircuits: 2 });
  expect(Samples.Since).toBe(nowMs / 1000);
  const { WaitingEvents, OldestWaitSeconds, OpenCircuits } = Samples;
  expect([WaitingEvents, OldestWaitSeconds, OpenCircuits].map((values) => values.at(-1))).toEqual([4, 7200, 2]);
});

test('an overview without events has no oldest wait and no values of times', () => {
  const { overview } = openHistory();
  const { OldestWaitSeconds, P50Milliseconds, WaitingEvents } = overview('24h');
  expect([OldestWaitSeconds, WaitingEvents, P50Milliseconds.every((value) => value === null)]).toEqual([
    undefined,
    0,
    true,
  ]);
});

test('an overview of another range than the known ones is refused', () => {
  const message = 'Parameter Range is not valid. Reason: It must be one of 1h, 24h, 7d.';
  const unread = (): never => expect.unreachable('Nothing is read.');
  const dependencies = { history: { summarize: unread }, samples: { add: unread, periodsOf: unread } };
  for (const Range of ['2h', 7, 'toString'])
    expect(localOverview(dependencies, region, { Range }, nowMs)).toEqual({
      error: { code: 'ValidationException', message },
    });
});
