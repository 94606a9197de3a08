import { describe, expect, test } from 'vitest';
import type { Conclusion } from '../../../lib/core/delivery/delivery.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { formatQueuedDelivery, maximumReceives } from '../../../lib/core/message/queued-delivery.ts';
import { idempotencyKey } from '../../../lib/core/request/idempotency-key.ts';
import { createWorker, message, raw } from './worker.ts';
import { delivered, failedForNow, rejected } from './outcomes.ts';

const outage = new Failure('StoreUnavailable', 'injected');
const envelope = (id: string) => ({ apiDestination: 'orders', event: { id } });
const array = (id: string, elements: readonly unknown[], receiveCount = 1) =>
  raw(id, { body: JSON.stringify(elements), attributes: {} }, receiveCount);
const outcomesOf = (conclusions: readonly Conclusion[]) =>
  conclusions.map(({ settlement, eventId, waitsFor }) => [settlement.kind, eventId, waitsFor]);

describe('a message that holds an array', () => {
  test('an array of 500 with one bad element becomes 499 messages of their own and one dead letter', async () => {
    const { run, attempted, queue, deadLetters, conclusions } = createWorker();
    const elements = Array.from({ length: 500 }, (_, index) =>
      index === 250 ? { id: 'bad' } : envelope(`e-${index}`),
    );
    expect(await run([array('m', elements)])).toEqual([]);
    expect(attempted).toEqual([]);
    const keys = queue.sent.map(({ queued, group }) => `${group} ${idempotencyKey(queued.delivery, 'orders')}`);
    expect([keys.length, new Set(keys).size, keys[0]]).toEqual([499, 499, 'orders e-0/orders']);
    expect(deadLetters.letters).toMatchObject([{ body: '{"id":"bad"}', code: 'InvalidDelivery' }]);
    expect(conclusions).toHaveLength(500);
    expect(outcomesOf(conclusions)).toContainEqual(['deferred', 'e-0', 'batch']);
    expect(outcomesOf(conclusions)).toContainEqual(['dead-lettered', undefined, undefined]);
  });

  test('each element of an array is delivered once its own message is received, also by a worker whose clock is behind', async () => {
    const first = createWorker();
    await first.run([array('m', [envelope('a'), envelope('b')])]);
    const own = first.queue.sent.map(({ queued }, index) => raw(`own-${index}`, formatQueuedDelivery(queued)));
    const second = createWorker();
    expect(await second.run(own)).toEqual([]);
    expect(second.attempted).toEqual(['a', 'b']);
    expect(outcomesOf(second.conclusions)).toEqual([
      ['delivered', 'a', undefined],
      ['delivered', 'b', undefined],
    ]);
  });

  test('the element of an array with only one element is delivered without another way through the queue', async () => {
    const { run, attempted, queue, received } = createWorker();
    expect(await run([array('m', [envelope('a')]), message('b')])).toEqual([]);
    expect(attempted.toSorted()).toEqual(['a', 'b']);
    expect(queue.sent).toEqual([]);
    expect(received.removed).toHaveLength(1);
  });

  test('an element of an array keeps the digits of its numbers', async () => {
    const { run, queue } = createWorker();
    const body =
      '[{"apiDestination":"orders","event":{"n":1.0}},{"apiDestination":"orders","event":{"n":9007199254740993}}]';
    await run([raw('m', { body, attributes: {} })]);
    expect(queue.sent.map(({ queued }) => queued.delivery.event.text)).toEqual(['{"n":1.0}', '{"n":9007199254740993}']);
  });

  test('a message with an empty array is settled without a delivery', async () => {
    const { run, conclusions } = createWorker();
    expect(await run([array('m', [])])).toEqual([]);
    expect(conclusions).toEqual([]);
  });

  test('an element of an array that the queue does not take is attempted at once', async () => {
    const { run, attempted, queue } = createWorker((id) => (id === 'b' ? rejected : delivered));
    queue.failWith(outage);
    expect(await run([array('m', [envelope('a'), envelope('b')])])).toEqual([]);
    expect(attempted).toEqual(['a', 'b']);
  });

  test('a message with an array is received again if neither the endpoint nor a queue takes one of its elements', async () => {
    const { run, queue } = createWorker((id) => (id === 'b' ? failedForNow() : delivered));
    queue.failWith(outage);
    expect(await run([array('m', [envelope('a'), envelope('b')]), message('c')])).toEqual(['m']);
  });

  test('a bad element whose dead letter is refused goes to the dead letters unchanged, and the others go on', async () => {
    const { run, queue, rawMessages, deadLetters } = createWorker();
    deadLetters.failWith(new Failure('MessageRefused', 'injected'));
    expect(await run([array('m', [envelope('a'), { id: 'bad' }])])).toEqual([]);
    expect(rawMessages.buried).toMatchObject([{ body: '{"id":"bad"}' }]);
    expect(queue.sent).toHaveLength(1);
  });

  test('when a message with an array was received too often, each element becomes a dead letter of its own', async () => {
    const { run, attempted, deadLetters } = createWorker();
    const last = array('m', [envelope('a'), envelope('b')], maximumReceives - 1);
    expect(await run([last])).toEqual([]);
    expect(attempted).toEqual([]);
    expect(deadLetters.letters).toMatchObject([
      { body: '{"id":"a"}', code: 'ReceivedTooOften' },
      { body: '{"id":"b"}', code: 'ReceivedTooOften' },
    ]);
  });

  test('when Lambda gives up an invocation of deliver with an array, each element becomes a message of its own', async () => {
    const { run, queue } = createWorker();
    const failed = {
      version: '1.0',
      requestContext: { functionArn: 'f' },
      requestPayload: [envelope('a'), envelope('b')],
    };
    expect(await run([raw('m', { body: JSON.stringify(failed), attributes: {} })])).toEqual([]);
    expect(queue.sent).toHaveLength(2);
  });

  test('events without an envelope go to the API destination of the function', async () => {
    const { run, queue, deadLetters } = createWorker(undefined, undefined, undefined, undefined, 'audit');
    expect(await run([array('m', [{ id: 'a' }, 'hello', envelope('b')])])).toEqual([]);
    const sent = queue.sent.map(({ queued, group }) => [group, queued.delivery.event.form]);
    expect(sent).toEqual([
      ['audit', undefined],
      ['audit', 'text'],
    ]);
    expect(deadLetters.letters).toMatchObject([{ code: 'InvalidDelivery' }]);
  });
});
