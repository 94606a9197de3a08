import { describe, expect, test } from 'vitest';
import { createSqsHeldMessages, createSqsOrderedQueue } from '../../../lib/adapters/sqs/ordered-queue.ts';
import type { QueueCalls } from '../../../lib/adapters/sqs/queue-calls.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { deliveryOf } from '../../unit/delivery/outcomes.ts';
import { type QueueCallsName, queueCallsNames, useSqs } from './sqs-subjects.ts';

const sqs = useSqs();
const { signal } = new AbortController();
const fifo = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
const queued = (id: string) => ({ delivery: deliveryOf({ event: { value: { id } } }) });
const place = (group: string, deduplicationId: string) => ({ group, deduplicationId });

async function fifoQueue(by: QueueCallsName) {
  const messages = await sqs.server.newQueue({ ...fifo, VisibilityTimeout: '30' });
  /** The ids of all messages, in the order in which the queue gives them out. Each is deleted before the next ones come. */
  const received = async () => {
    const ids: string[] = [];
    for (let some = await messages.receive(); some.length > 0; some = await messages.receive()) {
      ids.push(...some.map(({ Body = '' }) => JSON.parse(Body).id as string));
      for (const { ReceiptHandle = '' } of some) await messages.remove(ReceiptHandle);
    }
    return ids;
  };
  const calls = sqs.queueCalls()[by];
  return {
    messages,
    received,
    queue: createSqsOrderedQueue(calls, messages.url),
    held: createSqsHeldMessages(calls, messages.url),
  };
}

describe.each(queueCallsNames)('the ordered queue, by %s', (by) => {
  test('deliveries of one group come in the order of the calls, and no batch has two of one group', async () => {
    const { queue, received, messages } = await fifoQueue(by);
    const ids = ['1', '2', '3'];
    await Promise.all(
      ids.flatMap((id) =>
        ['a', 'b'].map((group) => queue.send(queued(`${group}${id}`), place(group, `${group}${id}`), signal)),
      ),
    );
    const came = await received();
    expect(came.filter((id) => id.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    expect(came.filter((id) => id.startsWith('b'))).toEqual(['b1', 'b2', 'b3']);
    const groups = sqs.batchesTo(messages.url).map((batch) => batch.map(({ MessageGroupId }) => MessageGroupId));
    expect(groups).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  test('a delivery that is sent again with the same deduplication id is accepted, and comes once', async () => {
    const { queue, received } = await fifoQueue(by);
    await queue.send(queued('1'), place('a', 'same'), signal);
    await queue.send(queued('1'), place('a', 'same'), signal);
    expect(await received()).toEqual(['1']);
  });

  test('a group whose messages are hidden gives out nothing, while other groups go on', async () => {
    const { queue, held, messages, received } = await fifoQueue(by);
    await queue.send(queued('a1'), place('a', 'a1'), signal);
    const [first] = await messages.receive();
    await held.hide([first?.ReceiptHandle ?? ''], 900);
    await queue.send(queued('a2'), place('a', 'a2'), signal);
    await queue.send(queued('b1'), place('b', 'b1'), signal);
    expect(await received()).toEqual(['b1']);
  });

  test('hiding a message whose receipt handle is not valid fails', async () => {
    const { held } = await fifoQueue(by);
    await expect(held.hide(['no-handle'], 1)).rejects.toBeInstanceOf(Failure);
  });
});

/** Calls whose answers the test decides: the code of each refused message, by its id. */
function scriptedCalls(refusals: Readonly<Record<string, string>>) {
  const batches: (readonly string[])[] = [];
  const calls = {
    async sendMessageBatch({ Entries = [] }) {
      const ids = Entries.map(({ MessageDeduplicationId = '' }) => MessageDeduplicationId);
      batches.push(ids);
      const answered = Entries.map(({ Id = '' }, index) => ({ Id, Code: refusals[ids[index] ?? ''] }));
      return {
        Successful: answered.filter(({ Code }) => Code === undefined),
        Failed: answered.filter(({ Code }) => Code !== undefined),
      };
    },
  } as unknown as QueueCalls;
  return { batches, queue: createSqsOrderedQueue(calls, 'https://sqs.example/ordered.fifo') };
}

describe('a refused delivery of the ordered queue', () => {
  const sendAll = (queue: ReturnType<typeof scriptedCalls>['queue'], ids: readonly string[], until = signal) =>
    Promise.allSettled(ids.map((id) => queue.send(queued(id), place(id.slice(0, 1), id), until)));

  test('when the queue does not accept a delivery, the later ones of its group are not sent, and other groups go on', async () => {
    const { queue, batches } = scriptedCalls({ a2: 'InternalError' });
    const results = await sendAll(queue, ['a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual([true, false, false, true, true, true]);
    expect(batches.flat()).not.toContain('a3');
    await expect(queue.send(queued('a4'), place('a', 'a4'), signal)).resolves.toBeUndefined();
  });

  test('when the queue will never accept a delivery, the later ones of its group are sent', async () => {
    const { queue, batches } = scriptedCalls({ a1: 'InvalidMessageContents' });
    const [first, second] = await sendAll(queue, ['a1', 'a2']);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'MessageRefused' } });
    expect(second).toMatchObject({ status: 'fulfilled' });
    expect(batches.flat()).toEqual(['a1', 'a2']);
  });

  test('deliveries that still wait when the invocation must end are not sent', async () => {
    const { queue, batches } = scriptedCalls({});
    const ending = new AbortController();
    const sending = sendAll(queue, ['a1', 'a2'], ending.signal);
    ending.abort();
    expect(await sending).toMatchObject(Array(2).fill({ status: 'rejected', reason: { code: 'OutOfTime' } }));
    expect(batches).toEqual([]);
  });
});
