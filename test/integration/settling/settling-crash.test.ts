import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Message } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { maximumReceives } from '../../../lib/core/message/queued-delivery.ts';
import { sqsRecord } from '../../../lib/local/sqs/receive.ts';
import type { Invocation } from '../../servers/aws/deliver-queued-process.ts';
import { account, messageOf, region } from '../../servers/aws/sqs-queues.ts';
import { createSettlingStory, type SettlingServers, sharedSettling } from './settling-story.ts';

const command = join(import.meta.dirname, '..', '..', 'servers', 'aws', 'deliver-queued-process.ts');

let servers: SettlingServers;

sharedSettling.beforeAll(({ servers: started }) => {
  servers = started;
});

/** Worker processes, one for each invocation, that are killed when the endpoint gets the poisoned event. */
async function workers() {
  const told = await createSettlingStory(servers);
  const poison = told.envelope('well');
  let working: ChildProcess | undefined;

  /** @returns the answer of the worker; undefined when it was killed first */
  async function work(messages: readonly Message[]): Promise<unknown> {
    const source = { account, region, queueName: 'deliveries' };
    const Records = messages.map((message) => sqsRecord({ ...message }, source));
    const { endpoint } = servers.sqs.clientConfig;
    const child = spawn(process.execPath, [command], { stdio: ['pipe', 'pipe', 'inherit'] });
    working = child;
    let answer = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    const ended = once(child, 'close');
    const invocation: Invocation = { environment: told.environment, aws: { region, endpoint }, event: { Records } };
    child.stdin.end(JSON.stringify(invocation));
    const [status] = (await ended) as [number | null];
    return status === 0 ? JSON.parse(answer) : undefined;
  }

  /** Number of messages whose deletion was answered. */
  const deletions = (): number => {
    const { answered, requests } = servers.sqs.proxy;
    const calls = answered.filter((operation) => operation === 'DeleteMessageBatch').length;
    const deleting = requests.filter(({ operation }) => operation === 'DeleteMessageBatch').slice(0, calls);
    return deleting.flatMap(({ input }) => input['Entries']).length;
  };
  /** The poisoned request is never answered. Its worker is killed as soon as this many messages have been deleted. */
  function killAfterDeletions(count: number): void {
    told.answerWhen(poison, async () => {
      await told.until(() => deletions() >= count);
      working?.kill('SIGKILL');
      await new Promise(() => undefined);
    });
  }

  /** The worker is killed when it hands over this batch, counted from 1. The queue never gets that batch. */
  function killAtHandover(batch: number): void {
    const before = handovers();
    let batches = 0;
    told.fail('SendMessageBatch', told.deliveries, () => {
      batches += 1;
      if (batches < batch) return undefined;
      // The answers of the batches before come first.
      void told.until(() => handovers() - before === batch - 1).then(() => working?.kill('SIGKILL'));
      return new Promise(() => undefined);
    });
  }
  /** The number of batches that a queue has accepted. */
  const handovers = (): number => servers.sqs.proxy.answered.filter((name) => name === 'SendMessageBatch').length;

  return { ...told, poison, work, killAfterDeletions, killAtHandover };
}

const idsIn = (messages: readonly Message[]): unknown[] =>
  messages.map((message) => (JSON.parse(messageOf(message).body) as { event: { id: string } }).event.id).toSorted();

test('a message that kills every worker is dead-lettered, and the other messages of its batch are delivered', async () => {
  const { poison, work, killAfterDeletions, envelope, enqueue, deliveries, deadLetters, requestsFor } = await workers();
  const first = [envelope('well'), envelope('well'), envelope('well')];
  await enqueue(poison, ...first);
  killAfterDeletions(first.length);
  expect(await work(await deliveries.receive())).toBeUndefined();
  expect(first.map(requestsFor)).toEqual([1, 1, 1]);

  const second = [envelope('well'), envelope('well')];
  await enqueue(...second);
  // The worker is killed at once, so unsettled messages of the same batch come again.
  killAfterDeletions(0);
  const again = await deliveries.receive();
  expect(idsIn(again)).toEqual([poison, ...second].map(({ event }) => event.id).toSorted());
  expect(await work(again)).toBeUndefined();
  expect([...first, ...second].map(requestsFor)).toEqual([1, 1, 1, 1, 1]);
  expect(requestsFor(poison)).toBe(2);

  let received = await deliveries.receive();
  expect(idsIn(received)).toEqual([poison.event.id]);
  while (Number(received[0]?.Attributes?.ApproximateReceiveCount) < maximumReceives - 1) {
    received = await deliveries.receive();
  }
  expect(await work(received)).toEqual({ batchItemFailures: [] });
  expect(requestsFor(poison)).toBe(2);
  const [letter] = await deadLetters.receive();
  const { body, attributes } = messageOf(letter ?? {});
  expect(JSON.parse(body)).toEqual(poison.event);
  expect(attributes).toMatchObject({
    ERROR_CODE: 'INTERNAL_ERROR',
    ERROR_MESSAGE: 'ReceivedTooOften: The message was received 9 times, and no worker finished it.',
    TARGET_ARN: 'well',
  });
});

test('when a worker is killed after it handed over a half of an array, the events that arrive twice have the same Idempotency-Key', async () => {
  const { work, deliveries, receiveOnce, killAtHandover, heal } = await workers();
  // The last two events are equal, and no event has an id.
  const array = Array.from({ length: 20 }, (_, index) => ({
    apiDestination: 'well',
    event: { crash: Math.min(index, 18) },
  }));
  await deliveries.send({ body: JSON.stringify(array), attributes: {} });
  killAtHandover(2);
  expect(await work(await deliveries.receive())).toBeUndefined();
  heal();
  expect(await deliveries.count()).toBe(11);

  // The worker process has another clock. A worker whose clock is behind would wait.
  servers.clock.pass(60_000);
  while ((await receiveOnce()).received > 0);
  const arrived = servers.endpoint.requests.filter(({ body }) => body.startsWith('{"crash":'));
  const bodies = Map.groupBy(arrived, ({ body }) => body);
  expect(arrived).toHaveLength(30);
  expect(bodies.size).toBe(19);
  const keysOf = (body: string) => new Set(bodies.get(body)?.map(({ headers }) => headers['idempotency-key']));
  const isOfTwo = (body: string) => body === '{"crash":18}';
  expect([...bodies.keys()].filter((body) => keysOf(body).size !== (isOfTwo(body) ? 2 : 1))).toEqual([]);
});
