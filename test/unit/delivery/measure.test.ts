import { inTurn } from '../../../lib/core/rate/shards.ts';
import { expect, test } from 'vitest';
import type { Conclusion, Settlement } from '../../../lib/core/delivery/delivery.ts';
import type { AttemptResult } from '../../../lib/delivery/attempt.ts';
import { withDeadline } from '../../../lib/delivery/deadline.ts';
import { measureAttempts, measureConclusions } from '../../../lib/delivery/measure.ts';
import type { Metrics } from '../../../lib/ports/metrics.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { delivered, deliveryOf, failedForNow, putOff, rejected, routeOf } from './outcomes.ts';

type Measured = readonly [name: string, value: number, apiDestination: string | undefined];

function createRecorder() {
  const measured: Measured[] = [];
  const metrics: Metrics = {
    count: (name, apiDestination) => measured.push([name, 1, apiDestination]),
    time: (name, durationMs, apiDestination) => measured.push([name, durationMs, apiDestination]),
  };
  return { measured, metrics };
}

async function measureAttempt(result: AttemptResult, apiDestination = 'orders'): Promise<readonly Measured[]> {
  const { measured, metrics } = createRecorder();
  const attempt = measureAttempts(async () => result, metrics);
  const clock = createManualClock();
  const answer = await withDeadline(clock, 60_000, (deadline) => attempt(deliveryOf({ apiDestination }), deadline));
  expect(answer).toBe(result);
  return measured;
}

function measureConclusion(settlement: Settlement, members: Partial<Conclusion> = {}): readonly Measured[] {
  const { measured, metrics } = createRecorder();
  const conclusion = { settlement, apiDestination: 'orders', attempts: 1, durationMs: 1, ...members };
  const recorded: Conclusion[] = [];
  measureConclusions({ record: (one) => recorded.push(one) }, metrics).record(conclusion);
  expect(recorded).toEqual([conclusion]);
  return measured;
}

const oneAttempt: readonly Measured[] = [
  ['Attempts', 1, 'orders'],
  ['RateWait', 0, 'orders'],
];

test.each([
  ['one attempt', 'is delivered', delivered, oneAttempt],
  ['one attempt', 'is rejected', rejected, oneAttempt],
  [
    'one attempt and one retryable failure',
    'fails for now',
    failedForNow(),
    [['RetryableFailures', 1, 'orders'], ...oneAttempt],
  ],
  ['one retryable failure', 'fails before its request', putOff, [['RetryableFailures', 1, 'orders']]],
  ['nothing', 'gets a return time', { kind: 'later', turn: inTurn, waitsFor: 'rate', destination: routeOf() }, []],
] as const)('the metrics count %s when a delivery %s', async (_counted, _what, result, expected) => {
  expect(await measureAttempt(result)).toEqual(expected);
});

test('the metrics record the wait of an attempt for its slot and the latency of each of its requests', async () => {
  const measured = await measureAttempt({ ...delivered, rateWaitMs: 40, latenciesMs: [7, 9] } as AttemptResult);
  expect(measured.slice(1)).toEqual([
    ['RateWait', 40, 'orders'],
    ['Latency', 7, 'orders'],
    ['Latency', 9, 'orders'],
  ]);
});

test.each([
  [{ kind: 'delivered' }, {}, ['Deliveries']],
  [{ kind: 'deferred', notBeforeMs: 1 }, { failureKind: 'retryable' }, []],
  [{ kind: 'dead-lettered' }, { failureKind: 'permanent' }, ['DeadLetters', 'PermanentFailures']],
  [{ kind: 'dead-lettered' }, { failureKind: 'retryable' }, ['DeadLetters']],
  [
    { kind: 'dead-lettered' },
    { failureKind: 'permanent', code: 'HostNotAllowed' },
    ['DeadLetters', 'PermanentFailures', 'SecurityEvents'],
  ],
  [
    { kind: 'returned', error: new Error('no queue') },
    { failureKind: 'permanent' },
    ['RetryableFailures', 'PermanentFailures'],
  ],
  [{ kind: 'returned', error: new Error('a bug') }, { code: 'Unexpected' }, ['RetryableFailures']],
] as const)('the settlement %j of a delivery with %j counts in the metrics %j', (settlement, members, expected) => {
  expect(measureConclusion(settlement, members).map(([name]) => name)).toEqual(expected);
});

test('the metrics record the age of an event when it is known', () => {
  const done = { kind: 'delivered' } as const;
  expect(measureConclusion(done, { ageMs: 90_000 })).toContainEqual(['EventAge', 90_000, 'orders']);
  expect(measureConclusion(done).map(([name]) => name)).not.toContain('EventAge');
});

test.each([
  ['orders', 'the API destination orders', 'orders'],
  ['arn:aws:events:us-east-1:123456789012:api-destination/orders/0b7f-11', 'the API destination orders', 'orders'],
  ['no name, but a sentence', 'the stack alone', undefined],
  ['x'.repeat(65), 'the stack alone', undefined],
])('a delivery to %j counts in the metrics of %s', async (apiDestination, _of, expected) => {
  expect(measureConclusion({ kind: 'delivered' }, { apiDestination })).toEqual([['Deliveries', 1, expected]]);
  expect((await measureAttempt(putOff, apiDestination))[0]).toEqual(['RetryableFailures', 1, expected]);
});

test('a delivery to a destination that does not exist counts in the metrics of the stack alone', () => {
  const buried = measureConclusion({ kind: 'dead-lettered' }, { code: 'ApiDestinationNotFound' });
  expect(buried).toEqual([['DeadLetters', 1, undefined]]);
});
