import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../../../lib/core/delivery/delivery.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { inTurn, newcomer, type Turn } from '../../../../lib/core/rate/shards.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { createWaitingClock } from '../../../fakes/waiting-clock.ts';
import type { AnswerRequest } from '../fake-endpoint.ts';
import { routeOf } from '../outcomes.ts';
import { batchRoute, createBatchWorld, eventOf, eventsOf } from './batch-world.ts';

const arrayOf = (...numbers: readonly number[]) => `[${numbers.map((number) => `{"id":"e-${number}"}`).join(',')}]`;
const delivered = { kind: 'tried', requested: true, outcome: { kind: 'delivered', status: 200 } };

describe('the events of an invocation', () => {
  test('ten events take one slot and one request, and each is delivered', async () => {
    const world = createBatchWorld(batchRoute());
    const results = await world.attemptAll(eventsOf(10));
    expect(results).toMatchObject(Array.from({ length: 10 }, () => ({ ...delivered, batchSize: 10 })));
    expect(world.bodies()).toEqual([arrayOf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)]);
    expect([world.turns, world.observed]).toEqual([[newcomer], [200]]);
  });

  test('the time of the one answer is measured once', async () => {
    const world = createBatchWorld(batchRoute());
    const results = await world.attemptAll(eventsOf(3));
    expect(results.map((result) => result.kind === 'tried' && result.latenciesMs.length)).toEqual([1, 0, 0]);
  });

  test('events for a destination without a batch have requests of their own', async () => {
    const world = createBatchWorld(routeOf());
    await world.attemptAll(eventsOf(3));
    expect(world.bodies()).toEqual(['{"id":"e-1"}', '{"id":"e-2"}', '{"id":"e-3"}']);
  });

  test('one event is a batch of one with its own key and its trace, and its result has no size', async () => {
    const world = createBatchWorld(batchRoute());
    const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    const [result] = await world.attemptAll([eventOf('e-1', { trace })]);
    expect(result).not.toHaveProperty('batchSize');
    expect(world.requests).toMatchObject([{ body: arrayOf(1), headers: { 'idempotency-key': 'e-1/orders' } }]);
    expect(world.requests[0]?.headers).toHaveProperty('traceparent');
  });

  test('a batch of several events has no traceparent', async () => {
    const world = createBatchWorld(batchRoute());
    await world.attemptAll(eventsOf(2, { trace: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` } }));
    expect(world.requests.map(({ headers }) => headers['traceparent'])).toEqual([undefined]);
  });

  test('a destination that is not in the cache is resolved first, and its events still go together', async () => {
    const world = createBatchWorld(batchRoute(), { resolver: { cached: () => undefined } });
    await world.attemptAll(eventsOf(3));
    expect(world.bodies()).toEqual([arrayOf(1, 2, 3)]);
  });

  test('an event of an ordered group is a batch of one, because a failure must hold its own group only', async () => {
    const world = createBatchWorld(batchRoute());
    await world.attemptAll([eventOf('e-1', { orderedGroup: 'a' }), eventOf('e-2', { orderedGroup: 'b' })]);
    expect(world.bodies()).toEqual([arrayOf(1), arrayOf(2)]);
  });

  test('the events of two invocations are not joined', async () => {
    const world = createBatchWorld(batchRoute());
    await Promise.all([world.attemptAll(eventsOf(2)), world.attemptAll(eventsOf(2))]);
    expect(world.bodies()).toEqual([arrayOf(1, 2), arrayOf(1, 2)]);
  });

  test('MaximumSize cuts the events into several requests, each with a slot of its own', async () => {
    const world = createBatchWorld(batchRoute({ format: 'JSON_ARRAY', maximumSize: 2 }));
    await world.attemptAll(eventsOf(5));
    expect(world.bodies()).toEqual([arrayOf(1, 2), arrayOf(3, 4), arrayOf(5)]);
    expect(world.turns).toHaveLength(3);
  });

  test('a batch has at most 1,000,000 bytes, unless its only event is larger', async () => {
    const world = createBatchWorld(batchRoute());
    const sized = (id: string, bytes: number) =>
      eventOf(id, { event: { value: { id }, text: JSON.stringify('x'.repeat(bytes)) } });
    await world.attemptAll([sized('a', 600_000), sized('b', 300_000), sized('c', 300_000), sized('d', 1_500_000)]);
    expect(world.bodies().map((body) => Math.round(String(body).length / 100_000))).toEqual([9, 3, 15]);
  });

  test('events with other paths go in other requests', async () => {
    const world = createBatchWorld(batchRoute());
    const to = (id: string, shop: string) =>
      eventOf(id, { target: { HttpParameters: { PathParameterValues: [shop] } } });
    await world.attemptAll([to('e-1', 'a'), to('e-2', 'b'), to('e-3', 'a')]);
    expect(world.requests.map(({ path, body }) => [path, body])).toEqual([
      ['/a', arrayOf(1, 3)],
      ['/b', arrayOf(2)],
    ]);
  });

  test('text goes alone as text beside a batch of the other events', async () => {
    const world = createBatchWorld(batchRoute());
    const text = eventOf('e-2', { event: { value: 'hello', form: 'text' } });
    await world.attemptAll([eventOf('e-1'), text, eventOf('e-3')]);
    expect(new Set(world.bodies())).toEqual(new Set(['hello', arrayOf(1, 3)]));
  });
});

describe('an event that cannot be prepared', () => {
  test('an event whose transformer fails does not arrive, and the others go without it', async () => {
    const transform = (delivery: Delivery) =>
      delivery.event.text?.includes('e-2') === true
        ? Promise.reject(new Failure('InvalidInvocation', 'The expression fails.'))
        : Promise.resolve(delivery);
    const world = createBatchWorld(batchRoute(), { resolver: { cached: () => undefined }, transform });
    const results = await world.attemptAll(eventsOf(3));
    expect(results).toMatchObject([
      { outcome: { kind: 'delivered' }, batchSize: 2 },
      { outcome: { kind: 'permanent', code: 'InvalidInvocation' }, requested: false },
      { outcome: { kind: 'delivered' }, batchSize: 2 },
    ]);
    expect(world.bodies()).toEqual([arrayOf(1, 3)]);
  });

  test('an event whose transformer takes longer than a second goes later, as a batch of one', async () => {
    const clock = createManualClock();
    const slow = Promise.withResolvers<Delivery>();
    const firstReceivedAtMs = clock.nowMs();
    const transform = (delivery: Delivery) => (delivery.postponements === 1 ? slow.promise : Promise.resolve(delivery));
    const world = createBatchWorld(batchRoute(), { clock, resolver: { cached: () => undefined }, transform });
    const [one, two, three] = eventsOf(3, { firstReceivedAtMs });
    const all = world.attemptAll([one, { ...two, postponements: 1 }, three] as readonly Delivery[]);
    await expect.poll(() => clock.sleeperCount()).toBe(2);
    await clock.advance(0);
    await clock.advance(999);
    expect(world.bodies()).toEqual([]);
    await clock.advance(1);
    await expect.poll(() => world.bodies()).toEqual([arrayOf(1, 3)]);
    slow.resolve(eventOf('e-2', { firstReceivedAtMs }));
    expect(await all).toMatchObject([delivered, delivered, delivered]);
    expect(world.bodies()).toEqual([arrayOf(1, 3), arrayOf(2)]);
  });

  test('an event whose store cannot be reached waits after one read', async () => {
    let reads = 0;
    const current = async () => {
      reads += 1;
      throw new Failure('StoreUnavailable', 'The table does not answer.');
    };
    const world = createBatchWorld(batchRoute(), { resolver: { cached: () => undefined, current } });
    const results = await world.attemptAll(eventsOf(2));
    const waiting = { outcome: { kind: 'retryable', code: 'StoreUnavailable' }, requested: false };
    expect([results, reads]).toMatchObject([[waiting, waiting], 2]);
  });

  test('an event for a destination that does not exist fails after a read past the cache', async () => {
    const missing = async () => {
      throw new Failure('ApiDestinationNotFound', 'It does not exist.');
    };
    const resolver = { cached: () => undefined, current: missing, fresh: missing };
    const [result] = await createBatchWorld(batchRoute(), { resolver }).attemptAll([eventOf('e-1')]);
    expect(result).toMatchObject({ outcome: { kind: 'permanent', code: 'ApiDestinationNotFound' } });
  });

  test('a bug during the preparation returns every event to its sender', async () => {
    const transform = () => Promise.reject(new Error('a bug'));
    const world = createBatchWorld(batchRoute(), { resolver: { cached: () => undefined }, transform });
    await expect(world.attemptAll(eventsOf(2))).rejects.toThrow('a bug');
    expect(world.bodies()).toEqual([]);
  });
});

describe('the answer to a batch', () => {
  test.each([
    [500, { kind: 'retryable', code: 'EndpointFailed', status: 500 }],
    [422, { kind: 'permanent', code: 'EndpointRejected', status: 422 }],
    [207, { kind: 'delivered', status: 207 }],
  ] as const)('status %i counts for each event of the batch', async (status, outcome) => {
    const world = createBatchWorld(batchRoute(), { answer: () => ({ status }) });
    const each = { kind: 'tried', outcome, requested: true, batchSize: 2 };
    expect(await world.attemptAll(eventsOf(2))).toMatchObject([each, each]);
    expect(world.observed).toEqual([status]);
  });

  test('a 413 halves a batch until the events fit, and an event that is alone too large fails alone', async () => {
    const world = createBatchWorld(batchRoute(), {
      answer: ({ body }) => ({ status: String(body).includes('e-3') || String(body).length > 30 ? 413 : 200 }),
    });
    const results = await world.attemptAll(eventsOf(4));
    expect(world.bodies()).toEqual([arrayOf(1, 2, 3, 4), arrayOf(1, 2), arrayOf(3, 4), arrayOf(3), arrayOf(4)]);
    expect(results).toMatchObject([
      { outcome: { kind: 'delivered' }, batchSize: 2 },
      { outcome: { kind: 'delivered' }, batchSize: 2 },
      { outcome: { kind: 'permanent', status: 413 } },
      { outcome: { kind: 'delivered' } },
    ]);
    expect(world.turns).toEqual([newcomer, inTurn, inTurn, inTurn, inTurn]);
  });

  test('a half without a slot comes back later, and a worker then sends no batch of the refused size again', async () => {
    const world = createBatchWorld(batchRoute(), {
      answer: ({ body }) => ({ status: String(body).length > 30 ? 413 : 200 }),
      later: (slot) => slot === 2,
    });
    const [first, , third] = await world.attemptAll(eventsOf(4));
    expect([first, third]).toMatchObject([delivered, { kind: 'later', turn: world.returning }]);
    await world.attemptAll(eventsOf(4));
    expect(world.bodies()).toEqual([arrayOf(1, 2, 3, 4), arrayOf(1, 2), arrayOf(1, 2), arrayOf(3, 4)]);
  });

  test('a worker tries the full size again ten minutes after a 413', async () => {
    const clock = createWaitingClock();
    const answer: AnswerRequest = (_request, index) => ({ status: index === 0 ? 413 : 200 });
    const world = createBatchWorld(batchRoute(), { clock, answer });
    await world.attemptAll(eventsOf(2));
    clock.pass(600_000);
    await world.attemptAll(eventsOf(2));
    expect(world.bodies()).toEqual([arrayOf(1, 2), arrayOf(1), arrayOf(2), arrayOf(1, 2)]);
  });

  test('an invocation without time for a request sends none, and every event waits', async () => {
    const world = createBatchWorld(batchRoute(), { remainingMs: 9000 });
    const waiting = { outcome: { kind: 'retryable', code: 'OutOfTime' }, requested: false };
    expect(await world.attemptAll(eventsOf(2))).toMatchObject([waiting, waiting]);
    expect(world.bodies()).toEqual([]);
  });

  test('the halves of a refused batch are not sent when there is no more time for a request', async () => {
    const clock = createWaitingClock();
    const world = createBatchWorld(batchRoute(), {
      clock,
      remainingMs: 12_000,
      answer() {
        clock.pass(3000);
        return { status: 413 };
      },
    });
    const waiting = { outcome: { kind: 'retryable', code: 'OutOfTime' }, requested: false };
    expect(await world.attemptAll(eventsOf(4))).toMatchObject([waiting, waiting, waiting, waiting]);
    expect(world.bodies()).toHaveLength(1);
  });

  test('a bug of the HTTP client returns every event of the batch to its sender', async () => {
    const world = createBatchWorld(batchRoute(), {
      answer() {
        throw new Error('a bug');
      },
    });
    await expect(world.attemptAll(eventsOf(2))).rejects.toThrow('a bug');
  });
});

describe('the turn of a batch', () => {
  const returnAt = (atMs: number): Turn => ({ kind: 'return', generation: 1, shard: 0, atMs });

  test.each<[string, (Turn | undefined)[], Turn]>([
    ['is that of a newcomer when all events are new', [undefined, newcomer], newcomer],
    ['is the earliest return time, also beside new events', [undefined, returnAt(9), returnAt(5)], returnAt(5)],
    ['is in turn when one event has missed its slot', [returnAt(9), inTurn, undefined], inTurn],
  ])('the turn of a batch %s', async (_which, turns, expected) => {
    const world = createBatchWorld(batchRoute());
    await world.attemptAll(eventsOf(turns.length), turns);
    expect(world.turns).toEqual([expected]);
  });

  test('every event of a batch without a slot gets the same return time', async () => {
    const world = createBatchWorld(batchRoute(), { later: () => true });
    const later = { kind: 'later', turn: world.returning };
    expect(await world.attemptAll(eventsOf(2))).toMatchObject([later, later]);
  });
});
