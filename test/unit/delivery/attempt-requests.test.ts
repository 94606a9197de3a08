import { expect, test } from 'vitest';
import { createBottleneckConcurrencyLimit } from '../../../lib/adapters/bottleneck-concurrency-limit.ts';
import type { HttpRequest } from '../../../lib/core/delivery/delivery.ts';
import type { Trace } from '../../../lib/core/delivery/trace.ts';
import { Failure, type FailureCode } from '../../../lib/core/failure/failure.ts';
import { createAttempt } from '../../../lib/delivery/attempt.ts';
import { withDeadline } from '../../../lib/delivery/deadline.ts';
import type { ResolvedDestination } from '../../../lib/core/destination/resolved-destination.ts';
import { createPreparation } from '../../../lib/delivery/route/preparation.ts';
import type { HttpResult } from '../../../lib/ports/delivery.ts';
import { connectionOf } from '../../contract/dynamodb/subjects.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { createUnlimitedPacing } from '../../fakes/unlimited-pacing.ts';
import { deliveryOf, routeOf } from './outcomes.ts';

/**
 * How a request ends. A number: the status of its answer. 'dead': its kept-alive connection was closed before an answer.
 * 'late': it was not sent, because no socket was free before its slot had passed. 'refused': its address may not be called.
 * A code: that failure of the network.
 */
type Sent = number | 'dead' | 'late' | 'refused' | FailureCode;

/**
 * @param statuses how each request ends
 * @param tookMs how long each request takes by the clock; default: no time
 */
async function attemptWith(
  statuses: readonly Sent[],
  changed: ResolvedDestination = routeOf(),
  tookMs: number[] = [],
  trace?: Trace,
) {
  const clock = createManualClock();
  const asked: Sent[] = [];
  const traceparents: unknown[] = [];
  async function send({ headers }: HttpRequest): Promise<HttpResult> {
    const status = statuses[asked.length] ?? expect.fail('One request too many.');
    clock.set(clock.nowMs() + (tookMs[asked.length] ?? 0));
    asked.push(status);
    traceparents.push(headers['traceparent']);
    if (status === 'refused') throw new Failure('AddressRefused', 'The address may not be called.');
    if (status === 'late') return { kind: 'missed' };
    if (typeof status === 'string' && status !== 'dead') throw new Failure(status, 'No answer came.');
    return status === 'dead' ? { kind: 'dead-socket' } : { kind: 'answer', answer: { status, headers: {}, body: '' } };
  }
  const attempt = createAttempt({
    preparation: createPreparation({
      transform: (delivery) => delivery,
      resolver: { current: async () => routeOf(), fresh: async () => changed, cached: () => undefined },
      tokens: { tokenFor: () => Promise.reject(new Error('unused')), renew: () => Promise.reject(new Error('unused')) },
      userAgent: 'lastmile/test',
      clock,
    }),
    pacing: createUnlimitedPacing(clock),
    concurrency: createBottleneckConcurrencyLimit(),
    http: { send },
    observeAnswer: async () => undefined,
    clock,
    random: () => asked.length / 16,
  });
  const traced = trace === undefined ? delivery : { ...delivery, trace };
  const result = await withDeadline(clock, 60_000, (deadline) => attempt(traced, deadline));
  return { result, requests: asked.length, traceparents };
}

const delivery = deliveryOf({ target: { HttpParameters: { PathParameterValues: ['7'] } } });

/** The destination after a change of its connection's credentials. The cache still has the earlier ones. */
const rotated: ResolvedDestination = {
  ...routeOf(),
  connection: connectionOf('billing', { secretVersion: 'version-2' }),
};

test('a request over a connection that was already closed is sent once more', async () => {
  const { result, requests } = await attemptWith(['dead', 200]);
  expect(result).toMatchObject({ kind: 'tried', outcome: { kind: 'delivered' }, requested: true });
  expect(requests).toBe(2);
});

test('each request of an attempt is a new parent in the trace of the event', async () => {
  const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
  const { traceparents } = await attemptWith(['dead', 200], routeOf(), [], trace);
  const parentIds = ['0000000000000001', '1000000010000000'];
  expect(traceparents).toEqual(parentIds.map((id) => `00-${'a'.repeat(32)}-${id}-01`));
});

test('a request for an event without a trace has no traceparent', async () => {
  const { traceparents } = await attemptWith([200]);
  expect(traceparents).toEqual([undefined]);
});

test('a request whose slot passed before it was sent does not count as one of the two requests of an attempt', async () => {
  const { result, requests } = await attemptWith(['late', 'late', 'dead', 200], routeOf(), [70, 30, 0, 5]);
  expect(requests).toBe(4);
  expect(result).toMatchObject({ outcome: { kind: 'delivered' }, requested: true, rateWaitMs: 100, latenciesMs: [5] });
});

test('an attempt fails with ConnectionReset when both of its requests meet a closed connection', async () => {
  const { result, requests } = await attemptWith(['dead', 'dead']);
  expect(result).toMatchObject({ outcome: { kind: 'retryable', code: 'ConnectionReset' } });
  expect(requests).toBe(2);
});

test('a 401 in the second request is retried by a later attempt when the credentials have changed', async () => {
  const { result, requests } = await attemptWith(['dead', 401], rotated);
  expect(result).toMatchObject({ outcome: { kind: 'retryable', code: 'EndpointUnauthorized' } });
  expect(requests).toBe(2);
});

test('an attempt sends no third request when the connection of the second one is closed', async () => {
  const { result, requests } = await attemptWith([401, 'dead'], rotated);
  expect(result).toMatchObject({ outcome: { kind: 'retryable', code: 'ConnectionReset' } });
  expect(requests).toBe(2);
});

test('a 404 in the second request is not final when the destination has changed', async () => {
  const { result, requests } = await attemptWith(['dead', 404], rotated);
  expect(result).toMatchObject({ kind: 'later' });
  expect(requests).toBe(2);
});

test('an error that a bug in the HTTP client causes is not turned into a failure', async () => {
  await expect(attemptWith([])).rejects.not.toBeInstanceOf(Failure);
});

test.each([
  ['one request is its time', [200], [30], [30]],
  ['two requests is measured for each of them', [401, 200], [30, 40], [30, 40]],
  ['a request that is repeated over a new connection leaves out the first try', ['dead', 200], [500, 40], [40]],
  ['a request is zero when the clock steps back', [200], [-5000], [0]],
] as const)('the latency of %s', async (_which, statuses, tookMs, latenciesMs) => {
  const { result } = await attemptWith(statuses, rotated, [...tookMs]);
  expect(result).toMatchObject({ outcome: { kind: 'delivered' }, latenciesMs });
});

test('a request without an answer has no latency', async () => {
  const { result } = await attemptWith(['dead', 'dead'], routeOf(), [30, 40]);
  expect(result).toMatchObject({ kind: 'tried', requested: true, latenciesMs: [] });
});

test('an address that may not be called is a permanent failure and counts as no attempt', async () => {
  const { result, requests } = await attemptWith(['refused']);
  expect(result).toMatchObject({ outcome: { kind: 'permanent', code: 'AddressRefused' }, requested: false });
  expect(requests).toBe(1);
});

test.each(['DnsFailed', 'ConnectionFailed'] as const)(
  'the failure %s before a request is sent does not count as an attempt',
  async (code) => {
    const { result, requests } = await attemptWith([code], routeOf(), [30]);
    expect(result).toMatchObject({ outcome: { kind: 'retryable', code }, requested: false, rateWaitMs: 0 });
    expect(requests).toBe(1);
  },
);

test.each(['DnsFailed', 'ConnectionFailed'] as const)(
  'a delivery whose second request fails with %s still counts an attempt for its first request',
  async (code) => {
    const { result } = await attemptWith([401, code], rotated);
    expect(result).toMatchObject({ outcome: { kind: 'retryable', code }, requested: true });
  },
);

test.each(['ConnectionRefused', 'ConnectionReset', 'TlsFailed', 'TimedOut', 'AnswerInvalid', 'OutOfTime'] as const)(
  'a request that fails with %s counts as an attempt',
  async (code) => {
    const { result } = await attemptWith([code]);
    expect(result).toMatchObject({ outcome: { kind: 'retryable', code }, requested: true });
  },
);

test('an address that may not be called does not end the delivery when the destination has changed', async () => {
  const { result, requests } = await attemptWith(['refused', 200], rotated);
  expect(result).toMatchObject({ outcome: { kind: 'delivered' }, requested: true });
  expect(requests).toBe(2);
});

test('a delivery ends when the address of the changed destination may not be called either', async () => {
  const { result } = await attemptWith(['refused', 'refused'], rotated);
  expect(result).toMatchObject({ outcome: { kind: 'permanent', code: 'AddressRefused' }, requested: false });
});

test('an attempt still counts when its second request is refused because its address is not allowed', async () => {
  const { result } = await attemptWith([401, 'refused'], rotated);
  expect(result).toMatchObject({ outcome: { kind: 'permanent', code: 'AddressRefused' }, requested: true });
});

test('a worker asks for a slot only when the maximum concurrency allows a request', async () => {
  const clock = createManualClock();
  const unlimited = createUnlimitedPacing(clock);
  let slots = 0;
  const ends: (() => void)[] = [];
  const limited = { ...routeOf(), policy: { ...routeOf().policy, maximumConcurrencyPerWorker: 2 } };
  const attempt = createAttempt({
    preparation: createPreparation({
      transform: (delivery) => delivery,
      resolver: { current: async () => limited, fresh: async () => limited, cached: () => undefined },
      tokens: { tokenFor: () => Promise.reject(new Error('unused')), renew: () => Promise.reject(new Error('unused')) },
      userAgent: 'lastmile/test',
      clock,
    }),
    pacing: {
      ...unlimited,
      waitForSlot(...asked) {
        slots += 1;
        return unlimited.waitForSlot(...asked);
      },
    },
    concurrency: createBottleneckConcurrencyLimit(),
    http: {
      send: async () => {
        await new Promise<void>((resolve) => ends.push(resolve));
        return { kind: 'answer', answer: { status: 200, headers: {}, body: '' } };
      },
    },
    observeAnswer: async () => undefined,
    clock,
    random: Math.random,
  });
  const all = withDeadline(clock, 60_000, (deadline) => Promise.all([1, 2, 3].map(() => attempt(delivery, deadline))));
  await expect.poll(() => ends.length).toBe(2);
  expect(slots).toBe(2);
  ends[0]?.();
  await expect.poll(() => ends.length).toBe(3);
  for (const end of ends) end();
  expect(await all).toMatchObject([{ kind: 'tried' }, { kind: 'tried' }, { kind: 'tried' }]);
});
