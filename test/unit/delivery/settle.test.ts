import { describe, expect, test } from 'vitest';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { createSettler } from '../../../lib/delivery/settle.ts';
import { createInMemoryDeadLetters } from '../../fakes/in-memory-dead-letters.ts';
import { createInMemoryDeliveryQueue } from '../../fakes/in-memory-delivery-queue.ts';
import { deliveryOf } from './outcomes.ts';

function setUp() {
  const queue = createInMemoryDeliveryQueue();
  const deadLetters = createInMemoryDeadLetters();
  return { queue, deadLetters, settler: createSettler({ queue, deadLetters }) };
}

const unavailable = new Failure('StoreUnavailable', 'injected');
const letter = { body: '{}', code: 'EndpointRejected', reason: 'The endpoint answered 422.' } as const;
const waiting = { delivery: deliveryOf({ attempts: 3 }), notBeforeMs: 7 };

describe('sending to the dead letters', () => {
  test('an event is settled as soon as it is in the dead letters', async () => {
    const { deadLetters, settler } = setUp();
    expect(await settler.sendToDeadLetters(letter)).toEqual({ kind: 'dead-lettered' });
    expect(deadLetters.letters).toEqual([letter]);
  });

  test('an event is returned to its sender when the dead letters do not accept it', async () => {
    const { deadLetters, settler } = setUp();
    deadLetters.failWith(unavailable);
    expect(await settler.sendToDeadLetters(letter)).toEqual({ kind: 'returned', error: unavailable });
  });

  test('an event that is too large for a dead letter is returned to its sender', async () => {
    const { settler } = setUp();
    const body = `"${'x'.repeat(9 * 1_048_576)}"`;
    expect(await settler.sendToDeadLetters({ ...letter, body })).toMatchObject({
      kind: 'returned',
      error: { code: 'DeliveryTooLarge' },
    });
  });

  test('an event is not settled before the dead letters have answered', async () => {
    const accepted = Promise.withResolvers<void>();
    const settler = createSettler({ ...setUp(), deadLetters: { send: () => accepted.promise } });
    let settled = false;
    const burying = settler.sendToDeadLetters(letter).finally(() => {
      settled = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    accepted.resolve();
    expect(await burying).toEqual({ kind: 'dead-lettered' });
  });
});

describe('deferring', () => {
  test('a deferred delivery goes to the delivery queue with its time and in the message group of its destination', async () => {
    const { queue, settler } = setUp();
    expect(await settler.defer(waiting, 'orders')).toEqual({ kind: 'deferred', notBeforeMs: 7 });
    expect(queue.sent).toEqual([{ queued: waiting, group: 'orders' }]);
  });

  test('a deferred delivery is not settled before the delivery queue has answered', async () => {
    const accepted = Promise.withResolvers<void>();
    const settler = createSettler({ ...setUp(), queue: { send: () => accepted.promise } });
    let settled = false;
    const deferring = settler.defer(waiting, 'orders').finally(() => {
      settled = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    accepted.resolve();
    expect((await deferring).kind).toBe('deferred');
  });

  test.each([unavailable, new Failure('StoreRefused', 'injected'), new TypeError('a bug')])(
    'a deferred event is returned to its sender, not dead-lettered, when the delivery queue throws %s',
    async (error) => {
      const { queue, deadLetters, settler } = setUp();
      queue.failWith(error);
      expect(await settler.defer(waiting, 'orders')).toEqual({ kind: 'returned', error });
      expect(deadLetters.letters).toEqual([]);
    },
  );

  test.each(['DeliveryTooLarge', 'MessageRefused'] as const)(
    'a delivery that fails with %s goes to the dead letters with that reason',
    async (code) => {
      const { queue, deadLetters, settler } = setUp();
      queue.failWith(new Failure(code, 'The delivery does not fit.'));
      expect(await settler.defer(waiting, 'orders')).toEqual({ kind: 'dead-lettered' });
      expect(deadLetters.letters).toEqual([
        {
          body: '{"id":"e-1"}',
          delivery: waiting.delivery,
          code,
          reason: 'The delivery does not fit.',
        },
      ]);
    },
  );

  test('a delivery that neither queue accepts is returned to its sender with the error of the second queue', async () => {
    const { queue, deadLetters, settler } = setUp();
    queue.failWith(new Failure('DeliveryTooLarge', 'The delivery does not fit.'));
    deadLetters.failWith(unavailable);
    expect(await settler.defer(waiting, 'orders')).toEqual({ kind: 'returned', error: unavailable });
  });
});
