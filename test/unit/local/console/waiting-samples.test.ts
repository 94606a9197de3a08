import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { WaitingSamples } from '../../../../lib/local/console/waiting-samples.ts';
import type { WaitingDeliveries } from '../../../../lib/local/history/history-summary.ts';
import { SqliteDeliveryHistory } from '../../../../lib/local/history/sqlite-history.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

const region = 'eu-west-1';
const minuteMs = 60_000;
const startMs = Date.UTC(2026, 2, 4, 12);
const begin = startMs / 1000;
const nothing: WaitingDeliveries = { waiting: 0, openCircuits: 0 };

/** Samples of a history whose answers a test chooses. */
function startSamples(waiting: () => ReadonlyMap<string, WaitingDeliveries> = () => new Map()) {
  const clock = createManualClock(startMs);
  const faults: unknown[] = [];
  const reportFault = (_where: string, error: unknown): void => void faults.push(error);
  const samples = new WaitingSamples({ history: { waiting }, clock, reportFault });
  onTestFinished(() => samples.stop());
  samples.start();
  return { clock, faults, samples };
}

test('the charts of the local overview have the numbers of each minute in each region that has deliveries', async () => {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  const clock = createManualClock(startMs);
  const reportFault = (error: unknown): void => expect.unreachable(String(error));
  const history = new SqliteDeliveryHistory({ database, nowMs: () => clock.nowMs(), reportFault });
  const samples = new WaitingSamples({ history, clock, reportFault: (_where, error) => reportFault(error) });
  onTestFinished(() => samples.stop());
  const settlement = { kind: 'deferred', notBeforeMs: startMs } as const;
  for (const each of [region, 'us-east-1'])
    history.logOf(each).record({
      eventId: 'e-1',
      apiDestination: 'orders',
      settlement,
      waitsFor: 'circuit',
      attempts: 1,
      durationMs: 0,
    });
  await Promise.resolve();
  samples.start();
  await clock.advance(minuteMs);
  await clock.advance(minuteMs);
  for (const each of [region, 'us-east-1'])
    expect(samples.periodsOf(each, begin, 60, 4)).toEqual({
      Since: begin + 60,
      WaitingEvents: [null, 1, 1, null],
      OldestWaitSeconds: [null, 60, 120, null],
      OpenCircuits: [null, 1, 1, null],
    });
});

test('a period of a chart has its largest value, also one that only a visit of the page has read', async () => {
  const { clock, samples } = startSamples();
  samples.add(region, { waiting: 3, oldestBeganAtMs: startMs - 5000, openCircuits: 1 });
  samples.add(region, { waiting: 2, oldestBeganAtMs: startMs - 9000, openCircuits: 0 });
  await clock.advance(minuteMs);
  expect(samples.periodsOf(region, begin, 60, 2)).toMatchObject({
    Since: begin,
    WaitingEvents: [3, 0],
    OldestWaitSeconds: [9, 0],
    OpenCircuits: [1, 0],
  });
  expect(samples.periodsOf(region, begin - 7200, 7200, 2).WaitingEvents).toEqual([null, 3]);
  expect(samples.periodsOf(region, begin + 60, 60, 1).WaitingEvents).toEqual([0]);
  expect(samples.periodsOf(region, begin, 60, 1).WaitingEvents).toEqual([3]);
});

test('a clock that steps back adds to the last minute of a chart', () => {
  const { clock, samples } = startSamples();
  samples.add(region, { waiting: 1, openCircuits: 0 });
  clock.set(startMs - 5 * minuteMs);
  samples.add(region, { waiting: 4, openCircuits: 0 });
  expect(samples.periodsOf(region, begin - 300, 60, 6).WaitingEvents).toEqual([null, null, null, null, null, 4]);
});

test('the charts of the local overview keep 7 days', () => {
  const { clock, samples } = startSamples();
  const minutes = 7 * 24 * 60;
  samples.add(region, nothing);
  for (const minute of [1, minutes]) {
    clock.set(startMs + minute * minuteMs);
    samples.add(region, nothing);
  }
  const { WaitingEvents } = samples.periodsOf(region, begin, 60, minutes + 1);
  expect([WaitingEvents[0], WaitingEvents[1], WaitingEvents[minutes]]).toEqual([null, 0, 0]);
});

test('the stack goes on to count for the charts after its history could not be read, and ends with the stop', async () => {
  let reads = 0;
  const { clock, faults, samples } = startSamples(() => {
    reads += 1;
    if (reads === 1) throw new Error('The database is busy.');
    return new Map([[region, { waiting: 2, openCircuits: 0 }]]);
  });
  await clock.advance(minuteMs);
  expect(faults).toEqual([new Error('The database is busy.')]);
  await clock.advance(minuteMs);
  expect(samples.periodsOf(region, begin, 60, 3).WaitingEvents).toEqual([null, null, 2]);
  samples.stop();
  await clock.advance(minuteMs);
  expect([reads, clock.sleeperCount()]).toEqual([2, 0]);
});
