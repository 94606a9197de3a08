import { describe, expect, test } from 'vitest';
import { createSqsRawMessages } from '../../../lib/adapters/sqs/delivery-queue.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import type { RawAttribute, RawMessage } from '../../../lib/core/message/raw-message.ts';
import type { RawMessages } from '../../../lib/ports/delivery.ts';
import { createInMemoryRawMessages } from '../../fakes/in-memory-raw-messages.ts';
import { accessDenied, unavailable, useSqs } from './sqs-subjects.ts';

const sqs = useSqs();

async function inSqs() {
  const [deliveries, deadLetters] = [await sqs.server.newQueue(), await sqs.server.newQueue()];
  return { deliveries, deadLetters, newer: createSqsRawMessages(sqs.client(), deliveries.url, deadLetters.url) };
}

/** The messages in the requests to a queue. A delayed message cannot be received, so the queue does not show them. */
const sentTo = (url: string) =>
  sqs.server.proxy.requests
    .filter(({ operation, input }) => operation === 'SendMessage' && input['QueueUrl'] === url)
    .map(({ input }) => input);

interface Sent {
  readonly MessageBody: string;
  readonly MessageGroupId?: string;
  readonly MessageSystemAttributes?: { readonly AWSTraceHeader: { readonly StringValue: string } };
  readonly MessageAttributes: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

function rawOf({ MessageBody, MessageGroupId, MessageAttributes, MessageSystemAttributes: system }: Sent): RawMessage {
  const attributes = Object.entries(MessageAttributes).map(([name, { DataType = '', StringValue, BinaryValue }]) => {
    const value = BinaryValue === undefined ? { stringValue: StringValue } : { binaryValue: BinaryValue };
    return [name, { dataType: DataType, ...value }];
  });
  const group = MessageGroupId === undefined ? {} : { group: MessageGroupId };
  const trace = system === undefined ? {} : { traceHeader: system.AWSTraceHeader.StringValue };
  return { body: MessageBody, attributes: Object.fromEntries(attributes), ...group, ...trace };
}

interface Subject {
  readonly newer: RawMessages;
  sentBack(): readonly RawMessage[];
  buried(): readonly RawMessage[];
  breakDown(): void;
}

const subjects: readonly { subject: string; create: () => Promise<Subject> }[] = [
  {
    subject: 'in SQS',
    async create() {
      const { newer, deliveries, deadLetters } = await inSqs();
      return {
        newer,
        sentBack: () => sentTo(deliveries.url).map((input) => rawOf(input as unknown as Sent)),
        buried: () => sentTo(deadLetters.url).map((input) => rawOf(input as unknown as Sent)),
        breakDown: () => sqs.server.proxy.faultsBy(() => unavailable),
      };
    },
  },
  {
    subject: 'in memory',
    async create() {
      const newer = createInMemoryRawMessages();
      return {
        newer,
        sentBack: () => newer.sentBack,
        buried: () => newer.buried,
        breakDown: () => newer.failWith(new Failure('StoreUnavailable', 'injected')),
      };
    },
  },
];

const attributes: Readonly<Record<string, RawAttribute>> = {
  LASTMILE: { dataType: 'String', stringValue: '{"v":2, "later": 1.0}' },
  LASTMILE_BODY: { dataType: 'String', stringValue: 'zstd' },
  count: { dataType: 'Number.long', stringValue: '007' },
  bytes: { dataType: 'Binary', binaryValue: 'AP/+AQ==' },
};
const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
const message: RawMessage = { body: '{"id": 1.0}\t"ü"', attributes, group: 'orders', traceHeader };
const newerVersion = new Failure('NewerVersion', 'The message has version 2, and this worker reads up to 1.');

describe.each(subjects)('messages of a newer version $subject', ({ create }) => {
  test('messages of a newer version are sent back unchanged, with every attribute, the message group and the header of X-Ray', async () => {
    const { newer, sentBack } = await create();
    expect(await newer.sendBack(message)).toBe(900_000);
    await newer.sendBack({ body: 'x', attributes: {} });
    expect(sentBack()).toEqual([message, { body: 'x', attributes: {} }]);
  });

  test('messages of a newer version are dead-lettered unchanged except for an added reason', async () => {
    const { newer, buried } = await create();
    await newer.sendToDeadLetters(message, newerVersion);
    const reason = {
      ERROR_CODE: { dataType: 'String', stringValue: 'INTERNAL_ERROR' },
      ERROR_MESSAGE: { dataType: 'String', stringValue: `NewerVersion: ${newerVersion.message}` },
    };
    expect(buried()).toEqual([{ ...message, attributes: { ...attributes, ...reason } }]);
  });

  test('sending back or dead-lettering a message of a newer version fails while the queues cannot be reached', async () => {
    const { newer, breakDown } = await create();
    breakDown();
    await expect(newer.sendBack(message)).rejects.toMatchObject({ code: 'StoreUnavailable' });
    await expect(newer.sendToDeadLetters(message, newerVersion)).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });
});

test('a message of a newer version is sent back with the longest delay of SQS', async () => {
  const { newer, deliveries } = await inSqs();
  await newer.sendBack(message);
  expect(sentTo(deliveries.url)).toMatchObject([{ DelaySeconds: 900, MessageGroupId: 'orders' }]);
  expect(await deliveries.receive()).toEqual([]);
  expect(await deliveries.count()).toBe(1);
});

test('a dead-lettered message of a newer version can be received with all its attributes', async () => {
  const { newer, deadLetters } = await inSqs();
  await newer.sendToDeadLetters(message, newerVersion);
  const [received] = await deadLetters.receive();
  expect(received).toMatchObject({ Body: message.body });
  expect(received?.MessageAttributes?.['bytes']?.BinaryValue).toEqual(new Uint8Array([0, 255, 254, 1]));
  expect(received?.MessageAttributes?.['count']).toMatchObject({ DataType: 'Number.long', StringValue: '007' });
});

test('sending back a message of a newer version fails with StoreRefused when the queue denies access', async () => {
  const { newer } = await inSqs();
  sqs.server.proxy.faultsBy(() => accessDenied);
  await expect(newer.sendBack(message)).rejects.toMatchObject({ code: 'StoreRefused' });
});
