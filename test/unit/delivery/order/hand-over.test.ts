import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ApiDestination } from '../../../../lib/core/destination/api-destination.ts';
import type { DeliveryPolicyOverrides } from '../../../../lib/core/destination/delivery-policy.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { createHandOver } from '../../../../lib/delivery/order/hand-over.ts';
import { createOrdering } from '../../../../lib/delivery/order/ordering.ts';
import { apiDestinationOf } from '../../../contract/dynamodb/subjects.ts';
import { createInMemoryOrderedQueue } from '../../../fakes/order/in-memory-order.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { createInMemoryReceivedMessages } from '../../../fakes/in-memory-received-messages.ts';
import { createWorker, message, raw } from '../worker.ts';

const outage = new Failure('StoreUnavailable', 'injected');
const perGroup: DeliveryPolicyOverrides = { order: 'PER_GROUP', orderGroupPath: '$.group' };

interface Options {
  readonly policy?: DeliveryPolicyOverrides;
  /** Whether the worker has read the API destination before. */
  readonly isCached?: boolean;
  readonly hasQueue?: boolean;
  readonly read?: () => Promise<ApiDestination | undefined>;
}

/** A worker whose API destinations all have the same policy. */
function setUp({ policy, isCached = true, hasQueue = true, read }: Options = {}) {
  const destination = { ...apiDestinationOf('orders'), ...(policy && { policy }) };
  const ordered = createInMemoryOrderedQueue();
  let reads = 0;
  const destinations = {
    cachedDestination: () => (isCached ? destination : undefined),
    async currentDestination() {
      reads += 1;
      return read === undefined ? destination : read();
    },
  };
  const handOver = createHandOver(hasQueue ? ordered : undefined, createManualClock(), randomUUID);
  const ordering = createOrdering(destinations, hasQueue, handOver);
  const received = createInMemoryReceivedMessages();
  const worker = createWorker(undefined, undefined, undefined, received, undefined, ordering);
  const orderOf = () => ordered.sent.map(({ queued }) => (queued.delivery.event.value as { id: string }).id);
  return { ...worker, ordered, orderOf, reads: () => reads };
}

const envelope = (id: string, target: object = {}, group = 'a') => ({
  apiDestination: 'orders',
  event: { id, group },
  target,
});

describe('an event that must keep its order', () => {
  test('an event whose policy asks for order goes to the ordered queue without an attempt', async () => {
    const { invoke, ordered, attempted, queue, conclusions, clock } = setUp({ policy: perGroup });
    await invoke(envelope('1'), 'request');
    expect(ordered.sent).toHaveLength(1);
    expect(attempted).toEqual([]);
    expect(queue.sent).toEqual([]);
    expect(conclusions).toMatchObject([
      { settlement: { kind: 'deferred', notBeforeMs: clock.nowMs() }, waitsFor: 'order', eventId: '1' },
    ]);
  });

  test('the target of an event asks for order although the policy does not, and nothing is read for it', async () => {
    const { invoke, ordered, reads } = setUp({ isCached: false });
    await invoke(envelope('1', { Order: 'PER_GROUP', OrderGroupPath: '$.group' }));
    await invoke(envelope('2', { Order: 'PER_GROUP', OrderGroupPath: '$.group' }, 'b'));
    expect(new Set(ordered.sent.map(({ group }) => group)).size).toBe(2);
    expect(reads()).toBe(0);
  });

  test('the path of the target replaces the path of the policy', async () => {
    const { invoke, ordered } = setUp({ policy: perGroup });
    for (const id of ['1', '2']) await invoke(envelope(id, { Order: 'PER_GROUP', OrderGroupPath: '$.id' }));
    expect(new Set(ordered.sent.map(({ group }) => group)).size).toBe(2);
  });

  test('an event without order is attempted at once, and no policy is read for it', async () => {
    const { invoke, ordered, attempted, reads } = setUp({ policy: { burst: 2 } });
    await invoke(envelope('1'));
    expect(attempted).toEqual(['1']);
    expect(ordered.sent).toEqual([]);
    expect(reads()).toBe(0);
  });

  test.each([9, 25])(
    '%i events of an array keep their order, even if their policy must be read first',
    async (count) => {
      const { invoke, orderOf, reads, attempted } = setUp({ policy: perGroup, isCached: false });
      const ids = Array.from({ length: count }, (_, index) => `e-${index}`);
      await invoke(
        ids.map((id) => envelope(id)),
        'request',
      );
      expect(orderOf()).toEqual(ids);
      expect(reads()).toBe(count);
      expect(attempted).toEqual([]);
    },
  );

  test('a message of the delivery queue goes to the ordered queue, and its progress goes with it', async () => {
    const { run, ordered } = setUp({ policy: perGroup });
    const sent = message('1', { attempts: 3, attemptTimes: { firstMs: 1, lastMs: 2 }, notBeforeMs: 7 });
    expect(await run([sent])).toEqual([]);
    expect(ordered.sent).toMatchObject([{ queued: { delivery: { attempts: 3 }, notBeforeMs: 7 } }]);
  });

  test('equal elements of an array get different deduplication ids, which stay the same when the invocation is repeated', async () => {
    const { invoke, ordered } = setUp({ policy: perGroup });
    const input = [envelope('1'), envelope('1')];
    await invoke(input, 'request');
    await invoke(input, 'request');
    const ids = ordered.sent.map(({ deduplicationId }) => deduplicationId);
    expect(ids.slice(2)).toEqual(ids.slice(0, 2));
    expect(new Set(ids).size).toBe(2);
  });

  test('an event that is sent again by another message gets another deduplication id', async () => {
    const { run, invoke, ordered } = setUp({ policy: perGroup });
    await run([message('1')]);
    await run([{ ...message('1'), messageId: 'redriven' }]);
    // Without the id of its invocation, an event must never be taken for one that came before.
    await invoke(envelope('1'));
    await invoke(envelope('1'));
    expect(new Set(ordered.sent.map(({ deduplicationId }) => deduplicationId)).size).toBe(4);
  });

  test('an event that the ordered queue does not accept stays with its sender, and is not attempted', async () => {
    const { invoke, run, ordered, attempted, deadLetters, queue } = setUp({ policy: perGroup });
    ordered.failWith(outage);
    expect(await invoke(envelope('1'))).toMatchObject([{ settlement: { kind: 'returned', error: outage } }]);
    expect(await run([message('m')])).toEqual(['m']);
    const many = Array.from({ length: 12 }, (_, index) => envelope(`e-${index}`));
    expect((await invoke(many)).map(({ settlement }) => settlement.kind)).toEqual(Array(12).fill('returned'));
    expect([attempted, deadLetters.letters, queue.sent]).toEqual([[], [], []]);
  });

  test('an event that no message can hold becomes a dead letter with this reason', async () => {
    const { invoke, ordered, deadLetters } = setUp({ policy: perGroup });
    ordered.failWith(new Failure('MessageRefused', 'The queue refuses the message.'));
    await invoke(envelope('1'));
    expect(deadLetters.letters).toMatchObject([{ code: 'MessageRefused' }]);
  });

  test('in a stack without ordered deliveries, an event that asks for order is a dead letter that names the parameter', async () => {
    const { invoke, deadLetters, attempted, conclusions } = setUp({ hasQueue: false });
    await invoke(envelope('1', { Order: 'PER_GROUP' }));
    expect(attempted).toEqual([]);
    expect(deadLetters.letters).toMatchObject([
      { code: 'OrderUnavailable', delivery: { target: { Order: 'PER_GROUP' } } },
    ]);
    expect(deadLetters.letters[0]?.reason).toContain('the parameter orderedDeliveries');
    expect(conclusions).toMatchObject([{ code: 'OrderUnavailable', failureKind: 'permanent' }]);
  });

  test('if the policy cannot be read, the event is not attempted, and waits in the delivery queue', async () => {
    const { invoke, queue, attempted, conclusions } = setUp({ isCached: false, read: () => Promise.reject(outage) });
    await invoke(envelope('1'));
    expect(attempted).toEqual([]);
    expect(queue.sent).toHaveLength(1);
    expect(conclusions).toMatchObject([{ code: 'StoreUnavailable', waitsFor: 'store', attempts: 0 }]);
  });

  test('an API destination that does not exist has no order, and the attempt says that it does not exist', async () => {
    const { invoke, attempted } = setUp({ isCached: false, read: async () => undefined });
    await invoke(envelope('1'));
    expect(attempted).toEqual(['1']);
  });

  test('a dead letter of the ordered queue comes back to its group, and without the queue it is attempted', async () => {
    const own = { apiDestination: 'orders', orderedGroup: 'customer-7', v: 1 };
    const letter = () =>
      raw('m', { body: '{"id":"1"}', attributes: { LASTMILE: JSON.stringify(own), ERROR_CODE: 'X' } });
    const withQueue = setUp();
    await withQueue.run([letter()]);
    expect(withQueue.ordered.sent).toMatchObject([{ group: 'customer-7' }]);
    const without = setUp({ hasQueue: false });
    await without.run([letter()]);
    expect(without.attempted).toEqual(['1']);
  });
});
