import { type ChildProcess, execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { formatConclusion } from '../../../lib/adapters/log/json-lines.ts';
import type { Conclusion } from '../../../lib/core/delivery/delivery.ts';
import { type RecordingEndpoint, startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { startLogsServer } from '../../servers/aws/logs-server.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
let lambda: RecordingEndpoint;
/** The answer of every function to a payload. */
let answer: (payload: string) => object;

beforeEach(async () => {
  answer = () => ({});
  lambda = await startRecordingEndpoint(({ body }) => ({ body: JSON.stringify(answer(body)) }));
});
afterEach(() => lambda.close());

function run(
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  onStart: (child: ChildProcess) => void = () => {},
) {
  const file = join(repository, 'lib', 'commands', 'lastmile.ts');
  const env = { PATH: process.env['PATH'], HOME: import.meta.dirname, AWS_EC2_METADATA_DISABLED: 'true', ...variables };
  return new Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>(
    (resolve) => {
      const child = execFile(process.execPath, [file, command, ...args], { env }, (_error, stdout, stderr) =>
        resolve({ status: child.exitCode, stdout, stderr }),
      );
      onStart(child);
    },
  );
}

test.each([
  ['keys', 'control-api', ['create', '--api', 'control']],
  ['policy', 'control-api', ['GetDeliveryPolicy', '{"ApiDestinationName": "orders"}']],
  ['dead-letters', 'control-api', []],
  ['health', 'control-api', []],
  ['replay', 'control-api', ['event-1', '--api-destination', 'orders']],
  ['send', 'deliver', ['orders']],
  ['redrive', 'redrive', ['--dry-run']],
])(
  'npm run %s calls the function %s of a deployed stage with the credentials and the region of the shell',
  async (command, name, args) => {
    const credentials = { AWS_ACCESS_KEY_ID: 'AKIATEAM', AWS_SECRET_ACCESS_KEY: 'a', AWS_SESSION_TOKEN: 'session' };
    const flags = ['--stage', 'prod', '--endpoint-url', lambda.origin];
    await run(command, [...args, ...flags], { ...credentials, AWS_REGION: 'eu-central-1' });
    const [asked] = lambda.requests;
    expect(asked?.path).toBe(`/2015-03-31/functions/lastmile-prod-${name}/invocations`);
    expect(asked?.headers['authorization']).toMatch(/Credential=AKIATEAM\/\d{8}\/eu-central-1\/lambda\/aws4_request/);
    expect(asked?.headers['x-amz-security-token']).toBe('session');
  },
);

test('lastmile keys for a deployed stage prints one line and sends nothing when credentials are missing', async () => {
  const { status, stderr } = await run(
    'keys',
    ['list', '--api', 'control', '--stage', 'prod', '--endpoint-url', lambda.origin],
    {},
  );
  expect(stderr).toMatch(/^Cannot invoke control-api at http:\S+: Could not load credentials[^\n]*\n$/);
  expect([status, lambda.requests]).toEqual([1, []]);
});

test('the error of a command for a deployed stage names the address when AWS_ENDPOINT_URL is set', async () => {
  const credentials = { AWS_ACCESS_KEY_ID: 'AKIATEAM', AWS_SECRET_ACCESS_KEY: 'a' };
  const left = { ...credentials, AWS_ENDPOINT_URL: lambda.origin };
  const { status, stderr } = await run('keys', ['list', '--api', 'control', '--stage', 'prod'], left);
  expect([status, stderr]).toEqual([
    1,
    `The server at ${lambda.origin} does not answer like the function control-api. Check that the stack runs there, or change --endpoint-url, --stage or --region.\n`,
  ]);
});

test('lastmile health prints one line for each destination on all pages of the list, and with --json its members', async () => {
  const unhealthy = {
    Name: 'orders',
    State: 'UNHEALTHY',
    Since: 1_764_320_400,
    NextProbeAt: 1_764_320_460,
    LastFailure: { Code: 'EndpointFailed', At: 1_764_320_430 },
    FailuresInRow: 7,
    MeanAnswerMilliseconds: 41.6,
    WaitingEvents: 120,
  };
  const paused = { Name: 'invoices', State: 'PAUSED', FailuresInRow: 0 };
  const rows = [
    'state|API destination|unhealthy since|next probe|last failure|mean answer|waiting',
    'UNHEALTHY|orders|2025-11-28T09:00:00Z|2025-11-28T09:01:00Z|EndpointFailed at 2025-11-28T09:00:30Z, 7 in a row|42 ms|about 120',
    'PAUSED until resumed|invoices|-|-|-|-|not known',
  ];
  const flags = ['--endpoint-url', lambda.origin];
  answer = (payload) =>
    payload.includes('"NextToken":"second"')
      ? { output: { ApiDestinations: [paused] } }
      : { output: { ApiDestinations: [unhealthy], NextToken: 'second' } };
  const list = await run('health', flags, {});
  expect([list.status, list.stderr]).toEqual([0, '']);
  expect(list.stdout.trimEnd().replaceAll(/ {2,}/g, '|').split('\n')).toEqual(rows);

  answer = () => ({ output: unhealthy });
  const { status, stdout } = await run('health', ['orders', '--json', ...flags], {});
  expect([status, JSON.parse(stdout)]).toEqual([0, unhealthy]);
  expect(lambda.requests.at(-1)?.body).toContain('{"operation":"GetDestinationHealth","input":{"Name":"orders"}}');
});

const logGroups = ['/aws/lambda/lastmile-prod-deliver', '/aws/lambda/lastmile-prod-deliver-queued'] as const;
const team = { AWS_ACCESS_KEY_ID: 'AKIATEAM', AWS_SECRET_ACCESS_KEY: 'a', AWS_REGION: 'eu-central-1' };

async function logsOfStage() {
  const logs = await startLogsServer();
  onTestFinished(() => logs.stop());
  for (const group of logGroups) logs.createGroup('eu-central-1', group);
  return logs;
}

test('lastmile show prints all six attempts of an event of a deployed stage from its log lines, with the credentials of the shell', async () => {
  const logs = await logsOfStage();
  const way = { eventId: 'event-1', apiDestination: 'orders', targetId: 'target-1', detailType: 'Order Placed' };
  const beganAtMs = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
  const endedAtMs = (attempt: number) => beganAtMs + 2 ** attempt * 1000;
  for (const attempts of [1, 2, 3, 4, 5, 6]) {
    const nextAttemptAtMs = endedAtMs(attempts + 1);
    const status = 500 + attempts;
    const failed: Conclusion = {
      settlement: { kind: 'deferred', notBeforeMs: nextAttemptAtMs },
      status,
      code: 'EndpointFailed',
      reason: `The endpoint answered ${status}.`,
      answer: `{"error": "try ${attempts}"}`,
      attempts,
      durationMs: 35.5,
      rateWaitMs: attempts,
      nextAttemptAtMs,
      waitsFor: 'backoff',
    };
    const last: Conclusion = {
      settlement: { kind: 'delivered' },
      status: 204,
      attempts,
      durationMs: 31.2,
      rateWaitMs: 4,
    };
    const outcome = attempts === 6 ? last : failed;
    const line = formatConclusion({ ...way, ...outcome });
    logs.append('eu-central-1', logGroups[attempts === 1 ? 0 : 1], endedAtMs(attempts), `${line}\n`);
  }
  const { status, stdout, stderr } = await run(
    'show',
    ['event-1', '--stage', 'prod', '--endpoint-url', logs.endpoint],
    team,
  );
  const time = (attempt: number) => new Date(endedAtMs(attempt)).toISOString();
  const failures = [1, 2, 3, 4, 5].flatMap((attempt) => [
    `  ${attempt}        ${time(attempt)}  deferred   HTTP 50${attempt}  ${attempt} ms  36 ms`,
    `    EndpointFailed: The endpoint answered 50${attempt}.`,
    `    answer: {"error": "try ${attempt}"}`,
    `    waits until ${time(attempt + 1)} (backoff)`,
  ]);
  expect(stdout.split('\n')).toEqual([
    'event event-1 to orders: delivered',
    '  type    Order Placed',
    '  target  target-1',
    '  attempt  ended                     outcome    status    wait  duration',
    ...failures,
    `  6        ${time(6)}  delivered  HTTP 204  4 ms  31 ms`,
    '',
  ]);
  expect([status, stderr]).toEqual([0, expect.stringMatching(/^Searched [0-9.]+ KB, 12 lines in the logs\.\n$/)]);
  expect(new Set(logs.calls.map(({ accessKeyId, region }) => `${accessKeyId} ${region}`))).toEqual(
    new Set(['AKIATEAM eu-central-1']),
  );
});

test('Ctrl-C ends lastmile history for a deployed stage while a query runs', async () => {
  const logs = await logsOfStage();
  const flags = ['--stage', 'prod', '--endpoint-url', logs.endpoint];
  let interrupt = () => {};
  logs.behave = ({ operation }) => {
    if (operation === 'GetQueryResults') interrupt();
    return operation === 'GetQueryResults' ? { status: 'Running' } : undefined;
  };
  const ended = run('history', flags, team, (child) => {
    interrupt = () => {
      child.kill('SIGINT');
      // A second Ctrl-C would end the process at once.
      interrupt = () => {};
    };
  });
  expect(await ended).toEqual({
    status: 130,
    stdout: '',
    stderr: expect.stringMatching(
      /^(Searched 0 bytes, 0 lines in the logs\.\n)?Interrupted\. The search has been stopped\.\n$/,
    ),
  });
});

/** A deployed control API without a dead letter of the delivery. It replays the event that is kept at the location. */
function replaysOnlyKept(location: string): typeof answer {
  return (payload) => {
    const { operation, input } = JSON.parse(payload) as { operation: string; input: { KeptAt?: string } };
    if (operation === 'ListDeadLetters') return { output: { DeadLetters: [] } };
    if (operation === 'ListApiDestinations') return { output: { ApiDestinations: [{ Name: 'orders' }] } };
    return input.KeptAt === location
      ? { output: { ReplayedFrom: 'KEPT_EVENT', EventId: 'event-1', ApiDestinationName: 'orders', KeptAt: location } }
      : { error: { code: 'ResourceNotFoundException', message: 'No dead letter.' } };
  };
}

test.each<[string, Partial<Conclusion>, number, string]>([
  [
    'replays a delivered event from where its line says that it is kept',
    { kept: 'events/1#0' },
    0,
    'replayed  orders  event-1  from its kept event\nnpm run show -- event-1 --stage prod shows its attempts.\n',
  ],
  [
    'says that a delivered event is not kept',
    {},
    1,
    'delivered at [^ ]+Z\\. Its event is not kept; the parameter keepEventsDays',
  ],
  [
    'names the kept event of a dead letter that is gone',
    { settlement: { kind: 'dead-lettered' }, kept: 'events/1#0' },
    1,
    "dead-lettered at [^ ]+Z\\. If nobody else is moving it now, run the command again with --kept-at 'events/1#0'\\.",
  ],
  [
    'does not replay an event that still waits',
    { settlement: { kind: 'deferred', notBeforeMs: 1 }, kept: 'events/1#0' },
    1,
    'deferred at [^ ]+Z\\. It is attempted again without a replay\\.',
  ],
])('lastmile replay for a deployed stage without a dead letter %s', async (_what, conclusion, status, text) => {
  const logs = await logsOfStage();
  const way = { eventId: 'event-1', apiDestination: 'orders', attempts: 1, durationMs: 5 };
  const line = formatConclusion({ ...way, settlement: { kind: 'delivered' }, ...conclusion });
  logs.append('eu-central-1', logGroups[0], Date.now() - 3_600_000, `${line}\n`);
  answer = replaysOnlyKept('events/1#0');
  const endpoints = { AWS_ENDPOINT_URL_LAMBDA: lambda.origin, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.endpoint };
  const ended = await run('replay', ['event-1', '--stage', 'prod'], { ...team, ...endpoints });
  expect([ended.status, status === 0 ? ended.stdout : ended.stderr]).toEqual([status, expect.stringMatching(text)]);
});

test('lastmile console prints its link, calls the functions of a deployed stage in the region of the page, reads the history from its logs, and ends on Ctrl-C', async () => {
  const logs = await logsOfStage();
  const way = { eventId: 'event-1', apiDestination: 'orders', attempts: 1, durationMs: 5 };
  const concluded = formatConclusion({ ...way, settlement: { kind: 'delivered' }, status: 200 });
  logs.append('eu-central-1', logGroups[0], Date.now() - 3_600_000, `${concluded}\n`);
  answer = (payload) =>
    payload.includes('DescribeConnection')
      ? { error: { code: 'ResourceNotFoundException', message: 'There is none.' } }
      : { output: { Connections: [] } };
  const credentials = { AWS_ACCESS_KEY_ID: 'AKIATEAM', AWS_SECRET_ACCESS_KEY: 'canary-of-the-key' };
  const printed = Promise.withResolvers<string>();
  let child: ChildProcess | undefined;
  const endpoints = { AWS_ENDPOINT_URL_LAMBDA: lambda.origin, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.endpoint };
  const flags = ['--stage', 'prod', '--port', '0', '--read-only'];
  const ended = run('console', flags, { ...credentials, ...endpoints, AWS_REGION: 'eu-central-1' }, (started) => {
    child = started;
    started.stdout?.once('data', (text: Buffer) => printed.resolve(String(text)));
  });
  const line = await printed.promise;
  const [, link = '', origin = ''] = /^Console of stage prod, read only: ((http:\S+)\/\?token=\S+)\n$/.exec(line) ?? [];
  const opened = await fetch(link, { redirect: 'manual' });
  const [cookie = ''] = opened.headers.getSetCookie()[0]?.split(';') ?? [];
  const headers = { cookie, origin, 'content-type': 'application/json' };
  const call = async (operation: string, input: object = { Name: 'crm' }, region = 'eu-west-1'): Promise<unknown> => {
    const body = JSON.stringify({ operation, input, region });
    return await (await fetch(`${origin}/_console/api`, { method: 'POST', headers, body })).json();
  };
  expect(await call('ListConnections')).toEqual({ Connections: [] });
  expect(await call('DescribeConnection')).toEqual({ __type: 'ResourceNotFoundException', message: 'There is none.' });
  expect(await call('DeleteConnection')).toMatchObject({ __type: 'ReadOnly' });
  const delivery = { EventId: 'event-1', ApiDestinationName: 'orders', Outcome: 'delivered', Status: 200 };
  expect(await call('ListDeliveries', {}, 'eu-central-1')).toMatchObject({ Deliveries: [delivery] });
  const key = { EventId: 'event-1', ApiDestinationName: 'orders' };
  expect(await call('GetDelivery', key, 'eu-central-1')).toMatchObject({ Attempts: [{ Outcome: 'delivered' }] });
  expect(await call('ListDeliveries', { Status: 42 })).toMatchObject({
    __type: 'ValidationException',
    message: expect.stringContaining("'status' failed to satisfy constraint"),
  });
  logs.behave = () => ({ error: 'AccessDeniedException' });
  expect(await call('ListDeliveries', {}, 'eu-central-1')).toMatchObject({
    __type: 'LogsNotSearched',
    message: expect.stringContaining('logs:StartQuery'),
  });
  expect(lambda.requests.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
    [
      '/2015-03-31/functions/lastmile-prod-control-api/invocations',
      { operation: 'ListConnections', input: { Name: 'crm' } },
    ],
    [
      '/2015-03-31/functions/lastmile-prod-control-api/invocations',
      { operation: 'DescribeConnection', input: { Name: 'crm' } },
    ],
  ]);
  expect(lambda.requests[0]?.headers['authorization']).toMatch(/Credential=AKIATEAM\/\d{8}\/eu-west-1\/lambda/);
  const settings = await (await fetch(`${origin}/_console/settings`, { headers })).text();
  expect(settings).toContain('"isReadOnly":true');
  expect(settings).not.toContain('canary-of-the-key');
  child?.kill('SIGINT');
  expect((await ended).status).toBe(0);
});
