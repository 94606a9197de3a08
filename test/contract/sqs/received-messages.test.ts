import { describe, expect, test } from 'vitest';
import { createSqsReceivedMessages } from '../../../lib/adapters/sqs/received-messages.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import type { ReceivedMessages } from '../../../lib/ports/delivery.ts';
import { createInMemoryReceivedMessages } from '../../fakes/in-memory-received-messages.ts';
import { accessDenied, unavailable, type QueueCallsName, queueCallsNames, useSqs } from './sqs-subjects.ts';

const sqs = useSqs();

/** A queue with two messages that were received with a visibility timeout of 0, so they stay visible until they are deleted. */
async function inSqs(by: QueueCallsName) {
  const lies = await sqs.server.newQueue({ VisibilityTimeout: '0' });
  await lies.send({ body: 'one', attributes: {} });
  await lies.send({ body: 'other', attributes: {} });
  const received = await lies.receive();
  const handleOf = (body: string): string => received.find(({ Body }) => Body === body)?.ReceiptHandle ?? '';
  const messages = createSqsReceivedMessages(sqs.queueCalls()[by], lies.url);
  const left = async () => (await lies.receive()).map(({ Body }) => Body);
  return { lies, messages, one: handleOf('one'), other: handleOf('other'), left };
}

interface Subject {
  readonly messages: ReceivedMessages;
  readonly one: string;
  left(): Promise<readonly unknown[]>;
  breakDown(): void;
}

const subjects: readonly { subject: string; create: () => Promise<Subject> }[] = [
  ...queueCallsNames.map((by) => ({
    subject: `in SQS, by ${by}`,
    async create() {
      return { ...(await inSqs(by)), breakDown: () => sqs.server.proxy.faultsBy(() => unavailable) };
    },
  })),
  {
    subject: 'in memory',
    async create() {
      const messages = createInMemoryReceivedMessages();
      return {
        messages,
        one: 'one',
        left: async () => ['one', 'other'].filter((handle) => !messages.removed.includes(handle)),
        breakDown: () => messages.failWith(new Failure('StoreUnavailable', 'injected')),
      };
    },
  },
];

describe.each(subjects)('received messages $subject', ({ create }) => {
  test('removing one received message deletes no other message', async () => {
    const { messages, one, left } = await create();
    await messages.remove(one);
    expect(await left()).toEqual(['other']);
  });

  test('removing a received message twice does not fail', async () => {
    const { messages, one, left } = await create();
    await messages.remove(one);
    await messages.remove(one);
    expect(await left()).toEqual(['other']);
  });

  test('a received message is not deleted when the caller withdraws the removal before the call to SQS', async () => {
    const { messages, one, left } = await create();
    const wanted = [true];
    const removing = messages.remove(one, () => wanted.length > 0);
    wanted.pop();
    await removing;
    expect(await left()).toEqual(['one', 'other']);
  });

  test('removeNow resolves when the settled messages that waited for others are deleted', async () => {
    const { messages, one, left } = await create();
    const removing = messages.remove(one);
    await messages.removeNow();
    expect(await left()).toEqual(['other']);
    await removing;
    await messages.removeNow();
  });

  test('removeNow does not fail while the queue cannot be reached, but the removal of each message does', async () => {
    const { messages, one, breakDown } = await create();
    breakDown();
    const removing = messages.remove(one).catch((error: unknown) => error);
    await messages.removeNow();
    expect(await removing).toMatchObject({ code: 'StoreUnavailable' });
  });

  test('removing received messages fails while their queue cannot be reached', async () => {
    const { messages, one, left, breakDown } = await create();
    breakDown();
    await expect(messages.remove(one)).rejects.toMatchObject({ code: 'StoreUnavailable' });
    expect(await left()).toEqual(['one', 'other']);
  });
});

describe.each(queueCallsNames)('received messages in SQS, by %s', (by) => {
  const calls = () => sqs.server.proxy.requests.filter(({ operation }) => operation === 'DeleteMessageBatch');

  test('messages that settle at the same time are deleted by one call', async () => {
    const { messages, one, other, left } = await inSqs(by);
    const before = calls().length;
    await Promise.all([messages.remove(one), messages.remove(other)]);
    expect(calls().length - before).toBe(1);
    expect(await left()).toEqual([]);
    await messages.remove(one);
    expect(calls().length - before).toBe(2);
  });

  test('removing a message fails when SQS reports that the message was not deleted', async () => {
    const { messages, one, other, left } = await inSqs(by);
    sqs.server.proxy.faultsBy(() => ({ failedEntries: [1] }));
    const [first, second] = await Promise.allSettled([messages.remove(one), messages.remove(other)]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'StoreUnavailable' } });
    expect(await left()).toEqual(['other']);
  });

  test('one call deletes at most ten messages', async () => {
    const { messages, one, left } = await inSqs(by);
    const before = calls().length;
    await Promise.all(Array.from({ length: 21 }, () => messages.remove(one)));
    expect(
      calls()
        .slice(before)
        .map(({ input }) => (input['Entries'] as unknown[]).length),
    ).toEqual([10, 10, 1]);
    expect(await left()).toEqual(['other']);
  });

  test('removing a message deletes it from the queue even if the answer of SQS is lost', async () => {
    const { messages, one, left } = await inSqs(by);
    const faults = ['lost after' as const];
    sqs.server.proxy.faultsBy(() => faults.pop());
    await messages.remove(one);
    expect(await left()).toEqual(['other']);
  });

  test('removing a message fails with StoreRefused when SQS denies access', async () => {
    const { messages, one, left } = await inSqs(by);
    sqs.server.proxy.faultsBy(() => accessDenied);
    await expect(messages.remove(one)).rejects.toMatchObject({ code: 'StoreRefused' });
    expect(await left()).toHaveLength(2);
  });
});
