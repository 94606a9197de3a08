import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { createDestination } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';

const lastmile = join(import.meta.dirname, '..', '..', '..', 'lib', 'commands', 'lastmile.ts');
const rule = 'arn:aws:events:us-east-1:123456789012:rule/to-orders';
let stack: Stack;
let clients: Clients;

sharedStack.override('stackOptions', { environment: { RETRY_BASE_DELAY_MS: '900000' } });
sharedStack.override('answer', () => ({ path, headers }) => {
  if (path === '/orders') return { status: 204 };
  const status = path === '/invoices' ? 422 : 500;
  return { status, body: JSON.stringify({ error: 'out of stock', key: headers['x-key'] }, undefined, 2) };
});

sharedStack.beforeAll(async ({ stack: startedStack, endpoint, clients: opened }) => {
  [stack, clients] = [startedStack, opened];
  for (const name of ['orders', 'invoices', 'broken'])
    await createDestination(clients.events, name, { InvocationEndpoint: `${endpoint.origin}/${name}` }, 'key-canary');
  await deliver('event-1', 'orders');
  await deliver('event-1', 'invoices');
  await deliver('event-2', 'broken');
});

async function deliver(id: string, apiDestination: string): Promise<void> {
  const event = { id, source: 'shop', 'detail-type': 'Order Placed', detail: {} };
  const Payload = JSON.stringify({ apiDestination, event, rule, target: { Id: 'target-1' } });
  await clients.lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload }));
}

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: 'history' | 'show', ...args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, FORCE_COLOR: undefined, AWS_ENDPOINT_URL: stack.url, AWS_REGION: 'us-east-1' };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [lastmile, command, ...args], { env }, (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

describe('lastmile history', () => {
  test('lastmile history prints the deliveries in columns, those that began last first', async () => {
    const { status, stdout, stderr } = await run('history');
    expect([status, stderr]).toEqual([0, '']);
    const lines = [
      'began {21}outcome {8}API destination {2}event {4}status {4}attempts {3}type and code',
      `${time} {2}deferred {7}broken {11}event-2 {2}HTTP 500 {2}1 attempt {2}Order Placed {2}EndpointFailed`,
      `${time} {2}dead-lettered {2}invoices {9}event-1 {2}HTTP 422 {2}1 attempt {2}Order Placed {2}EndpointRejected`,
      `${time} {2}delivered {6}orders {11}event-1 {2}HTTP 204 {2}1 attempt {2}Order Placed`,
    ];
    expect(stdout).toMatch(new RegExp(`^${lines.join('\n')}\n$`));
  });

  test.each([
    [['--api-destination', 'broken'], ['broken']],
    [
      ['--event', 'event-1'],
      ['invoices', 'orders'],
    ],
    [['--rule', 'to-invoices'], []],
    [['--outcome', 'delivered'], ['orders']],
    [['--code', 'EndpointRejected'], ['invoices']],
    [['--status', '500'], ['broken']],
    [
      ['--text', 'out of stock'],
      ['broken', 'invoices'],
    ],
    [['--after', '2099-01-01'], []],
    [
      ['--before', '2099-01-01T08:00:00Z', '--limit', '2'],
      ['broken', 'invoices'],
    ],
  ])('lastmile history --json %j prints one JSON object for each delivery that matches', async (flags, expected) => {
    const { status, stdout } = await run('history', '--json', ...flags);
    const printed = stdout.split('\n').filter((line) => line !== '');
    expect(printed.map((line) => (JSON.parse(line) as { ApiDestinationName: string }).ApiDestinationName)).toEqual(
      expected,
    );
    expect(status).toBe(0);
  });

  test('lastmile history says how to see more when --limit leaves deliveries out, and where it looked when there are none', async () => {
    expect((await run('history', '--limit', '2')).stderr).toBe(
      'There are more than 2. Filter them, or show more with --limit.\n',
    );
    expect((await run('history', '--region', 'eu-west-1')).stderr).toBe(
      'The history of the region eu-west-1 has no deliveries. It keeps 7 days. Choose another region with --region.\n',
    );
  });
});

test('lastmile history --follow prints new deliveries as they end, and ends quietly when nobody reads its output', async () => {
  const env = { ...process.env, AWS_ENDPOINT_URL: stack.url, AWS_REGION: 'us-east-1' };
  const args = [lastmile, 'history', '--follow', '--json', '--limit', '1'];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [lines, ended, stderr] = [createInterface(child.stdout), once(child, 'exit'), text(child.stderr)];
  const nextId = async () => {
    const [line] = (await once(lines, 'line')) as [string];
    return (JSON.parse(line) as { EventId: string }).EventId;
  };
  expect(await nextId()).toBe('event-2');
  const printed = nextId();
  await deliver('event-3', 'orders');
  expect(await printed).toBe('event-3');
  child.stdout.destroy();
  await deliver('event-4', 'orders');
  expect([await ended, await stderr]).toEqual([[0, null], '']);
});

describe('lastmile show', () => {
  test('lastmile show prints the attempts of each delivery of an event with reason and answer, but not the API key', async () => {
    const { status, stdout, stderr } = await run('show', 'event-1');
    expect([status, stderr]).toEqual([0, '']);
    const facts = `  source  shop\n  type    Order Placed\n  rule    ${rule}\n  target  target-1\n`;
    const head = String.raw`  attempt {2}ended {21}outcome {2,8}status {4}wait {2,}duration\n`;
    const numbers = String.raw` {2,}\d+ ms {2,}\d+ ms\n`;
    expect(stdout).toMatch(
      new RegExp(
        `^event event-1 to invoices: dead-lettered\n${facts}${head}  1 {8}${time} {2}dead-lettered {2}HTTP 422${numbers}` +
          String.raw`    EndpointRejected: .+\n    answer: \{ "error": "out of stock", "key": "\*\*\*" \}\n` +
          '    deliver it again: npm run replay -- event-1 --api-destination invoices\n\n' +
          `event event-1 to orders: delivered\n${facts}${head}  1 {8}${time} {2}delivered {2}HTTP 204${numbers}$`,
      ),
    );
  });

  test('lastmile show says until when an event waits, and for what', async () => {
    expect((await run('show', 'event-2')).stdout).toMatch(new RegExp(`\n    waits until ${time} \\(backoff\\)\n$`));
  });

  test('lastmile show --json prints one JSON object for each delivery, with its attempts', async () => {
    const { stdout } = await run('show', 'event-1', '--json', '--api-destination', 'invoices');
    expect(JSON.parse(stdout)).toMatchObject({
      ApiDestinationName: 'invoices',
      Attempts: [{ Outcome: 'dead-lettered', Status: 422, Answer: expect.stringContaining('"key": "***"') }],
    });
  });
});

describe('events without a delivery', () => {
  const there = ['--region', 'eu-central-1'];
  let eventId: string | undefined;

  sharedStack.beforeAll(async ({ clientsWith }) => {
    const entry = { Source: 'shop', DetailType: 'Order Placed', Detail: '{}' };
    const Entries = [entry, { ...entry, Detail: '[]' }, { ...entry, EventBusName: 'nowhere' }];
    const answer = await clientsWith({ region: 'eu-central-1' }).events.send(new PutEventsCommand({ Entries }));
    eventId = answer.Entries?.[0]?.EventId;
  });

  test('lastmile history prints unmatched events and refused entries with their event bus', async () => {
    const { stdout } = await run('history', ...there);
    expect(
      stdout
        .split('\n')
        .slice(1)
        .map((line) => line.slice(26).replace(String(eventId), 'the-id'))
        .toSorted(),
    ).toEqual([
      '',
      expect.stringMatching(
        /^refused {4}\(event bus default\) {2}\(no id\) {2,}- {7}0 attempts {2}Order Placed {2}MalformedDetail$/,
      ),
      expect.stringMatching(/^unmatched {2}\(event bus default\) {2}the-id {2,}- {7}0 attempts {2}Order Placed$/),
      expect.stringMatching(/^unmatched {2}\(event bus nowhere\)/),
    ]);
  });

  test('lastmile show says which event bus an unmatched event was put on, and how many rules did not match', async () => {
    const { status, stdout } = await run('show', String(eventId), ...there);
    expect([status, stdout.replace(new RegExp(time), 'then')]).toEqual([
      0,
      `event ${eventId} on the event bus default: unmatched
  source  shop
  type    Order Placed
  put at  then
  No rule with a target matches. The event bus has 0 enabled rules with a pattern.
`,
    ]);
  });

  test('lastmile history --outcome refused prints why PutEvents refused an entry, as JSON', async () => {
    const { stdout } = await run('history', '--json', '--outcome', 'refused', ...there);
    expect(JSON.parse(stdout)).toMatchObject({ Code: 'MalformedDetail', Reason: 'Detail is malformed.' });
  });
});

test.each<['history' | 'show', readonly string[], number, string]>([
  ['history', ['--outcome', 'delivred'], 2, `'delivred'. Did you mean delivered? See npm run history -- --help.\n`],
  [
    'history',
    ['--outcome', 'lost'],
    2,
    'Choose one of delivered, deferred, dead-lettered, returned, waiting, unmatched, refused.',
  ],
  ['history', ['--code', 'TimeOut'], 2, 'Did you mean TimedOut?'],
  ['history', ['--status', '99'], 2, "--status must be a whole number from 100 to 599; it is '99'."],
  [
    'history',
    ['--follow', '--before', '2026-01-01'],
    2,
    '--follow has no end, so it excludes --before. Remove one of them.',
  ],
  [
    'history',
    ['--follow', '--outcome', 'waiting'],
    2,
    '--follow prints invocations as they end, and no invocation ends with the outcome waiting. Remove one of them.',
  ],
  [
    'history',
    ['--stage', 'prod', '--outcome', 'unmatched'],
    2,
    'A deployed stack writes no line about an event that is unmatched.',
  ],
  ['history', ['--limit', '0'], 2, "--limit must be a whole number from 1 to 100000; it is '0'."],
  ['history', ['--after', 'yesterday'], 2, '--after is not a time like 2026-01-31 or 2026-01-31T08:00:00Z'],
  ['history', ['orders'], 2, "Unexpected argument 'orders'. See npm run history -- --help.\n"],
  ['history', ['--api-destination', 'no such name'], 1, "'apiDestinationName' failed to satisfy constraint"],
  ['history', ['--after', '2026-02-01', '--before', '2026-01-01'], 1, 'It is not earlier than Before.'],
  ['history', ['--endpoint-url', 'http://127.0.0.1:1'], 1, 'No local stack answers at http://127.0.0.1:1'],
  ['show', [], 2, 'Name the event by its id.'],
  ['show', ['event-1', 'event-2'], 2, 'Too many arguments: event-2. Give one event id.'],
  [
    'show',
    ['event-9'],
    1,
    "The history of the region us-east-1 has no delivery of the event 'event-9'. It keeps 7 days.",
  ],
  ['show', ['event-2', '--api-destination', 'orders'], 1, "of the event 'event-2' to 'orders'."],
])('npm run %s with the arguments %j ends with status %d and says %j', async (command, args, status, text) => {
  const ended = await run(command, ...args);
  expect([ended.status, ended.stdout]).toEqual([status, '']);
  expect(ended.stderr).toContain(text);
});

test.each(['history', 'show'] as const)('npm run %s prints its usage with --help', async (command) => {
  const usage = { status: 0, stdout: expect.stringContaining(`npm run ${command} -- `), stderr: '' };
  expect(await run(command, '--help')).toMatchObject(usage);
});
