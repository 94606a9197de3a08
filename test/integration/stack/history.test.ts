import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

async function deliver(url: string, id: string, apiDestination = 'orders'): Promise<void> {
  const Payload = JSON.stringify({ apiDestination, event: { id, detail: {} } });
  await ownClients({ url }).lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload }));
}

/** @returns what `npm run show` prints */
async function show(url: string, eventId: string): Promise<string> {
  const lastmile = join(import.meta.dirname, '..', '..', '..', 'lib', 'commands', 'lastmile.ts');
  const env = { ...process.env, AWS_ENDPOINT_URL: url, AWS_REGION: 'us-east-1' };
  return (await promisify(execFile)(process.execPath, [lastmile, 'show', eventId], { env })).stdout;
}

const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
const failedAttempts = [1, 2, 3, 4, 5].map(
  (number) => String.raw`  ${number} +${time}  deferred +HTTP 503 +\d+ ms +\d+ ms
    EndpointFailed: The endpoint answered 503\.
    answer: failure ${number}
    waits until ${time} \([a-z-]+\)
`,
);
/** Between the attempts there may be lines of invocations that only waited, because five failures open the circuit. */
const sixAttempts = new RegExp(
  String.raw`^event event-0 to broken: delivered\n  attempt .+\n${failedAttempts.join('[^]*')}[^]*  6 +${time}  delivered +HTTP 200 +\d+ ms +\d+ ms\n$`,
);

test('a stack with a data folder still has its events and the history of every attempt after it was killed', async () => {
  const folder = join(ownFolder(), 'data');
  let failures = 0;
  const endpoint = await ownEndpoint(({ path }) =>
    path === '/broken' && failures < 5 ? { status: 503, body: `failure ${(failures += 1)}` } : { status: 200 },
  );
  const environment = { RETRY_BASE_DELAY_MS: '1', RETRY_MAX_DELAY_MS: '1' };
  const start = async (): Promise<{ readonly stack: StackProcess; readonly url: string }> => {
    const stack = startStackProcess(['--port', '0', '--data-dir', folder], environment);
    onTestFinished(() => void stack.process.kill('SIGKILL'));
    return { stack, url: await stack.url };
  };
  const first = await start();
  for (const name of ['orders', 'broken'])
    await createDestination(ownClients(first).events, name, { InvocationEndpoint: `${endpoint.origin}/${name}` });
  await deliver(first.url, 'event-0', 'broken');
  await first.stack.line(/ delivered +broken /);
  for (const id of ['event-1', 'event-2']) await deliver(first.url, id);
  first.stack.process.kill('SIGKILL');
  await first.stack.ended;
  const second = await start();
  expect(idsIn(await call(second.url, 'ListDeliveries', {}))).toEqual(['event-2', 'event-1', 'event-0']);
  expect(await show(second.url, 'event-0')).toMatch(sixAttempts);
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

test('events from the bus wait in the history until their first request ends, also if the target is one of the two queues with an envelope', async () => {
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
  const ordered = 'arn:aws:sqs:us-east-1:123456789012:lastmile-local-ordered-deliveries.fifo';
  await story.putRule(
    { Name: 'all', EventPattern: everyOrder },
    { Arn },
    { Arn: queue, InputTransformer: { InputTemplate } },
    {
      Arn: ordered,
      InputTransformer: { InputTemplate: InputTemplate.replace('own', 'ordered') },
      SqsParameters: { MessageGroupId: 'orders' },
    },
  );
  const [EventId = ''] = await story.put({});
  await arrived.count(3);
  const listed = async () => {
    const { Deliveries } = await call(stack.url, 'ListDeliveries', { EventId });
    return (Deliveries as readonly Record<string, unknown>[])
      .map(({ TargetId, Source, Outcome, AttemptsMade }) => [TargetId, Source, Outcome, AttemptsMade].join(' '))
      .toSorted();
  };
  expect(await listed()).toEqual(['ordered shop waiting 0', 'own shop waiting 0', 't-1 shop waiting 0']);
  const asked = { EventId, ApiDestinationName: 'orders', TargetId: 'own' };
  expect(await call(stack.url, 'GetDelivery', asked)).toMatchObject({ Outcome: 'waiting', Attempts: [] });
  held.resolve(undefined);
  await lines.count(3);
  expect(await listed()).toEqual(['ordered shop delivered 1', 'own shop delivered 1', 't-1 shop delivered 1']);
});

test('a stack with --auth shows its history and its dead letters to no request without a key', async () => {
  const stack = await ownStack({ auth: true });
  for (const [operation, input] of [
    ['ListDeliveries', {}],
    ['GetDelivery', { EventId: 'a', ApiDestinationName: 'orders' }],
    ['ListDeadLetters', {}],
    ['ReplayDelivery', { EventId: 'a', ApiDestinationName: 'orders' }],
  ] as const)
    expect(await call(stack.url, operation, input)).toMatchObject({ __type: 'MissingAuthenticationTokenException' });
});
