import { describe, expect, test } from 'vitest';
import type { StateChange } from '../../../lib/core/destination/state-event.ts';
import { stateEventOf } from '../../../lib/core/destination/state-event.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { createStateEventCalls } from '../../../lib/delivery/state-event-calls.ts';
import { announceDeadLetters, announceHealth, createStateEvents } from '../../../lib/delivery/state-events.ts';
import type { Conclusion } from '../../../lib/core/delivery/delivery.ts';
import type { StateEventBus } from '../../../lib/ports/state-events.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';

const atMs = Date.UTC(2026, 0, 31, 8, 0, 1, 999);
const signal = new AbortController().signal;
const event = (name: string): StateChange => ({ kind: 'api-destination', name, incarnation: '', isActive: true, atMs });

function createSubject(put: StateEventBus['put'] = async () => 0) {
  const clock = createManualClock();
  const calls: string[][] = [];
  const counted: string[] = [];
  const bus: StateEventBus = {
    put: (events, until) => {
      calls.push(events.map((each) => (each.kind === 'api-destination' ? each.name : each.kind)));
      return put(events, until);
    },
  };
  const metrics = { count: (name: string) => void counted.push(name) };
  return {
    clock,
    calls,
    counted,
    stateEvents: createStateEvents(createStateEventCalls({ bus, metrics, clock }), metrics),
  };
}

describe('state events', () => {
  test('the state events of an invocation are put together after it, at most ten with one call', async () => {
    const { calls, stateEvents } = createSubject();
    const names = Array.from({ length: 12 }, (_, index) => `event-${index}`);
    const result = await stateEvents.during(signal, async () => {
      for (const name of names) stateEvents.add(event(name));
      expect(calls).toEqual([]);
      return 'result';
    });
    expect(result).toBe('result');
    expect(calls).toEqual([names.slice(0, 10), names.slice(10)]);
  });

  test('an invocation without a state event makes no call', async () => {
    const { calls, stateEvents } = createSubject();
    await stateEvents.during(signal, async () => undefined);
    expect(calls).toEqual([]);
  });

  test('the state events of an invocation that fails are put, and it still fails', async () => {
    const { calls, stateEvents } = createSubject();
    const failing = stateEvents.during(signal, async () => {
      stateEvents.add(event('a'));
      throw new Error('no luck');
    });
    await expect(failing).rejects.toThrow('no luck');
    expect(calls).toEqual([['a']]);
  });

  test.each<[string, StateEventBus['put'], number]>([
    ['a bus that cannot be reached', () => Promise.reject(new Failure('StoreUnavailable', 'down')), 2],
    ['a bus that refuses one of them', async () => 1, 1],
    ['a bus that takes them', async () => 0, 0],
  ])('state events are counted as lost, and the invocation succeeds, with %s', async (_which, put, lost) => {
    const { counted, stateEvents } = createSubject(put);
    await stateEvents.during(signal, async () => {
      for (const name of ['a', 'b']) stateEvents.add(event(name));
    });
    expect(counted).toEqual(Array.from({ length: lost }, () => 'StateEventsLost'));
  });

  test('an invocation waits a second at most for a bus that does not answer', async () => {
    const asked = Promise.withResolvers<void>();
    const { clock, counted, stateEvents } = createSubject((_events, until) => {
      asked.resolve();
      return new Promise((_, reject) => until.addEventListener('abort', () => reject(new Error('aborted'))));
    });
    const ended = stateEvents.during(signal, async () => stateEvents.add(event('a')));
    await asked.promise;
    await clock.advance(1000);
    await ended;
    expect(counted).toEqual(['StateEventsLost']);
  });

  test('the state events of an invocation that is out of time are put by the next one', async () => {
    const { calls, stateEvents } = createSubject();
    await stateEvents.during(AbortSignal.abort(), async () => stateEvents.add(event('a')));
    expect(calls).toEqual([]);
    await stateEvents.during(signal, async () => undefined);
    expect(calls).toEqual([['a']]);
  });

  test('at most 1,000 state events wait, and the others are counted as lost', async () => {
    const { counted, calls, stateEvents } = createSubject();
    for (let number = 0; number < 1001; number += 1) stateEvents.add(event('a'));
    expect(counted).toEqual(['StateEventsLost']);
    await stateEvents.during(signal, async () => undefined);
    expect(calls).toHaveLength(100);
  });
});

const deadLettered: Conclusion = {
  settlement: { kind: 'dead-lettered' },
  apiDestination: 'arn:aws:events:us-east-1:123456789012:api-destination/orders/11111111-2222-3333-4444-555555555555',
  eventId: 'event-1',
  source: 'shop',
  detailType: 'Order Placed',
  code: 'EndpointRejected',
  reason: 'The endpoint answered 422.',
  answer: 'secret of the endpoint',
  status: 422,
  attempts: 1,
  durationMs: 35,
};

function announcedFor(conclusion: Conclusion) {
  const added: StateChange[] = [];
  const logged: Conclusion[] = [];
  const log = { record: (each: Conclusion) => void logged.push(each) };
  const clock = { ...createManualClock(), nowMs: () => atMs };
  announceDeadLetters(log, { add: (each) => void added.push(each) }, clock).record(conclusion);
  expect(logged).toEqual([conclusion]);
  return added.flatMap((change) => stateEventOf(change) ?? []);
}

test('a dead letter is announced with its names and its failure, without the answer of the endpoint', () => {
  expect(announcedFor(deadLettered)).toEqual([
    {
      detailType: 'Delivery Dead-Lettered',
      atMs,
      detail: {
        ApiDestinationName: 'orders',
        EventId: 'event-1',
        Source: 'shop',
        DetailType: 'Order Placed',
        Code: 'EndpointRejected',
        Reason: 'The endpoint answered 422.',
        Status: 422,
        AttemptsMade: 1,
        Timestamp: '2026-01-31 08:00:01 +0000 UTC',
      },
    },
  ]);
});

test.each<[string, Partial<Conclusion>]>([
  ['the dead letter of an event from our own source', { source: 'lastmile' }],
  ['a delivered event', { settlement: { kind: 'delivered' } }],
  ['an event that goes back to its sender', { settlement: { kind: 'returned', error: undefined } }],
])('no state event announces %s', (_which, change) => {
  expect(announcedFor({ ...deadLettered, ...change })).toEqual([]);
});

test("a change of an endpoint's health is announced once, and a failed probe is not", () => {
  const added: StateChange[] = [];
  const logged: string[] = [];
  const clock = { ...createManualClock(), nowMs: () => atMs };
  const log = announceHealth(
    { record: ({ event: name }) => void logged.push(name) },
    { add: (each) => void added.push(each) },
    clock,
  );
  const failed = { apiDestination: 'orders', code: 'TimedOut', failures: 5, nextProbeAtMs: atMs + 1000 } as const;
  log.record({ ...failed, event: 'unhealthy' });
  log.record({ ...failed, event: 'probe-failed' });
  log.record({ apiDestination: 'orders', event: 'healthy', unhealthyForMs: 61_400 });
  expect(logged).toEqual(['unhealthy', 'probe-failed', 'healthy']);
  const Timestamp = '2026-01-31 08:00:01 +0000 UTC';
  const announced = added.map(stateEventOf);
  expect(announced.map((each) => [each?.detailType, each?.detail])).toEqual([
    ['Destination Unhealthy', { ApiDestinationName: 'orders', Code: 'TimedOut', FailuresInRow: 5, Timestamp }],
    ['Destination Healthy', { ApiDestinationName: 'orders', UnhealthyForSeconds: 61, Timestamp }],
  ]);
});
