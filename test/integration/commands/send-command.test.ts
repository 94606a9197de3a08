import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { createDestination } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import { type RecordingEndpoint, startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

const lastmile = join(import.meta.dirname, '..', '..', '..', 'lib', 'commands', 'lastmile.ts');
let stack: Stack;
let endpoint: RecordingEndpoint;
let folder: string;

sharedStack.override('stackOptions', { environment: { RETRY_BASE_DELAY_MS: '900000' } });
/** Refuses what does not go to Europe, and repeats the key of the request. */
sharedStack.override('answer', () => ({ path, headers }) => {
  if (path === '/eu') return { status: 202 };
  return { status: 500, body: JSON.stringify({ error: 'out of stock', key: headers['x-key'] }, undefined, 2) };
});

/** A destination of the same name in each region. */
sharedStack.beforeAll(
  async ({ stack: startedStack, endpoint: startedEndpoint, folder: made, clients, clientsWith }) => {
    [stack, endpoint, folder] = [startedStack, startedEndpoint, made];
    const [eu, us] = [`${endpoint.origin}/eu`, `${endpoint.origin}/us`];
    const inEurope = clientsWith({ region: 'eu-west-1' });
    await createDestination(inEurope.events, 'orders', { InvocationEndpoint: eu }, 'key-canary');
    await createDestination(clients.events, 'orders', { InvocationEndpoint: us }, 'key-canary');
  },
);

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function send(args: readonly string[], environment: Record<string, string | undefined> = {}): Promise<Ended> {
  const env = { ...process.env, AWS_ENDPOINT_URL: stack.url, AWS_REGION: undefined, ...environment };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [lastmile, 'send', ...args], { env }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

const delivered = /^delivered {2}orders {2}HTTP 202 {2}1 attempt {2}\d+ ms\n$/;

test.each([
  ['--region', ['--region', 'eu-west-1'], { AWS_REGION: 'us-east-1' }],
  ['AWS_REGION', [], { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-east-1' }],
  ['AWS_DEFAULT_REGION', [], { AWS_DEFAULT_REGION: 'eu-west-1' }],
] as const)('%s sets the region of lastmile send', async (_name, args, environment) => {
  const ended = await send(['orders', ...args], environment);
  expect(ended).toEqual({ status: 0, stdout: expect.stringMatching(delivered), stderr: '' });
});

test('lastmile send ends with status 1 and prints the reason and the answer of a failed delivery, but not the API key', async () => {
  const { status, stdout, stderr } = await send(['orders']);
  expect(status).toBe(1);
  const said = 'EndpointFailed: The endpoint answered 500.  answer: { "error": "out of stock", "key": "***" }\n';
  expect(stdout.endsWith(said)).toBe(true);
  expect(stdout).toMatch(/ ms {2}waits until 2\d{3}-\S+Z \(backoff\) {2}/);
  expect(stdout + stderr).not.toContain('key-canary');
});

test('lastmile send --json prints the answer of deliver as one JSON object', async () => {
  const { status, stdout, stderr } = await send(['orders', '--json']);
  expect([status, stderr]).toEqual([1, '']);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'deferred', apiDestination: 'orders', status: 500, attempts: 1 });
});

test('lastmile send prints a placeholder instead of an invalid name of an API destination', async () => {
  const { status, stdout } = await send(['no name "at all"']);
  expect(status).toBe(1);
  expect(stdout).toMatch(/^dead-lettered {2}\(no API destination\) {2}0 attempts {2}\d+ ms {2}InvalidDelivery: .+\n$/);
});

test('lastmile send says which number reaches the endpoint in other digits', async () => {
  const file = join(folder, 'numbers.json');
  const note = (number: string, printed: string): string =>
    `Note: deliver gets ${number} as ${printed}, because Lambda's runtime parses the event. Events from the delivery queue keep their digits.\n`;
  for (const [number, printed] of [
    ['1152921506151679042', '1152921506151679000'],
    ['1E400', 'null'],
  ] as const) {
    writeFileSync(file, `{"id":"n","detail":{"list":[1,${number}]}}`);
    const ended = await send(['orders', file], { AWS_REGION: 'eu-west-1' });
    expect(ended).toEqual({
      status: 0,
      stdout: expect.stringMatching(delivered),
      stderr: note(number, printed),
    });
    expect(endpoint.requests.at(-1)?.body).toBe(`{"id":"n","detail":{"list":[1,${printed}]}}`);
  }
});

test.each(['subscriber', 'pipe'])('lastmile send --as %s delivers each event of an array', async (sender) => {
  const file = join(folder, `${sender}.json`);
  writeFileSync(file, `[{"id":"${sender}-1"},{"apiDestination":"other","event":"text of ${sender}"}]`);
  const from = endpoint.requests.length;
  const { status, stdout, stderr } = await send(['orders', file, '--as', sender], { AWS_REGION: 'eu-west-1' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split(/(?<=\n)/)).toEqual([expect.stringMatching(delivered), expect.stringMatching(delivered)]);
  const sent = endpoint.requests.slice(from).map(({ body, headers }) => [body, headers['content-type']]);
  expect(sent.toSorted()).toEqual([
    [`text of ${sender}`, 'text/plain; charset=utf-8'],
    [`{"id":"${sender}-1"}`, 'application/json; charset=utf-8'],
  ]);
});

test('lastmile send --as schedule sends the event of a schedule', async () => {
  const ended = await send(['orders', '--as', 'schedule'], { AWS_REGION: 'eu-west-1' });
  expect(ended).toEqual({ status: 0, stdout: expect.stringMatching(delivered), stderr: '' });
  expect(endpoint.requests.at(-1)?.body).toContain('"source":"aws.scheduler"');
});

test('lastmile send refuses an unknown sender and names the known ones', async () => {
  expect(await send(['orders', '--as', 'rule'])).toEqual({
    status: 2,
    stdout: '',
    stderr: "--as must be one of subscriber, pipe, schedule; it is 'rule'. See npm run send -- --help.\n",
  });
});

test.each(['[1]', '{"id":', ''])(
  'lastmile send refuses a file with the content %j and names the file',
  async (text) => {
    const file = join(folder, 'event.json');
    writeFileSync(file, text);
    expect(await send(['orders', file])).toEqual({
      status: 2,
      stdout: '',
      stderr: `${file} must hold one JSON object: an event or an envelope.\n`,
    });
  },
);

test.each([
  ['text', 'body-canary'],
  ['other JSON', '{"body":"canary"}'],
])('lastmile send prints an error without the answer when another server answers with %s', async (_kind, body) => {
  const other = await startRecordingEndpoint(() => ({ status: 200, body }));
  const { status, stdout, stderr } = await send(['orders'], { AWS_ENDPOINT_URL: other.origin });
  await other.close();
  const said = `The server at ${other.origin} does not answer like the function deliver. Check that the stack runs there, or change --endpoint-url, --stage or --region.\n`;
  expect([status, stdout, stderr]).toEqual([1, '', said]);
});

test('lastmile send says how to start a stack when none answers', async () => {
  const { status, stderr } = await send(['orders'], { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
  expect([status, stderr]).toEqual([
    1,
    'No local stack answers at http://127.0.0.1:1 (ECONNREFUSED). Start it with npm start, or set AWS_ENDPOINT_URL to the address that it printed.\n',
  ]);
});

test('lastmile send refuses an AWS_ENDPOINT_URL without http and shows what an address looks like', async () => {
  const { status, stderr } = await send(['orders'], { AWS_ENDPOINT_URL: '127.0.0.1:4010' });
  expect([status, stderr]).toEqual([
    2,
    "The address of the stack must be one such as http://127.0.0.1:4010; it is '127.0.0.1:4010'.\n",
  ]);
});

test('empty variables for region and address count as unset', async () => {
  const { stdout, stderr } = await send(['orders'], { AWS_REGION: '', AWS_DEFAULT_REGION: '' });
  expect([stdout, stderr]).toEqual([expect.stringContaining('HTTP 500'), '']);
});

test.each([
  ['Orders', [], 'Did you mean orders? (Region us-east-1.)'],
  ['order', [], 'Did you mean orders? (Region us-east-1.)'],
  ['invoices', [], 'us-east-1 has only the API destination orders. Choose another region with --region or AWS_REGION.'],
  [
    'orders',
    ['--region', 'sa-east-1'],
    'sa-east-1 has no API destinations. Choose another region with --region or AWS_REGION.',
  ],
])('lastmile send %s with the flags %j names the region and similar names', async (name, flags, hint) => {
  const { status, stdout } = await send([name, ...flags]);
  expect([status, stdout]).toEqual([
    1,
    expect.stringContaining(`ApiDestinationNotFound: API destination '${name}' does not exist.\n${hint}\n`),
  ]);
});

test('lastmile health names a similar name when the API destination does not exist', async () => {
  const env = { ...process.env, AWS_ENDPOINT_URL: stack.url };
  const stderr = await new Promise<string>((resolve) => {
    execFile(process.execPath, [lastmile, 'health', 'Orders'], { env }, (_error, _stdout, text) => resolve(text));
  });
  expect(stderr).toMatch(
    /^ResourceNotFoundException: .*'Orders' does not exist\. Did you mean orders\? \(Region us-east-1\.\)\n$/,
  );
});
