import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { expect, test } from 'vitest';
import { prepareInput } from '../../../lib/commands/invoke-local/input.ts';
import { openTargetStack } from '../../../lib/commands/invoke-local/target-stack.ts';
import { inBareShell } from '../../fixtures/bare-shell.ts';
import { ownFolder } from '../../fixtures/stack.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const events = join(repository, 'test', 'events');
const readme = readFileSync(join(repository, 'README.md'), 'utf8');

/** Nothing listens here, whatever runs on the machine. */
const nowhere = 'http://127.0.0.1:9';

const alone = () => ({ home: ownFolder(), variables: { AWS_ENDPOINT_URL: nowhere } });

/** The request body that the sample's input transformer makes from its event. */
const renderedRequest = '{"text":"Order order-000042 of 149.95 EUR"';

const sample = 'test/events/envelope-input-transformer.json';

test.each([
  ['deliver', sample, '"outcome": "delivered"'],
  ['deliver-queued', 'test/events/sqs-batch.json', '"batchItemFailures": []'],
])('sls invoke local -f %s -p %s works in a bare shell without a running stack', async (name, file, answer) => {
  // npx takes two seconds of processor time, so only the command of the README is run with it.
  const sls = name === 'deliver' ? 'npx sls' : 'node_modules/.bin/sls';
  const ended = await inBareShell(`${sls} invoke local -f ${name} -p ${file}`, alone());
  expect([ended.status, ended.stdout]).toEqual([0, expect.stringContaining(answer)]);
  expect(ended.stderr).toContain(`No local stack answers at ${nowhere}. So this runs on a throw-away one`);
  if (name === 'deliver') expect(ended.stderr).toContain(renderedRequest);
  if (name === 'deliver-queued') expect(ended.stdout).not.toContain('dead-lettered');
});

test('the README shows sls invoke local with the command that these tests run', () => {
  expect(readme).toContain(`npx sls invoke local -f deliver -p ${sample}`);
});

test('sls invoke without a stage is refused before it sends a request to AWS', async () => {
  const { status, stdout, stderr } = await inBareShell('npx sls invoke -f deliver -d "{}"', { home: ownFolder() });
  expect([status, stdout + stderr]).toEqual([
    1,
    expect.stringContaining('Say which stack: npx sls invoke --stage prod.'),
  ]);
});

test.each(['127.0.0.1:4010', 'localhost', 'ftp://127.0.0.1'])(
  'a local invocation refuses the AWS_ENDPOINT_URL %s, and the error shows a valid address',
  async (url) => {
    await expect(openTargetStack({ AWS_ENDPOINT_URL: url }, () => undefined)).rejects.toThrow(
      `AWS_ENDPOINT_URL must be an address such as http://127.0.0.1:4010; it is '${url}'.`,
    );
  },
);

const samples = readdirSync(events).filter((name) => name.endsWith('.json'));

test.each([
  ['deliver', /"outcome":"delivered"/],
  ['deliver-queued', /"batchItemFailures":\[\]/],
  ['control-api', /"ApiDestinations":\[/],
  ['redrive', /"matched":0/],
  ['authorize-connection', /"outcome":"unchanged"/],
  ['resources', /"status":"SUCCESS"/],
])('the function %s takes every sample event on a throw-away stack', async (name, expected) => {
  const inputs = new Map(samples.map((file) => [inputFor(name, file), file]));
  for (const [input, file] of inputs) {
    const result = await onThrowAwayStack(name, input);
    expect([file, result]).toEqual([file, expect.stringMatching(expected)]);
  }
});

function inputFor(name: string, file: string): string {
  const text = readFileSync(join(events, file), 'utf8');
  return JSON.stringify(prepareInput(name, JSON.parse(text), Date.now(), text).input);
}

/** @returns the function's answer, or its error */
async function onThrowAwayStack(name: string, text: string): Promise<string | undefined> {
  const target = await openTargetStack({ AWS_ENDPOINT_URL: nowhere }, () => undefined);
  const { AWS_ENDPOINT_URL: endpoint = '', AWS_REGION: region = '' } = target.variables;
  const lambda = new LambdaClient({ region, endpoint, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
  try {
    const input = await target.answerable(JSON.parse(text));
    const apiDestination = await target.prepare(input);
    // The stack's own functions have no API_DESTINATION. So an envelope names the destination.
    const needsEnvelope = name === 'deliver' && apiDestination !== undefined;
    const Payload = needsEnvelope ? JSON.stringify({ apiDestination, event: input }) : JSON.stringify(input);
    const answer = await lambda.send(new InvokeCommand({ FunctionName: `lastmile-local-${name}`, Payload }));
    return answer.Payload?.transformToString();
  } finally {
    lambda.destroy();
    await target.close();
  }
}
