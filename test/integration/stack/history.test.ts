import { join } from 'node:path';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { expect, onTestFinished, test } from 'vitest';
import { SqliteKeptEvents, keptEventsLimits } from '../../../lib/local/history/sqlite-kept-events.ts';
import { openDataFolder } from '../../../lib/local/stack/data-folder.ts';
import { createDestination } from '../../fixtures/clients.ts';
import { ownClients, ownEndpoint, ownFolder, ownStack } from '../../fixtures/stack.ts';
import { createBusStory, everyOrder, Growing } from '../bus/bus-story.ts';
import { type StackProcess, startStackProcess } from '../../servers/aws/stack-process.ts';

async function call(url: string, operation: string, input: object, headers: Readonly<Record<string, string>> = {}) {
  const init = {
    method: 'POST',
    headers: { 'x-amz-target': `Lastmile.${operation}`, ...headers },
    body: JSON.stringify(input),
  };
  const answer = await fetch(url, init);
  return (await answer.json()) as Readonly<Record<string, unknown>>;
}

const idsIn = ({ Deliveries }: Readonly<Record<string, unknown>>): readonly string[] =>
  (Deliveries as readonly { readonly EventId: string }[]).map(({ EventId }) => EventId);

async function deliver(url: string, id: string): Promise<void> {
  const Payload = JSON.stringify({ apiDestination: 'orders', event: { id, detail: {} } });
  await ownClients({ url }).lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload }));
}

test('a stack with a data folder still has the history and the events of its answered deliveries after it was killed', async () => {
  const folder = join(ownFolder(), 'data');
  const endpoint = await ownEndpoint();
  const start = async (): Promise<{ readonly stack: StackProcess; readonly url: string }> => {
    const stack = startStackProcess(['--port', '0', '--data-dir', folder]);
    onTestFinished(() => void stack.process.kill('SIGKILL'));
    return { stack, url: await stack.url };
  };
  const first = await start();
  await createDestination(ownClients(first).events, 'orders', { InvocationEndpoint: `${endpoint.origin}/` });
  for (const id of ['event-1', 'event-2']) await deliver(first.url, id);
  first.stack.process.kill('SIGKILL');
  await first.stack.ended;
  const second = await start();
  expect(idsIn(await call(second.url, 'ListDeliveries', {}))).toEqual(['event-2', 'event-1']);
  await deliver(second.url, 'event-3');
  expect(idsIn(await call(second.url, 'ListDeliveries', { Limit: 2 }))).toEqual(['event-3', 'event-2']);
  const { KeptAt } = await call(second.url, 'GetDelivery', { EventId: 'event-1', ApiDestinationName: 'orders' });
  second.stack.process.kill('SIGKILL');
  await second.stack.ended;
  expect([first.stack.stderr(), second.stack.stderr()]).toEqual(['', '']);
  const { database, close } = openDataFolder(folder, '123456789012');
  onTestFinished(close);
  const kept = new SqliteKeptEvents({ database, nowMs: () => Date.now(), limits: keptEventsLimits.inDataFolder });
  expect(await kept.of('us-east-1').read(String(KeptAt))).toMatchObject({
    apiDestination: 'orders',
    event: { value: { id: 'event-1', detail: {} } },
  });
});

test('a reset forgets the history, and the stack then records a new one', async () => {
  const stack = await ownStack();
  await deliver(stack.url, 'before');
  expect(idsIn(await call(stack.url, 'ListDeliveries', {}))).toEqual(['before']);
  await fetch(`${stack.url}/_lastmile/reset`, { method: 'POST' });
  expect(idsIn(await call(stack.url, 'ListDeliveries', {}))).toEqual([]);
  await deliver(stack.url, 'after');
  const found = await call(stack.url, 'GetDelivery', { EventId: 'after', ApiDestinationName: 'orders' });
  expect(found).toMatchObject({ Outcome: 'dead-lettered', Attempts: [{ Code: 'ApiDestinationNotFound' }] });
});

test('a delivery that ends after a reset is not in the history of the stack', async () => {
  const held = Promise.withResolvers<undefined>();
  const arrived = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const endpoint = await ownEndpoint(() => {
    arrived.resolve();
    return held.promise;
  });
  const output = { line: () => ended.resolve(), error: () => undefined };
  const stack = await ownStack({ output, environment: { REQUEST_TIMEOUT_MS: '30000' } });
  await createDestination(ownClients(stack).events, 'orders', { InvocationEndpoint: `${endpoint.origin}/` });
  void deliver(stack.url, 'late').catch(() => undefined);
  await arrived.promise;
  await fetch(`${stack.url}/_lastmile/reset`, { method: 'POST' });
  held.resolve(undefined);
  await ended.promise;
  expect(idsIn(await call(stack.url, 'ListDeliveries', {}))).toEqual([]);
});

test('events from the bus wait in the history until their first request ends, also if the target is the queue with an envelope', async () => {
  const [held, lines] = [Promise.withResolvers<undefined>(), new Growing<string>()];
  const arrived = new Growing<unknown>();
  const endpoint = await ownEndpoint((request) => {
    arrived.push(request);
    return held.promise;
  });
  const output = { line: (text: string) => lines.push(text), error: () => undefined };
  const stack = await ownStack({ output, environment: { REQUEST_TIMEOUT_MS: '50000' } });
  const story = createBusStory(stack);
  const { ApiDestinationArn: Arn } = await createDestination(story.events, 'orders', {
    InvocationEndpoint: `${endpoint.origin}/`,
  });
  const InputTemplate = '{"apiDestination":"orders","event":<aws.events.event>,"target":{"Id":"own"}}';
  const queue = 'arn:aws:sqs:us-east-1:123456789012:lastmile-local-deliveries';
  await story.putRule(
    { Name: 'all', EventPattern: everyOrder },
    { Arn },
    { Arn: queue, InputTransformer: { InputTemplate } },
  );
  const [EventId = ''] = await story.put({});
  await arrived.count(2);
  const listed = async () => {
    const { Deliveries } = await call(stack.url, 'ListDeliveries', { EventId });
    return (Deliveries as readonly Record<string, unknown>[])
      .map(({ TargetId, Source, Outcome, AttemptsMade }) => [TargetId, Source, Outcome, AttemptsMade].join(' '))
      .toSorted();
  };
  expect(await listed()).toEqual(['own shop waiting 0', 't-1 shop waiting 0']);
  const asked = { EventId, ApiDestinationName: 'orders', TargetId: 'own' };
  expect(await call(stack.url, 'GetDelivery', asked)).toMatchObject({ Outcome: 'waiting', Attempts: [] });
  held.resolve(undefined);
  await lines.count(2);
  expect(await listed()).toEqual(['own shop delivered 1', 't-1 shop delivered 1']);
});

test('a stack with --auth shows its history to no request without a key', async () => {
  const stack = await ownStack({ auth: true });
  for (const [operation, input] of [
    ['ListDeliveries', {}],
    ['GetDelivery', { EventId: 'a', ApiDestinationName: 'orders' }],
  ] as const)
    expect(await call(stack.url, operation, input)).toMatchObject({ __type: 'MissingAuthenticationTokenException' });
});
