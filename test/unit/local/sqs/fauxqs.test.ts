import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFauxqs, type SqsEngine } from '../../../../lib/local/sqs/fauxqs.ts';

const deadLetters = 'http://fauxqs/000000000000/dead-letters';
const orders = 'http://fauxqs/000000000000/orders';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lastmile-fauxqs-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const open = (unread: readonly string[] = []) => openFauxqs('us-east-1', { folder, unread });

async function createQueues(engine: SqsEngine): Promise<void> {
  await engine.perform('CreateQueue', { QueueName: 'dead-letters' });
  const policy = { deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead-letters', maxReceiveCount: 1 };
  const Attributes = { VisibilityTimeout: '0', RedrivePolicy: JSON.stringify(policy) };
  await engine.perform('CreateQueue', { QueueName: 'orders', Attributes });
}

async function receive(engine: SqsEngine, QueueUrl: string, more: object = {}) {
  const { Messages = [] } = await engine.perform('ReceiveMessage', { QueueUrl, AttributeNames: ['All'], ...more });
  return Messages as readonly { readonly Body: string; readonly Attributes: Readonly<Record<string, string>> }[];
}

function execute(sql: string): void {
  const database = new DatabaseSync(join(folder, 'fauxqs.db'));
  database.exec(sql);
  database.close();
}

test('a message stays in its queue when its move to the dead-letter queue is interrupted', async () => {
  const first = await open();
  await createQueues(first);
  await first.perform('SendMessage', { QueueUrl: orders, MessageBody: 'poison' });
  await receive(first, orders);
  execute(`CREATE TRIGGER broken BEFORE INSERT ON sqs_messages WHEN NEW.queue_name = 'dead-letters'
    BEGIN SELECT RAISE(ABORT, 'as if the process had been killed here'); END`);
  await expect(receive(first, orders)).rejects.toThrow('killed');
  first.close();

  execute('DROP TRIGGER broken');
  const second = await open();
  await receive(second, orders);
  expect(await receive(second, deadLetters)).toMatchObject([{ Body: 'poison' }]);
  second.close();
});

test('messages that a process received before it ended stay hidden, except in the queue that only the stack reads', async () => {
  const first = await open();
  for (const QueueName of ['orders', 'dead-letters']) {
    await first.perform('CreateQueue', { QueueName });
    const QueueUrl = `http://fauxqs/000000000000/${QueueName}`;
    await first.perform('SendMessage', { QueueUrl, MessageBody: 'held' });
    await receive(first, QueueUrl);
  }
  first.close();
  const second = await open(['orders']);
  expect(await receive(second, deadLetters)).toEqual([]);
  expect(await receive(second, orders)).toMatchObject([{ Body: 'held', Attributes: { ApproximateReceiveCount: '2' } }]);
  second.close();
});

test('a long poll returns at once when the stack ends all waits for messages of the queue', async () => {
  const engine = await openFauxqs('us-east-1', { folder: undefined, unread: [] });
  await engine.perform('CreateQueue', { QueueName: 'orders' });
  const waiting = receive(engine, orders, { WaitTimeSeconds: 20 });
  await new Promise((resolve) => setImmediate(resolve));
  engine.endWaits();
  expect(await waiting).toEqual([]);
});
