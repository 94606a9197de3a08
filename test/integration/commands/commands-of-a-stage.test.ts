import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RecordingEndpoint, startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
let lambda: RecordingEndpoint;
/** The answer of every function to a payload. */
let answer: (payload: string) => object;

beforeEach(async () => {
  answer = () => ({});
  lambda = await startRecordingEndpoint(({ body }) => ({ body: JSON.stringify(answer(body)) }));
});
afterEach(() => lambda.close());

function run(command: string, args: readonly string[], variables: Readonly<Record<string, string>>) {
  const file = join(repository, 'lib', 'commands', `${command}.ts`);
  const env = { PATH: process.env['PATH'], HOME: import.meta.dirname, AWS_EC2_METADATA_DISABLED: 'true', ...variables };
  return new Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>(
    (resolve) => {
      const child = execFile(process.execPath, [file, ...args], { env }, (_error, stdout, stderr) =>
        resolve({ status: child.exitCode, stdout, stderr }),
      );
    },
  );
}

test.each([
  ['keys', 'control-api', ['create', '--api', 'control']],
  ['policy', 'control-api', ['GetDeliveryPolicy', '{"ApiDestinationName": "orders"}']],
  ['history', 'control-api', []],
  ['show', 'control-api', ['event-1']],
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

test('npm run keys for a deployed stage prints one line and sends nothing when credentials are missing', async () => {
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

test('npm run policy -- health prints one line for each destination on all pages of the list', async () => {
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
  const line =
    'UNHEALTHY  orders  7 failures in a row  unhealthy since 2025-11-28T09:00:00Z  next probe at 2025-11-28T09:01:00Z' +
    '  last failure EndpointFailed at 2025-11-28T09:00:30Z  answers in 42 ms  about 120 waiting events\n';
  const flags = ['--endpoint-url', lambda.origin];
  answer = () => ({ output: unhealthy });
  expect(await run('policy', ['health', 'orders', ...flags], {})).toEqual({ status: 0, stdout: line, stderr: '' });

  answer = (payload) =>
    payload.includes('"NextToken":"second"')
      ? { output: { ApiDestinations: [unhealthy] } }
      : { output: { ApiDestinations: [unhealthy, unhealthy], NextToken: 'second' } };
  expect((await run('policy', ['health', ...flags], {})).stdout).toBe(line.repeat(3));
});
