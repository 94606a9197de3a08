import { createBottleneckConcurrencyLimit } from '../../../lib/adapters/bottleneck-concurrency-limit.ts';
import { describe, expect, test } from 'vitest';
import { formatConclusion } from '../../../lib/adapters/log/json-lines.ts';
import type { ApiDestination } from '../../../lib/core/destination/api-destination.ts';
import type { Connection } from '../../../lib/core/destination/connection.ts';
import type { ConnectionSecret } from '../../../lib/core/destination/connection-secret.ts';
import type { Conclusion } from '../../../lib/core/delivery/delivery.ts';
import { defaultTransport } from '../../../lib/core/destination/delivery-policy.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import type { QueuedDelivery } from '../../../lib/core/message/queued-delivery.ts';
import { createAttempt } from '../../../lib/delivery/attempt.ts';
import { withDeadline } from '../../../lib/delivery/deadline.ts';
import { createDeliver } from '../../../lib/delivery/deliver.ts';
import { createDeliverInput } from '../../../lib/delivery/deliver-input.ts';
import { createPreparation } from '../../../lib/delivery/route/preparation.ts';
import type { Resolver } from '../../../lib/delivery/route/resolver.ts';
import type { ResolvedDestination } from '../../../lib/core/destination/resolved-destination.ts';
import { createRetrying } from '../../../lib/delivery/retrying.ts';
import { createSettler } from '../../../lib/delivery/settle.ts';
import { apiDestinationOf, connectionOf } from '../../contract/dynamodb/subjects.ts';
import { createInMemoryDeadLetters } from '../../fakes/in-memory-dead-letters.ts';
import { createInMemoryDeliveryQueue } from '../../fakes/in-memory-delivery-queue.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { createUnlimitedPacing } from '../../fakes/unlimited-pacing.ts';
import { type AnswerRequest, createFakeEndpoint } from './fake-endpoint.ts';
import { policyOf } from '../../fakes/delivery-policies.ts';
import { createSlotHorizon } from '../../../lib/delivery/rate/slot-horizon.ts';

/** Stands for an empty cache. */
const known = () => undefined;

const event = {
  version: '0',
  id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
  'detail-type': 'Order Placed',
  source: 'shop.orders',
  account: '123456789012',
  time: '2026-01-01T00:00:00Z',
  region: 'us-east-1',
  resources: [],
  detail: { order: 7, note: 'canary-event' },
};

const basic = (password: string): ConnectionSecret => ({
  credentials: { authorizationType: 'BASIC', username: 'someone', password },
});

const basicHeader = (password: string) => `Basic ${Buffer.from(`someone:${password}`).toString('base64')}`;

interface Options {
  readonly answer?: AnswerRequest;
  readonly apiDestination?: string;
  readonly destination?: Partial<ApiDestination>;
  readonly resolver?: Resolver;
  readonly randomNumber?: number;
  readonly observeAnswer?: () => Promise<void>;
}

function setUp({ answer, apiDestination, destination, resolver, randomNumber = 0, ...options }: Options = {}) {
  const endpoint = createFakeEndpoint(answer);
  const clock = createManualClock();
  const current: { route: ResolvedDestination; anew?: ResolvedDestination | Failure } = {
    route: {
      connection: connectionOf('billing'),
      apiDestination: apiDestinationOf('orders', { invocationEndpoint: `${endpoint.origin}/events`, ...destination }),
      secret: basic('canary-password'),
      policy: policyOf(),
      transport: defaultTransport,
      versions: '',
    },
  };
  const resolve = async () => current.route;
  const resolveAnew = async () => {
    if (current.anew instanceof Failure) throw current.anew;
    return current.anew ?? current.route;
  };
  const attempt = createAttempt({
    concurrency: createBottleneckConcurrencyLimit(),
    preparation: createPreparation({
      transform: (delivery) => delivery,
      resolver: resolver ?? { current: resolve, fresh: resolveAnew, cached: known },
      tokens: {
        tokenFor: () => Promise.reject(new Error('No token is needed here.')),
        renew: () => Promise.reject(new Error('No token is needed here.')),
      },
      userAgent: 'lastmile/test',
      clock,
    }),
    pacing: createUnlimitedPacing(clock),
    http: endpoint.http,
    observeAnswer: options.observeAnswer ?? (async () => undefined),
    clock,
    random: () => randomNumber,
  });
  const deadLetters = createInMemoryDeadLetters();
  const conclusions: Conclusion[] = [];
  const log = { record: (conclusion: Conclusion) => conclusions.push(conclusion) };
  const queue = createInMemoryDeliveryQueue();
  const retrying = createRetrying({
    attempt,
    clock,
    random: () => randomNumber,
    backoff: { baseMs: 1000, maximumMs: 900_000 },
    horizon: createSlotHorizon(2000, clock),
    retryPolicy: current.route.policy.retryPolicy,
  });
  const told = createDeliver({ retrying, settler: createSettler({ queue, deadLetters }), log, clock });
  const deliverInput = createDeliverInput({ deliver: told, clock, apiDestination });
  const deliver = (input: unknown, remainingMs = 60_000) =>
    withDeadline(clock, remainingMs, (deadline) => deliverInput(input, deadline));
  const redeliver = (queued: QueuedDelivery, remainingMs = 60_000) =>
    withDeadline(clock, remainingMs, (deadline) => told({ parse: () => queued, body: () => '' }, deadline));
  /** Delivers each message of the queue again, without its delay. @returns the attempts so far after each invocation */
  const deliverUntilSettled = async (input: unknown): Promise<readonly number[]> => {
    let last = await deliver(input);
    const attempts = [last.attempts];
    while (last.settlement.kind === 'deferred') {
      const { queued } = queue.sent.at(-1) ?? expect.fail('Nothing is in the delivery queue.');
      last = await redeliver(queued);
      attempts.push(last.attempts);
    }
    return attempts;
  };
  return { clock, endpoint, current, deadLetters, queue, conclusions, deliver, redeliver, deliverUntilSettled };
}

const envelope = { apiDestination: 'orders', event, rule: 'arn:aws:events:us-east-1:123456789012:rule/orders' };

describe('a delivery', () => {
  test('a delivery reaches the endpoint with its event and its credentials, and writes one log line', async () => {
    const { endpoint, deliver, conclusions, deadLetters } = setUp();
    expect((await deliver(envelope)).settlement).toEqual({ kind: 'delivered' });
    expect(endpoint.requests).toMatchObject([{ method: 'POST', path: '/events', body: JSON.stringify(event) }]);
    expect(endpoint.requests[0]?.headers).toMatchObject({
      authorization: basicHeader('canary-password'),
      'user-agent': 'lastmile/test',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(conclusions).toEqual([
      {
        settlement: { kind: 'delivered' },
        apiDestination: 'orders',
        eventId: event.id,
        source: 'shop.orders',
        detailType: 'Order Placed',
        rule: envelope.rule,
        status: 200,
        attempts: 1,
        durationMs: 0,
        rateWaitMs: 0,
        ageMs: 0,
      },
    ]);
    expect(deadLetters.letters).toEqual([]);
  });

  test('an event without an envelope goes to the API destination of the function', async () => {
    const { endpoint, deliver } = setUp({ apiDestination: 'orders' });
    await deliver(event);
    expect(endpoint.requests[0]?.body).toBe(JSON.stringify(event));
  });

  test('an envelope cannot choose a destination when the function has its own destination', async () => {
    const { endpoint, deliver, deadLetters } = setUp({ apiDestination: 'orders' });
    expect((await deliver({ ...envelope, apiDestination: 'other' })).settlement.kind).toBe('dead-lettered');
    expect(endpoint.requests).toEqual([]);
    expect(deadLetters.letters[0]).toMatchObject({ code: 'InvalidDelivery' });
  });

  test('an event that the endpoint rejects for good is dead-lettered unchanged, with the reason', async () => {
    const { deliver, deadLetters } = setUp({ answer: () => ({ status: 422, body: 'no such order' }) });
    expect((await deliver(envelope)).settlement).toEqual({ kind: 'dead-lettered' });
    expect(deadLetters.letters).toMatchObject([
      {
        body: JSON.stringify(event),
        targetArn: 'arn:aws:events:us-east-1:123456789012:api-destination/orders/orders-1',
        code: 'EndpointRejected',
        status: 422,
        answer: 'no such order',
      },
    ]);
  });

  test('a delivery with a retryable failure is retried from the queue, not in the same invocation', async () => {
    const answer: AnswerRequest = (_, index) => ({ status: index < 3 ? 503 : 200 });
    const { deliverUntilSettled, endpoint, queue, conclusions } = setUp({ answer });
    expect(await deliverUntilSettled(envelope)).toEqual([1, 2, 3, 4]);
    expect(conclusions.map(({ settlement }) => settlement.kind)).toEqual([
      'deferred',
      'deferred',
      'deferred',
      'delivered',
    ]);
    expect(endpoint.requests.map(({ headers }) => headers['idempotency-key'])).toEqual(
      Array.from({ length: 4 }, () => `${event.id}/orders`),
    );
    expect(queue.sent.map(({ queued }) => queued.delivery.attempts)).toEqual([1, 2, 3]);
  });

  test('a delivery that must wait goes to the queue with its attempts, their times and the time of the next attempt', async () => {
    const answer = () => ({ status: 503, headers: { 'retry-after': '30' } });
    const { clock, deliver, queue, deadLetters } = setUp({ answer });
    const notBeforeMs = clock.nowMs() + 30_000;
    expect(await deliver(envelope)).toMatchObject({
      settlement: { kind: 'deferred', notBeforeMs },
      code: 'EndpointFailed',
      status: 503,
      attempts: 1,
      nextAttemptAtMs: notBeforeMs,
    });
    expect(queue.sent).toMatchObject([
      {
        group: 'orders',
        queued: {
          notBeforeMs,
          delivery: {
            attempts: 1,
            firstReceivedAtMs: clock.nowMs(),
            attemptTimes: { firstMs: clock.nowMs(), lastMs: clock.nowMs() },
            event: { value: event },
          },
        },
      },
    ]);
    expect(deadLetters.letters).toEqual([]);
  });

  test('a delivery that is received a millisecond before its time goes back to the queue without an attempt', async () => {
    const queued = (clock: { nowMs(): number }, waitMs: number): QueuedDelivery => ({
      delivery: {
        apiDestination: 'orders',
        event: { value: event },
        target: {},
        attempts: 1,
        postponements: 0,
        firstReceivedAtMs: clock.nowMs(),
      },
      notBeforeMs: clock.nowMs() + waitMs,
    });
    const { clock, redeliver, endpoint, queue } = setUp();
    const early = queued(clock, 1);
    expect((await redeliver(early)).settlement).toEqual({ kind: 'deferred', notBeforeMs: early.notBeforeMs });
    expect(endpoint.requests).toEqual([]);
    expect(queue.sent).toMatchObject([{ queued: early }]);
    await clock.advance(1);
    expect(await redeliver(early)).toMatchObject({ settlement: { kind: 'delivered' }, attempts: 2, ageMs: 1 });
  });

  test('a delivery with N allowed retries is dead-lettered with MaximumRetryAttempts after N + 1 attempts', async () => {
    const answer = () => ({ status: 500, body: 'down' });
    const { deliverUntilSettled, endpoint, deadLetters, conclusions } = setUp({ answer });
    const target = { Id: 'orders', RetryPolicy: { MaximumRetryAttempts: 2 } };
    expect(await deliverUntilSettled({ ...envelope, target })).toEqual([1, 2, 3]);
    expect(conclusions.at(-1)?.settlement.kind).toBe('dead-lettered');
    expect(endpoint.requests).toHaveLength(3);
    expect(deadLetters.letters).toMatchObject([
      {
        condition: 'MaximumRetryAttempts',
        code: 'EndpointFailed',
        status: 500,
        answer: 'down',
        delivery: { attempts: 3 },
      },
    ]);
  });

  test('a Retry-After beyond the age limit dead-letters the event at once', async () => {
    const answer = () => ({ status: 429, headers: { 'retry-after': '61' } });
    const { deliver, deadLetters } = setUp({ answer });
    const target = { RetryPolicy: { MaximumEventAgeInSeconds: 60 } };
    expect((await deliver({ ...envelope, target })).settlement.kind).toBe('dead-lettered');
    expect(deadLetters.letters).toMatchObject([{ condition: 'MaximumEventAgeInSeconds', code: 'EndpointThrottled' }]);
  });

  test('a negative Retry-After stops the retries, and the dead letter names no exhausted retry condition', async () => {
    const { deliver, deadLetters } = setUp({ answer: () => ({ status: 503, headers: { 'retry-after': '-1' } }) });
    expect(await deliver(envelope)).toMatchObject({ settlement: { kind: 'dead-lettered' }, attempts: 1 });
    expect(deadLetters.letters[0]).not.toHaveProperty('condition');
  });

  test('an event that exceeded its age limit in the queue is not sent', async () => {
    const { clock, redeliver, endpoint, deadLetters } = setUp();
    const delivery = {
      apiDestination: 'orders',
      event: { value: event },
      target: { RetryPolicy: { MaximumEventAgeInSeconds: 60 } },
      attempts: 0,
      postponements: 0,
      firstReceivedAtMs: clock.nowMs() - 60_001,
    };
    expect(await redeliver({ delivery })).toMatchObject({
      settlement: { kind: 'dead-lettered' },
      code: 'EventExpired',
    });
    expect(endpoint.requests).toEqual([]);
    expect(deadLetters.letters).toMatchObject([{ condition: 'MaximumEventAgeInSeconds' }]);
  });

  test('a failure before the request postpones the delivery and uses no attempt', async () => {
    const unavailable = () => Promise.reject(new Failure('StoreUnavailable', 'injected', { retryAfterMs: 5000 }));
    const { deliver, queue } = setUp({ resolver: { cached: known, current: unavailable, fresh: unavailable } });
    const target = { RetryPolicy: { MaximumRetryAttempts: 0 } };
    expect(await deliver({ ...envelope, target })).toMatchObject({ settlement: { kind: 'deferred' }, attempts: 0 });
    expect(queue.sent[0]?.queued.delivery).toMatchObject({ attempts: 0, postponements: 1 });
  });

  test('an event is returned to its sender, not lost, when the delivery queue refuses it', async () => {
    const { deliver, queue, deadLetters } = setUp({
      answer: () => ({ status: 503, headers: { 'retry-after': '30' } }),
    });
    const refusal = new Failure('StoreUnavailable', 'injected');
    queue.failWith(refusal);
    expect((await deliver(envelope)).settlement).toEqual({ kind: 'returned', error: refusal });
    expect(deadLetters.letters).toEqual([]);
  });

  test('a delivery that is too large for the delivery queue becomes a dead letter with that reason', async () => {
    const { deliver, queue, deadLetters } = setUp({
      answer: () => ({ status: 503, headers: { 'retry-after': '30' } }),
    });
    queue.failWith(new Failure('DeliveryTooLarge', 'too large'));
    expect((await deliver(envelope)).settlement.kind).toBe('dead-lettered');
    expect(deadLetters.letters).toMatchObject([{ code: 'DeliveryTooLarge', body: JSON.stringify(event) }]);
  });

  test('an event for a destination that does not exist is dead-lettered with the reason', async () => {
    const missing = () => Promise.reject(new Failure('ApiDestinationNotFound', "API destination 'x' does not exist."));
    const { deliver, deadLetters } = setUp({ resolver: { cached: known, current: missing, fresh: missing } });
    expect(await deliver(envelope)).toMatchObject({
      settlement: { kind: 'dead-lettered' },
      code: 'ApiDestinationNotFound',
    });
    expect(deadLetters.letters[0]?.reason).toBe("API destination 'x' does not exist.");
  });

  test('an input that is not a delivery goes to the dead letters unchanged', async () => {
    const { deliver, deadLetters } = setUp();
    expect((await deliver({ hello: ['world'] })).settlement.kind).toBe('dead-lettered');
    expect(deadLetters.letters[0]).toMatchObject({ body: '{"hello":["world"]}', code: 'InvalidDelivery' });
  });

  test('an event is returned to its sender, not lost, when the dead-letter queue refuses it', async () => {
    const { deliver, deadLetters } = setUp({ answer: () => ({ status: 400 }) });
    const refusal = new Failure('StoreUnavailable', 'injected');
    deadLetters.failWith(refusal);
    expect((await deliver(envelope)).settlement).toEqual({ kind: 'returned', error: refusal });
    expect((await deliver('no delivery')).settlement).toEqual({ kind: 'returned', error: refusal });
  });

  test('when a bug causes an error, that error is passed on unchanged and the event is returned to its sender', async () => {
    const bug = new TypeError('x is not a function');
    const broken = () => Promise.reject(bug);
    const { deliver } = setUp({ resolver: { cached: known, current: broken, fresh: broken } });
    expect(await deliver(envelope)).toMatchObject({ settlement: { kind: 'returned', error: bug }, code: 'Unexpected' });
  });

  test('a bug after a 2xx is logged with its stack, and the event stays delivered', async () => {
    const bug = new TypeError('x is not a function');
    const { deliver, endpoint, conclusions } = setUp({ observeAnswer: () => Promise.reject(bug) });
    expect(await deliver(envelope)).toMatchObject({
      settlement: { kind: 'delivered' },
      code: 'Unexpected',
      status: 200,
    });
    expect(endpoint.requests).toHaveLength(1);
    expect(JSON.parse(formatConclusion(conclusions[0] as Conclusion))).toMatchObject({
      level: 'WARN',
      outcome: 'delivered',
      errors: [{ name: 'TypeError', message: bug.message, stack: expect.stringContaining('deliver.test.ts') }],
    });
  });

  test('an event is returned to its sender when a bug occurs after the endpoint has refused the event', async () => {
    const bug = new TypeError('x is not a function');
    const { deliver } = setUp({ answer: () => ({ status: 500 }), observeAnswer: () => Promise.reject(bug) });
    expect(await deliver(envelope)).toMatchObject({ settlement: { kind: 'returned', error: bug }, code: 'Unexpected' });
  });

  test('a request does not begin when its timeout could end less than 5 s before the end of the invocation', async () => {
    const { deliver, endpoint } = setUp();
    expect(await deliver(envelope, 9999)).toMatchObject({ settlement: { kind: 'deferred' }, code: 'OutOfTime' });
    expect(endpoint.requests).toEqual([]);
    expect((await deliver(envelope, 10_000)).settlement.kind).toBe('delivered');
  });

  test('a 401 with credentials that were changed meanwhile is sent once more, with the new ones', async () => {
    const answer: AnswerRequest = ({ headers }) => ({
      status: headers['authorization'] === basicHeader('second') ? 200 : 401,
    });
    const changed: { connection?: Connection } = {};
    const { deliver, endpoint, current } = setUp({
      answer: async (request, index) => {
        current.route = {
          ...current.route,
          secret: basic('second'),
          connection: changed.connection ?? current.route.connection,
        };
        return answer(request, index);
      },
    });
    changed.connection = connectionOf('billing', { secretVersion: 'version-2' });
    expect((await deliver(envelope)).settlement.kind).toBe('delivered');
    expect(endpoint.requests).toHaveLength(2);
  });

  test('a 401 with credentials that are still the same is not sent again', async () => {
    const { deliver, endpoint } = setUp({ answer: () => ({ status: 401, headers: { 'retry-after': '9' } }) });
    expect(await deliver(envelope)).toMatchObject({ settlement: { kind: 'deferred' }, code: 'EndpointUnauthorized' });
    expect(endpoint.requests).toHaveLength(1);
  });

  test('a request that cannot be built from the cached destination is built from the current one', async () => {
    const { deliver, endpoint, current } = setUp({
      destination: { invocationEndpoint: 'https://elsewhere.example/*' },
    });
    const cached = current.route;
    const moved = { ...cached.apiDestination, invocationEndpoint: `${endpoint.origin}/moved`, revision: 2 };
    current.anew = { ...cached, apiDestination: moved };
    expect((await deliver(envelope)).settlement.kind).toBe('delivered');
    expect(endpoint.requests.map(({ path }) => path)).toEqual(['/moved']);
  });

  test('a rejected event is sent once more when the destination has moved since it was cached', async () => {
    const answer: AnswerRequest = ({ path }) => ({ status: path === '/moved' ? 200 : 404 });
    const { deliver, endpoint, current, deadLetters } = setUp({ answer });
    const moved = { ...current.route.apiDestination, invocationEndpoint: `${endpoint.origin}/moved`, revision: 2 };
    current.anew = { ...current.route, apiDestination: moved };
    expect((await deliver(envelope)).settlement.kind).toBe('delivered');
    expect(endpoint.requests.map(({ path }) => path)).toEqual(['/events', '/moved']);
    expect(deadLetters.letters).toEqual([]);
  });

  test('a rejected event stays retryable while the stores cannot be reached to look for a changed destination', async () => {
    const { deliver, current, deadLetters } = setUp({ answer: () => ({ status: 404 }) });
    current.anew = new Failure('StoreUnavailable', 'injected', { retryAfterMs: 5000 });
    expect(await deliver(envelope)).toMatchObject({ settlement: { kind: 'deferred' }, code: 'StoreUnavailable' });
    expect(deadLetters.letters).toEqual([]);
  });

  test('a 401 ends its attempt when the stores cannot be reached to look for changed credentials', async () => {
    const { deliver, current } = setUp({ answer: () => ({ status: 401, headers: { 'retry-after': '9' } }) });
    current.anew = new Failure('StoreUnavailable', 'injected');
    expect(await deliver(envelope)).toMatchObject({ settlement: { kind: 'deferred' }, code: 'EndpointUnauthorized' });
  });

  test('the log line of a failed delivery holds the reason and the answer of the endpoint, with the credentials masked', async () => {
    const answer: AnswerRequest = ({ headers }) => ({ status: 400, body: JSON.stringify({ error: 'no', headers }) });
    const { deliver, conclusions } = setUp({ answer });
    await deliver({ ...envelope, target: { Id: 'to-orders' } });
    const line = formatConclusion(conclusions[0] as Conclusion);
    expect(JSON.parse(line)).toMatchObject({
      message: 'delivery.concluded',
      source: 'shop.orders',
      detailType: 'Order Placed',
      targetId: 'to-orders',
      code: 'EndpointRejected',
      reason: 'The endpoint answered 400.',
      status: 400,
      answer: expect.stringMatching(/^\{"error":"no".*"authorization":"Basic \*\*\*"/),
    });
    expect(line).not.toMatch(/canary/);
    expect(line).not.toContain(basicHeader('canary-password').replace('Basic ', ''));
  });

  test('the log line of a delivery has the id of the trace that came with the event, and no other part of the trace', async () => {
    const { deliver, conclusions } = setUp();
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    await deliver({ ...envelope, trace: { traceparent, tracestate: 'canary=1' } });
    await deliver(envelope);
    const lines = conclusions.map(formatConclusion);
    expect(lines.map((line) => JSON.parse(line).traceId)).toEqual(['a'.repeat(32), undefined]);
    expect(lines[0]).not.toMatch(/bbbb|canary/);
  });

  test('the log line of a deferred delivery says until when it waits and for what', async () => {
    const { deliver, conclusions, clock, queue } = setUp({
      answer: () => ({ status: 503, headers: { 'retry-after': '30' } }),
    });
    await deliver(envelope);
    queue.failWith(new Failure('StoreUnavailable', 'injected'));
    await deliver(envelope);
    const lines = conclusions.map((conclusion) => JSON.parse(formatConclusion(conclusion)));
    const nextAttemptAt = new Date(clock.nowMs() + 30_000).toISOString();
    expect(lines[0]).toMatchObject({ outcome: 'deferred', nextAttemptAt, waitsFor: 'retry-after' });
    expect(lines[1]).toMatchObject({ outcome: 'returned', code: 'EndpointFailed' });
    expect(lines[1]).not.toHaveProperty('waitsFor');
  });

  test('the log line of an accepted delivery holds no answer', async () => {
    const { deliver, conclusions } = setUp({ answer: () => ({ status: 202, body: 'queued' }) });
    await deliver(envelope);
    const line = formatConclusion(conclusions[0] as Conclusion);
    expect(line).not.toMatch(/answer|reason|queued/);
  });

  test.each(['source', 'detail-type'])('an event whose %s is no text is logged without it', async (member) => {
    const { deliver, conclusions } = setUp();
    await deliver({ ...envelope, event: { ...event, [member]: { text: 'canary' } } });
    expect(conclusions[0]?.settlement.kind).toBe('delivered');
    expect(formatConclusion(conclusions[0] as Conclusion)).not.toContain('canary');
  });

  test.each(['id', 'source', 'detail-type'])(
    'the log line of a delivery has a limited length, even if the %s of the event is long',
    async (member) => {
      const { deliver, conclusions } = setUp();
      await deliver({ ...envelope, event: { ...event, [member]: 'x'.repeat(100_000) } });
      expect(formatConclusion(conclusions[0] as Conclusion).length).toBeLessThan(1000);
    },
  );

  test('the log line of a failed delivery has a limited length, even if the answer and the id of the target are long', async () => {
    const { deliver, conclusions } = setUp({ answer: () => ({ status: 400, body: 'x'.repeat(100_000) }) });
    await deliver({ ...envelope, target: { Id: 'x'.repeat(100_000) } });
    expect(formatConclusion(conclusions[0] as Conclusion).length).toBeLessThan(3000);
  });
});
