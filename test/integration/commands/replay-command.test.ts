import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { createDestination } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

const lastmile = join(import.meta.dirname, '..', '..', '..', 'lib', 'commands', 'lastmile.ts');
const root = '1-5759e988-bd862e3fe1be46a994272793';
const rule = 'arn:aws:events:us-east-1:123456789012:rule/to-orders';
let stack: Stack;
let clients: Clients;
let endpoint: RecordingEndpoint;
/** Called when the endpoint has got a request that it accepts. */
let onAccepted: () => void = () => undefined;
let isHealed = false;

sharedStack.override('answer', () => () => {
  if (!isHealed) return { status: 400, body: 'answer-canary' };
  onAccepted();
  return { status: 204 };
});

sharedStack.beforeAll(async ({ stack: startedStack, endpoint: started, clients: opened }) => {
  [stack, clients, endpoint] = [startedStack, opened, started];
  for (const name of ['orders', 'invoices'])
    await createDestination(clients.events, name, { InvocationEndpoint: `${endpoint.origin}/${name}` });
});

async function deliver(id: string, apiDestination: string, targetId = 't1'): Promise<void> {
  const event = { id, source: 'shop', 'detail-type': 'Order Placed', detail: { note: 'event-canary' } };
  const trace = { 'X-Amzn-Trace-Id': `Root=${root}` };
  const Payload = JSON.stringify({ apiDestination, event, rule, target: { Id: targetId }, trace });
  await clients.lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload }));
}

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: 'dead-letters' | 'replay', ...args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, AWS_ENDPOINT_URL: stack.url, AWS_REGION: 'us-east-1' };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [lastmile, command, ...args], { env }, (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

test('a dead letter is listed with its reason, and replayed once when its endpoint works again, in the trace of its event', async () => {
  isHealed = false;
  await deliver('event-1', 'orders');
  await deliver('event-1', 'invoices');
  const listed = await run('dead-letters', '--event', 'event-1', '--api-destination', 'orders');
  expect([listed.status, listed.stderr]).toEqual([0, '']);
  const lines = [
    'dead-lettered {13}API destination {2}event {4}status {4}attempts {3}size {2,}type',
    String.raw`${time} {2}orders {11}event-1 {2}HTTP 400 {2}1 attempt {2}\d+ bytes {2,}Order Placed`,
    String.raw` {4}EndpointRejected: The endpoint answered 400\.`,
  ];
  expect(listed.stdout).toMatch(new RegExp(`^${lines.join('\n')}\n$`));

  isHealed = true;
  const arrived = new Promise<void>((resolve) => (onAccepted = resolve));
  const replayed = await run('replay', 'event-1', '--api-destination', 'orders');
  expect(replayed).toEqual({
    status: 0,
    stdout: expect.stringMatching(
      new RegExp(
        `^replayed {2}orders {2}event-1 {2}from its dead letter of ${time} with EndpointRejected\nnpm run show -- event-1 shows its attempts\\.\n$`,
      ),
    ),
    stderr: '',
  });
  await arrived;
  const requests = endpoint.requests.filter(({ path }) => path === '/orders');
  expect(requests.map(({ body }) => body)).toEqual([requests[0]?.body, requests[0]?.body]);
  expect(requests.map(({ headers }) => headers['idempotency-key'])).toEqual(['event-1/t1', 'event-1/t1']);
  for (const { headers } of requests) expect(headers['x-amzn-trace-id']).toContain(`Root=${root};`);
  expect(await run('dead-letters', '--event', 'event-1', '--json')).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^\{[^\n]*"ApiDestinationName":"invoices"[^\n]*\}\n$/),
    stderr: '',
  });
});

test('an event that was delivered is replayed from its kept event, in its trace', async () => {
  isHealed = true;
  await deliver('event-4', 'orders');
  const arrived = new Promise<void>((resolve) => (onAccepted = resolve));
  const { status, stdout } = await run('replay', 'event-4');
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/^replayed {2}orders {2}event-4 {2}from its kept event\n/),
  ]);
  await arrived;
  const requests = endpoint.requests.filter(({ body }) => body.includes('"event-4"'));
  expect(requests.map(({ headers }) => headers['idempotency-key'])).toEqual(['event-4/t1', 'event-4/t1']);
  for (const { headers } of requests) expect(headers['x-amzn-trace-id']).toContain(`Root=${root};`);
});

test('lastmile replay without an API destination lists those of an event that failed for several, and takes the only one', async () => {
  isHealed = false;
  for (const name of ['orders', 'invoices']) await deliver('event-2', name);
  expect(await run('replay', 'event-2')).toEqual({
    status: 1,
    stdout: '',
    stderr:
      'The event went to 2 API destinations. Choose one:\n' +
      '  npm run replay -- event-2 --api-destination invoices\n  npm run replay -- event-2 --api-destination orders\n',
  });
  isHealed = true;
  await deliver('event-3', 'orders');
  isHealed = false;
  await deliver('event-3', 'invoices', 't1');
  await deliver('event-3', 'invoices', 't2');
  const several = await run('replay', 'event-3');
  expect([several.status, several.stderr]).toEqual([
    1,
    expect.stringContaining("Give --rule or --target-id of one: Rule '"),
  ]);
  const { stdout } = await run('replay', 'event-3', '--target-id', 't2', '--rule', 'to-orders', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    ReplayedFrom: 'DEAD_LETTER',
    DeadLetter: { EventId: 'event-3', ApiDestinationName: 'invoices', TargetId: 't2' },
    DeadLetterRemains: false,
  });
});

test('lastmile replay says that an event which no rule matched has no delivery to replay', async () => {
  const Entries = [{ Source: 'nobody', DetailType: 'Order Placed', Detail: '{}' }];
  const { Entries: [entry] = [] } = await clients.events.send(new PutEventsCommand({ Entries }));
  expect(await run('replay', entry?.EventId ?? '')).toEqual({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^The event '.+' went to no API destination \(unmatched\), so it has no delivery to replay\. No rule .* Send it again with PutEvents\.\n$/,
    ),
  });
});

test('npm run dead-letters shows a message that is no event with the reason, but neither its text nor an answer', async () => {
  const QueueUrl = `${stack.url}/123456789012/lastmile-local-dead-letters`;
  const sent = await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'event-canary' }));
  const { stdout } = await run('dead-letters');
  expect(stdout).toContain(
    `    message ${sent.MessageId} cannot be delivered again: InvalidJson: The message is not JSON.\n`,
  );
  expect(stdout).not.toContain('canary');
});

test.concurrent.each<['dead-letters' | 'replay', readonly string[], number, string]>([
  ['dead-letters', ['--region', 'eu-west-1'], 0, 'The region eu-west-1 has no dead letters. Choose another region'],
  ['dead-letters', ['--limit', '0'], 2, "--limit must be a whole number from 1 to 10000; it is '0'."],
  ['dead-letters', ['--after', 'yesterday'], 2, '--after is not a time like 2026-01-31'],
  ['replay', [], 2, 'Name the event by its id.'],
  ['replay', ['a', 'b'], 2, 'Too many arguments: b. Give one event id. See npm run replay -- --help.'],
  [
    'replay',
    ['event-9'],
    1,
    "Neither the history nor the dead letters have the event 'event-9' in the region us-east-1.",
  ],
  [
    'replay',
    ['event-9', '--api-destination', 'order'],
    1,
    'npm run show with the event id shows where the event went. Did you mean orders?',
  ],
])('npm run %s with the arguments %j ends with status %d and says %j', async (command, args, status, text) => {
  const ended = await run(command, ...args);
  expect([ended.status, ended.stdout]).toEqual([status, '']);
  expect(ended.stderr).toContain(text);
});

test.concurrent.each(['dead-letters', 'replay'] as const)(
  'npm run %s prints its usage with --help',
  async (command) => {
    const usage = { status: 0, stdout: expect.stringContaining(`npm run ${command} -- `), stderr: '' };
    expect(await run(command, '--help')).toMatchObject(usage);
  },
);
