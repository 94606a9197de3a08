import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { quietMessages } from '../../../../lib/local/sqs/fair-messages.ts';
import { openFauxqs, type SqsEngine, type SqsMembers } from '../../../../lib/local/sqs/fauxqs.ts';

const orders = 'http://fauxqs/000000000000/orders';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lastmile-fair-queue-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

interface Received {
  readonly Body: string;
  readonly ReceiptHandle: string;
  readonly Attributes: Readonly<Record<string, string>>;
}

async function newQueue(persistent = false, Attributes: object = {}): Promise<SqsEngine> {
  const engine = await openFauxqs('us-east-1', { folder: persistent ? folder : undefined, unread: [] });
  await engine.perform('CreateQueue', { QueueName: 'orders', Attributes: { ...Attributes } });
  return engine;
}

/** Sends messages of one group. The body of each is the name of the group and a number. */
async function send(engine: SqsEngine, group: string, count: number, more: object = {}): Promise<void> {
  const batch = 10;
  for (let sent = 0; sent < count; sent += batch) {
    const Entries = Array.from({ length: Math.min(batch, count - sent) }, (_, index) => {
      const number = sent + index + 1;
      return { Id: String(index), MessageBody: `${group} ${number}`, MessageGroupId: group, ...more };
    });
    await engine.perform('SendMessageBatch', { QueueUrl: orders, Entries });
  }
}

function messagesIn({ Messages = [] }: SqsMembers): readonly Received[] {
  return Messages as readonly Received[];
}

const oneTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The messages of a receive that returns without waiting for a timer. An empty list if the receive is still waiting. */
async function atOnce(waiting: Promise<readonly Received[]>): Promise<readonly Received[]> {
  return (await Promise.race([waiting, oneTurn()])) ?? [];
}

async function receive(engine: SqsEngine, more: object = {}): Promise<readonly Received[]> {
  const asked = { QueueUrl: orders, AttributeNames: ['All'], MaxNumberOfMessages: 10, ...more };
  return messagesIn(await engine.perform('ReceiveMessage', asked));
}

const bodies = (messages: readonly Received[]) => messages.map(({ Body }) => Body);
const groups = (messages: readonly Received[]) => messages.map(({ Attributes }) => Attributes['MessageGroupId']);

test.each([
  ['SendMessage', { MessageBody: 'x', MessageGroupId: 'shop' }],
  ['SendMessageBatch', { Entries: [{ Id: '1', MessageBody: 'x', MessageGroupId: 'shop' }] }],
])('a standard queue keeps the group of a message that was sent with %s', async (operation, input) => {
  const engine = await newQueue();
  await engine.perform(operation, { QueueUrl: orders, ...input });
  expect(groups(await receive(engine))).toEqual(['shop']);
});

test('messages of a quiet group are received before the backlog of a noisy group', async () => {
  const engine = await newQueue();
  await send(engine, 'noisy', 5 * quietMessages);
  await send(engine, 'quiet', 20);
  const received: Received[] = [];
  const receives = (2 * quietMessages + 40) / 10;
  for (let count = 0; count < receives; count += 1) received.push(...(await receive(engine)));
  expect(groups(received).filter((group) => group === 'quiet')).toHaveLength(20);
});

test('messages keep their groups after a restart', async () => {
  const first = await newQueue(true);
  await send(first, 'noisy', 3);
  await send(first, 'quiet', 2);
  first.close();
  const second = await openFauxqs('us-east-1', { folder, unread: [] });
  expect(groups(await receive(second)).toSorted()).toEqual(['noisy', 'noisy', 'noisy', 'quiet', 'quiet']);
  second.close();
});

test.each([false, true])('a purged queue has no messages and accepts new ones (data folder: %s)', async (stored) => {
  const engine = await newQueue(stored);
  await send(engine, 'shop', 15);
  await send(engine, 'shop', 5, { DelaySeconds: 900 });
  await receive(engine);
  await engine.perform('PurgeQueue', { QueueUrl: orders });
  expect(await receive(engine)).toEqual([]);
  const names = ['', 'NotVisible', 'Delayed'].map((kind) => `ApproximateNumberOfMessages${kind}`);
  const { Attributes } = await engine.perform('GetQueueAttributes', { QueueUrl: orders, AttributeNames: names });
  expect(Attributes).toEqual(Object.fromEntries(names.map((name) => [name, '0'])));
  await send(engine, 'shop', 1);
  expect(bodies(await receive(engine))).toEqual(['shop 1']);
  engine.close();
});

test('a message that is made visible again keeps its group and its receive count', async () => {
  const engine = await newQueue();
  await send(engine, 'shop', 1);
  const [{ ReceiptHandle } = { ReceiptHandle: '' }] = await receive(engine);
  expect(await receive(engine)).toEqual([]);
  await engine.perform('ChangeMessageVisibility', { QueueUrl: orders, ReceiptHandle, VisibilityTimeout: 0 });
  const [message] = await receive(engine);
  expect(message?.Attributes).toMatchObject({ ApproximateReceiveCount: '2', MessageGroupId: 'shop' });
});

test('a message keeps its group when SQS moves it to the dead letters', async () => {
  const engine = await openFauxqs('us-east-1', { folder: undefined, unread: [] });
  await engine.perform('CreateQueue', { QueueName: 'dead-letters' });
  const policy = { deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead-letters', maxReceiveCount: 1 };
  const Attributes = { VisibilityTimeout: '0', RedrivePolicy: JSON.stringify(policy) };
  await engine.perform('CreateQueue', { QueueName: 'orders', Attributes });
  await send(engine, 'shop', 1);
  await receive(engine);
  expect(await receive(engine)).toEqual([]);
  expect(groups(await receive(engine, { QueueUrl: 'http://fauxqs/000000000000/dead-letters' }))).toEqual(['shop']);
});

test('a withheld group is withheld from the event source only, not from other receivers', async () => {
  const engine = await newQueue();
  const source = engine.eventSourceQueue('orders');
  await send(engine, 'a', 2);
  await send(engine, 'b', 1);
  const asked = { QueueUrl: orders, AttributeNames: ['All'], MaxNumberOfMessages: 10 };
  expect(groups(messagesIn(await source.receive(asked, (group) => group === 'a')))).toEqual(['b']);
  expect(groups(await receive(engine))).toEqual(['a', 'a']);
});

test('a waiting event source gets a group that is no longer withheld', async () => {
  const engine = await newQueue();
  const source = engine.eventSourceQueue('orders');
  const asked = { QueueUrl: orders, MaxNumberOfMessages: 1, WaitTimeSeconds: 20 };
  await send(engine, 'a', 3);
  const withheld = new Set<string>();
  const next = () => source.receive(asked, (group) => withheld.has(group)).then(messagesIn);
  const [first] = await next();
  for (const wake of [
    async () => source.lookAgain(),
    () => engine.perform('DeleteMessage', { QueueUrl: orders, ReceiptHandle: first?.ReceiptHandle }),
  ]) {
    withheld.add('a');
    const waiting = next();
    await oneTurn();
    withheld.clear();
    await wake();
    expect(await atOnce(waiting)).toHaveLength(1);
  }
});

test('a waiting event source gets a message of another group at once', async () => {
  const engine = await newQueue();
  const source = engine.eventSourceQueue('orders');
  const asked = { QueueUrl: orders, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 };
  await send(engine, 'a', 3);
  const waiting = source.receive(asked, (group) => group === 'a').then(messagesIn);
  await oneTurn();
  await send(engine, 'b', 1);
  expect(bodies(await atOnce(waiting))).toEqual(['b 1']);
});

test('the event source knows which of its messages are in flight', async () => {
  const engine = await newQueue();
  const source = engine.eventSourceQueue('orders');
  await send(engine, 'a', 1);
  const [{ ReceiptHandle } = { ReceiptHandle: '' }] = await receive(engine);
  expect(source.isInFlight(ReceiptHandle)).toBe(true);
  await engine.perform('DeleteMessage', { QueueUrl: orders, ReceiptHandle });
  expect(source.isInFlight(ReceiptHandle)).toBe(false);
});

test('a group is mostly put back, and not urgent, only while its messages are sent again with a delay', async () => {
  const engine = await newQueue();
  const source = engine.eventSourceQueue('orders');
  const handOut = async (more?: object) => {
    for (let batch = 0; batch < 20; batch += 1) {
      await receive(engine);
      if (more !== undefined) await send(engine, 'paused', 10, more);
    }
  };
  await send(engine, 'paused', 600);
  expect(engine.urgentIn('orders')).toBe(600);
  await handOut({ DelaySeconds: 900 });
  await send(engine, 'other', 3);
  expect([source.isMostlyPutBack('paused'), source.isMostlyPutBack('other')]).toEqual([true, false]);
  expect(engine.urgentIn('orders')).toBe(3);
  await handOut();
  expect(source.isMostlyPutBack('paused')).toBe(false);
  expect(engine.urgentIn('orders')).toBe(203);
});

/** The median time of a receive, so that a pause of the machine does not count. */
async function receiveTime(engine: SqsEngine): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < 99; count += 1) {
    const beganAt = performance.now();
    await receive(engine);
    times.push(performance.now() - beganAt);
  }
  return times.toSorted((one, other) => one - other)[49] ?? Number.NaN;
}

test('a receive takes no longer when 100,000 messages wait and 30,000 are delayed', async () => {
  const engine = await newQueue();
  await send(engine, 'noisy', 1000);
  await send(engine, 'noisy', 1000, { DelaySeconds: 900 });
  const short = await receiveTime(engine);
  await send(engine, 'noisy', 100_000);
  await send(engine, 'noisy', 30_000, { DelaySeconds: 900 });
  // A receive whose time depends on the number of messages would take fifty times as long.
  expect(await receiveTime(engine)).toBeLessThan(10 * short);
});
