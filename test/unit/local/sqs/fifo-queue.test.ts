import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFauxqs, type SqsEngine, type SqsMembers } from '../../../../lib/local/sqs/fauxqs.ts';

const name = 'orders.fifo';
const orders = `http://fauxqs/000000000000/${name}`;

let folder: string;

/** fauxqs takes the time from Date.now only, so here it runs ahead by what the test asks for. */
const systemNow = Date.now;
let aheadMs = 0;
const advance = (ms: number): void => void (aheadMs += ms);

beforeEach(() => {
  const startMs = systemNow();
  aheadMs = 0;
  Date.now = () => startMs + aheadMs;
  folder = mkdtempSync(join(tmpdir(), 'lastmile-fifo-queue-'));
});

afterEach(() => {
  Date.now = systemNow;
  rmSync(folder, { recursive: true });
});

interface Received {
  readonly Body: string;
  readonly ReceiptHandle: string;
  readonly Attributes: Readonly<Record<string, string>>;
}

const perGroup = { DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' };

async function newQueue(more: object = {}, unread: readonly string[] = []): Promise<SqsEngine> {
  const engine = await openFauxqs('us-east-1', { folder, unread });
  const Attributes = { FifoQueue: 'true', ContentBasedDeduplication: 'true', ...perGroup, ...more };
  await engine.perform('CreateQueue', { QueueName: name, Attributes });
  return engine;
}

/** Opens the queue as a new process does after the old one was killed. */
const openAgain = (unread: readonly string[] = []) => openFauxqs('us-east-1', { folder, unread });

/** Sends messages such as `a1`, whose group is the letter. */
async function send(engine: SqsEngine, ...bodies: readonly string[]): Promise<void> {
  for (const body of bodies) await sendOne(engine, body);
}

async function sendOne(engine: SqsEngine, MessageBody: string, more: object = {}): Promise<string> {
  const message = { MessageBody, MessageGroupId: MessageBody.slice(0, 1), ...more };
  const { MessageId } = await engine.perform('SendMessage', { QueueUrl: orders, ...message });
  return String(MessageId);
}

async function receive(engine: SqsEngine, more: object = {}): Promise<readonly Received[]> {
  const asked = { QueueUrl: orders, AttributeNames: ['All'], MaxNumberOfMessages: 10, ...more };
  const { Messages = [] }: SqsMembers = await engine.perform('ReceiveMessage', asked);
  return Messages as readonly Received[];
}

const bodies = (messages: readonly Received[]) => messages.map(({ Body }) => Body);

const remove = (engine: SqsEngine, { ReceiptHandle }: Received) =>
  engine.perform('DeleteMessage', { QueueUrl: orders, ReceiptHandle });

function hide(engine: SqsEngine, messages: readonly Received[], seconds: readonly number[]): Promise<SqsMembers> {
  const Entries = messages.map(({ ReceiptHandle }, index) => {
    return { Id: String(index), ReceiptHandle, VisibilityTimeout: seconds[index] };
  });
  return engine.perform('ChangeMessageVisibilityBatch', { QueueUrl: orders, Entries });
}

/** Receives ten messages at a time, and deletes them, until the queue gives no more. */
async function receiveAll(engine: SqsEngine): Promise<readonly string[]> {
  const all: string[] = [];
  for (let batch = await receive(engine); batch.length > 0; batch = await receive(engine)) {
    all.push(...bodies(batch));
    for (const message of batch) await remove(engine, message);
  }
  return all;
}

test('a receive from a FIFO queue returns as many messages of one group as possible, in their order', async () => {
  const engine = await newQueue();
  await send(engine, 'a1', 'b1', 'a2', 'a3', 'b2');
  expect(bodies(await receive(engine, { MaxNumberOfMessages: 4 }))).toEqual(['a1', 'a2', 'a3', 'b1']);
});

test('a received message of a FIFO queue has its group, its deduplication id and its sequence number', async () => {
  const engine = await newQueue();
  await sendOne(engine, 'a1', {
    MessageDeduplicationId: 'first',
    MessageAttributes: { x: { DataType: 'String', StringValue: 'y' } },
  });
  await sendOne(engine, 'a2');
  const [first, second] = await receive(engine, { MessageAttributeNames: ['All'] });
  expect(first).toMatchObject({
    Body: 'a1',
    MessageAttributes: { x: { StringValue: 'y' } },
    Attributes: { MessageGroupId: 'a', MessageDeduplicationId: 'first', SequenceNumber: '00000000000000000001' },
  });
  expect(second?.Attributes['SequenceNumber']).toBe('00000000000000000002');
  expect(second?.Attributes['MessageDeduplicationId']).toMatch(/^[0-9a-f]{64}$/);
});

test('no message of a group is received while another one of the group is in flight', async () => {
  const engine = await newQueue();
  await send(engine, 'a1', 'a2', 'a3', 'b1');
  const first = await receive(engine, { MaxNumberOfMessages: 2 });
  expect(bodies(first)).toEqual(['a1', 'a2']);
  expect(bodies(await receive(engine))).toEqual(['b1']);
  for (const message of first) {
    expect(bodies(await receive(engine))).toEqual([]);
    await remove(engine, message);
  }
  expect(bodies(await receive(engine))).toEqual(['a3']);
});

test.each([
  ['all at once', [0, 0, 0]],
  ['the last one first', [9, 5, 1]],
  ['the first one first', [1, 5, 9]],
  ['the middle one first', [5, 0, 9]],
])('messages of one group that become visible again, %s, keep their order', async (_how, seconds) => {
  const engine = await newQueue();
  await send(engine, 'a1', 'a2', 'a3', 'a4');
  await hide(engine, await receive(engine, { MaxNumberOfMessages: 3 }), seconds);
  advance(10_000);
  expect(bodies(await receive(engine))).toEqual(['a1', 'a2', 'a3', 'a4']);
});

test('a group stays locked until the last of its messages is visible again', async () => {
  const engine = await newQueue();
  await send(engine, 'a1', 'a2');
  await hide(engine, await receive(engine), [0, 5]);
  expect(bodies(await receive(engine))).toEqual([]);
  advance(5000);
  expect(bodies(await receive(engine))).toEqual(['a1', 'a2']);
});

test('messages that nobody deletes come back in their order after the visibility timeout', async () => {
  const engine = await newQueue({ VisibilityTimeout: '30' });
  await send(engine, 'a1', 'a2', 'a3');
  await receive(engine);
  advance(30_000);
  const again = await receive(engine);
  expect(bodies(again)).toEqual(['a1', 'a2', 'a3']);
  expect(again.map(({ Attributes }) => Attributes['ApproximateReceiveCount'])).toEqual(['2', '2', '2']);
});

test('a group with many messages does not keep the other groups of a FIFO queue waiting', async () => {
  const engine = await newQueue();
  await send(engine, ...Array.from({ length: 40 }, (_, index) => `a${index}`), 'b1', 'c1');
  const all = await receiveAll(engine);
  expect(all).toHaveLength(42);
  expect(all.indexOf('b1')).toBeLessThan(20);
  expect(all.indexOf('c1')).toBeLessThan(20);
});

test('a waiting receive gets the next messages of a group as soon as the last one in flight is deleted', async () => {
  const engine = await newQueue();
  await send(engine, 'a1', 'a2');
  const [first] = await receive(engine, { MaxNumberOfMessages: 1 });
  const waiting = receive(engine, { WaitTimeSeconds: 20 });
  if (first !== undefined) await remove(engine, first);
  expect(bodies(await waiting)).toEqual(['a2']);
});

test('a message of a locked group does not end the wait of a receive', async () => {
  const engine = await newQueue();
  await send(engine, 'a1');
  await receive(engine);
  const waiting = receive(engine, { WaitTimeSeconds: 20 });
  await send(engine, 'a2', 'b1');
  expect(bodies(await waiting)).toEqual(['b1']);
});

test('a killed process leaves the order, the locks and the hidden messages of a FIFO queue', async () => {
  const engine = await newQueue({ VisibilityTimeout: '30' });
  await send(engine, 'a1', 'b1', 'a2', 'a3', 'b2');
  await hide(engine, await receive(engine, { MaxNumberOfMessages: 2 }), [60, 5]);
  const later = await openAgain();
  expect(bodies(await receive(later))).toEqual(['b1', 'b2']);
  advance(59_000);
  expect(bodies(await receive(later))).toEqual(['b1', 'b2']);
  advance(1000);
  expect(bodies(await receive(later))).toEqual(['a1', 'a2', 'a3']);
});

test('the messages that a killed stack was delivering are received again at once and in order', async () => {
  const engine = await newQueue({ VisibilityTimeout: '30' });
  await send(engine, 'a1', 'a2', 'a3');
  await receive(engine, { MaxNumberOfMessages: 2 });
  expect(bodies(await receive(await openAgain([name])))).toEqual(['a1', 'a2', 'a3']);
});

test('the same content in two groups is two messages, and in one group it is one message', async () => {
  const engine = await newQueue();
  const first = await sendOne(engine, 'same', { MessageGroupId: 'a' });
  const other = await sendOne(engine, 'same', { MessageGroupId: 'b' });
  expect(await sendOne(engine, 'same', { MessageGroupId: 'a' })).toBe(first);
  expect(other).not.toBe(first);
  expect(bodies(await receive(engine))).toEqual(['same', 'same']);
});

test('the ids of all entries of a batch count only in their groups', async () => {
  const engine = await newQueue();
  const entry = (Id: string, MessageGroupId: string) => ({
    Id,
    MessageBody: Id,
    MessageGroupId,
    MessageDeduplicationId: 'x',
  });
  const Entries = [entry('1', 'a'), entry('2', 'b'), entry('3', 'a')];
  const { Successful } = await engine.perform('SendMessageBatch', { QueueUrl: orders, Entries });
  expect(Successful).toHaveLength(3);
  const received = await receive(engine);
  expect(bodies(received)).toEqual(['1', '2']);
  expect(received.map(({ Attributes }) => Attributes['MessageDeduplicationId'])).toEqual(['x', 'x']);
});

test('a queue whose deduplication has the scope of the whole queue compares the ids of all groups', async () => {
  const engine = await newQueue({ DeduplicationScope: 'queue', FifoThroughputLimit: 'perQueue' });
  await sendOne(engine, 'same', { MessageGroupId: 'a' });
  await sendOne(engine, 'same', { MessageGroupId: 'b' });
  expect(bodies(await receive(engine))).toEqual(['same']);
});

test('a deduplication id can be used again five minutes after it was sent', async () => {
  const engine = await newQueue();
  const first = await sendOne(engine, 'a1');
  advance(299_999);
  expect(await sendOne(engine, 'a1')).toBe(first);
  advance(1);
  expect(await sendOne(engine, 'a1')).not.toBe(first);
});

test('a message that still waits after a restart is not added a second time', async () => {
  const engine = await newQueue();
  const ids = [await sendOne(engine, 'a1'), await sendOne(engine, 'b1')];
  await receive(engine, { MaxNumberOfMessages: 1 });
  const later = await openAgain();
  expect([await sendOne(later, 'a1'), await sendOne(later, 'b1')]).toEqual(ids);
  advance(300_000);
  expect(await sendOne(later, 'a1')).not.toBe(ids[0]);
});

test('a FIFO queue refuses a message without an id when it does not make one of the content', async () => {
  const engine = await newQueue({ ContentBasedDeduplication: 'false' });
  await expect(sendOne(engine, 'a1')).rejects.toThrow('ContentBasedDeduplication');
  await sendOne(engine, 'a1', { MessageDeduplicationId: '1' });
  expect(bodies(await receive(engine))).toEqual(['a1']);
});

test('messages of a FIFO queue that were received too often go to its dead-letter queue', async () => {
  const engine = await openFauxqs('us-east-1', { folder, unread: [] });
  await engine.perform('CreateQueue', { QueueName: 'dead.fifo', Attributes: { FifoQueue: 'true' } });
  const policy = { deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead.fifo', maxReceiveCount: 1 };
  const Attributes = { FifoQueue: 'true', ContentBasedDeduplication: 'true', RedrivePolicy: JSON.stringify(policy) };
  await engine.perform('CreateQueue', { QueueName: name, Attributes });
  await send(engine, 'a1', 'a2');
  await hide(engine, await receive(engine), [0, 0]);
  await send(engine, 'a3');
  expect(bodies(await receive(engine))).toEqual(['a3']);
  const later = await openAgain();
  expect(bodies(await receive(later, { QueueUrl: orders.replace('orders', 'dead') }))).toEqual(['a1', 'a2']);
});

test('a delayed FIFO queue gives its messages in their order when the delay is over', async () => {
  const engine = await newQueue({ DelaySeconds: '10' });
  await send(engine, 'a1', 'a2');
  advance(5000);
  await send(engine, 'a3');
  expect(bodies(await receive(engine))).toEqual([]);
  advance(5000);
  expect(bodies(await receive(engine))).toEqual(['a1', 'a2']);
});

test('only messages that can be received now count as urgent in a FIFO queue', async () => {
  const engine = await newQueue();
  await send(engine, 'a1', 'a2', 'a3', 'b1', 'b2');
  expect(engine.urgentIn(name)).toBe(5);
  const [first] = await receive(engine, { MaxNumberOfMessages: 1 });
  expect(engine.urgentIn(name)).toBe(2);
  if (first !== undefined) await remove(engine, first);
  expect(engine.urgentIn(name)).toBe(4);
});
