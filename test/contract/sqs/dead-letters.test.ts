import { CreateQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSqsClient } from '../../../lib/adapters/aws/sqs-client.ts';
import { createSqsDeadLetters } from '../../../lib/adapters/sqs/dead-letters.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import type { QueueMessage } from '../../../lib/core/message/queue-message.ts';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import type { DeadLetterMessages } from '../../../lib/ports/delivery.ts';
import { createInMemoryDeadLetterMessages } from '../../fakes/in-memory-dead-letter-messages.ts';
import { clientConfig } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';

interface Subject {
  readonly deadLetters: DeadLetterMessages;
  put(message: QueueMessage): Promise<void>;
}

let stack: Stack;
let queues = 0;

sharedStack.override('stackOptions', { functions: [] });

sharedStack.beforeAll(({ stack: started }) => {
  stack = started;
});

async function overSqs(): Promise<Subject> {
  const sqs = createSqsClient(clientConfig(stack.url));
  onTestFinished(() => sqs.destroy());
  queues += 1;
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `dead-letters-${queues}` }));
  return {
    deadLetters: createSqsDeadLetters(sqs, QueueUrl, systemClock),
    async put({ body, attributes, traceHeader }) {
      const texts = Object.entries(attributes).map(([name, StringValue]) => [
        name,
        { DataType: 'String', StringValue },
      ]);
      const MessageAttributes = Object.fromEntries(texts);
      const system = { AWSTraceHeader: { DataType: 'String', StringValue: traceHeader } } as const;
      const traced = traceHeader === undefined ? {} : { MessageSystemAttributes: system };
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes, ...traced }));
    },
  };
}

async function inMemory(): Promise<Subject> {
  const deadLetters = createInMemoryDeadLetterMessages(systemClock);
  return { deadLetters, put: async (message) => void deadLetters.put(message) };
}

const plain = (body: string): QueueMessage => ({ body, attributes: {} });
const aWhileMs = 60_000;

describe.each([
  ['over SQS', overSqs],
  ['in memory', inMemory],
])('dead letters %s', (_where, create) => {
  test('a received dead letter has the header of X-Ray with which it was sent', async () => {
    const { deadLetters, put } = await create();
    const message = { ...plain('{}'), traceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793' };
    await put(message);
    expect((await deadLetters.receive(aWhileMs)).map((received) => received.message)).toEqual([message]);
  });

  test('a received dead letter has the body and attributes that were sent, its time and its receive count', async () => {
    const { deadLetters, put } = await create();
    const message = { body: '{"n":1.0,"note":"Zoë 😀"}', attributes: { ERROR_CODE: 'TIMEOUT', LASTMILE: '{"v":1}' } };
    const beforeMs = systemClock.nowMs();
    await put(message);
    const [received] = await deadLetters.receive(aWhileMs);
    expect(received).toEqual({
      messageId: expect.stringMatching(/./),
      receiptHandle: expect.stringMatching(/./),
      message: { ...message, attributes: expect.objectContaining(message.attributes) },
      receiveCount: 1,
      sentAtMs: expect.any(Number),
    });
    expect(received?.sentAtMs).toBeGreaterThanOrEqual(beforeMs);
    expect(received?.sentAtMs).toBeLessThanOrEqual(systemClock.nowMs());
  });

  test('a received dead letter is hidden until it is released', async () => {
    const { deadLetters, put } = await create();
    await put(plain('one'));
    const [first] = await deadLetters.receive(aWhileMs);
    expect(await deadLetters.receive(aWhileMs)).toEqual([]);
    await deadLetters.release([first?.receiptHandle ?? '']);
    const [again] = await deadLetters.receive(aWhileMs);
    expect(again).toMatchObject({ messageId: first?.messageId, receiveCount: 2 });
  });

  test('a removed dead letter is not received again', async () => {
    const { deadLetters, put } = await create();
    for (const body of ['one', 'two']) await put(plain(body));
    const received = await deadLetters.receive(aWhileMs);
    const [one, two] = received.map(({ receiptHandle }) => receiptHandle);
    await deadLetters.remove([one ?? '']);
    await deadLetters.release([two ?? '']);
    const left = await deadLetters.receive(aWhileMs);
    expect(left.map(({ messageId }) => messageId)).toEqual([received[1]?.messageId]);
  });

  test('two receives return twelve dead letters, each of them once', async () => {
    const { deadLetters, put } = await create();
    const bodies = Array.from({ length: 12 }, (_, index) => `body ${index}`);
    await Promise.all(bodies.map((body) => put(plain(body))));
    const turns = [await deadLetters.receive(aWhileMs), await deadLetters.receive(aWhileMs)];
    expect(turns.map(({ length }) => length)).toEqual([10, 2]);
    expect(
      turns
        .flat()
        .map(({ message }) => message.body)
        .toSorted(),
    ).toEqual(bodies.toSorted());
  });

  test('removing or releasing dead letters that are gone or already visible does not fail', async () => {
    const { deadLetters, put } = await create();
    await put(plain('one'));
    const [first] = await deadLetters.receive(aWhileMs);
    await deadLetters.release([first?.receiptHandle ?? '']);
    await expect(deadLetters.release([first?.receiptHandle ?? ''])).resolves.toBeUndefined();
    const [again] = await deadLetters.receive(aWhileMs);
    await deadLetters.remove([again?.receiptHandle ?? '']);
    await expect(deadLetters.remove([again?.receiptHandle ?? ''])).resolves.toBeUndefined();
    await expect(deadLetters.release([again?.receiptHandle ?? ''])).resolves.toBeUndefined();
    await expect(Promise.all([deadLetters.remove([]), deadLetters.release([])])).resolves.toBeDefined();
  });
});
