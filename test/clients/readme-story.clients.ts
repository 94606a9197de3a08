import { readFileSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Stack } from '../../lib/local/stack/stack.ts';
import { sharedStack } from '../fixtures/stack.ts';
import type { RecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import { awsCli, run } from './client-processes.ts';

const repository = join(import.meta.dirname, '..', '..');
const lines: string[] = [];
let stack: Stack;
let endpoint: RecordingEndpoint;
let folder: string;

const say = (text: string): void => void lines.push(text);
sharedStack.override('stackOptions', { output: { line: say, error: say } });

sharedStack.beforeAll(({ stack: startedStack, endpoint: startedEndpoint, folder: made }) => {
  [stack, endpoint, folder] = [startedStack, startedEndpoint, made];
  symlinkSync(awsCli, join(folder, 'aws'));
});

/** The shell block that follows the marker. */
function storyOf(readme: string): string {
  const [, story] = /<!-- story -->\n```sh\n([^]*?)```/.exec(readme) ?? [];
  if (story === undefined) throw new Error('The README has no shell block after <!-- story -->.');
  return story;
}

/** The environment of a newcomer's shell, without the variables of the npm script that runs this test. */
function shellEnvironment(): Record<string, string> {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((part) => !part.includes('node_modules'));
  return {
    PATH: [folder, ...path].join(delimiter),
    HOME: folder,
    LC_ALL: 'C.UTF-8',
    npm_config_update_notifier: 'false',
  };
}

test('the commands of the README deliver the event to the endpoint with its API key', async () => {
  const readme = readFileSync(join(repository, 'README.md'), 'utf8');
  const story = storyOf(readme)
    .replaceAll('http://127.0.0.1:4010', stack.url)
    .replaceAll('http://127.0.0.1:8080', endpoint.origin);
  const options = { cwd: repository, env: shellEnvironment() };
  const { status, stdout, stderr } = await run('bash', ['--norc', '-euo', 'pipefail', '-c', story], options);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/"ApiDestinationArn": "arn:aws:events:us-east-1:123456789012:api-destination\/orders\//);
  expect(stdout).toMatch(/^delivered {2}orders {2}HTTP 200 {2}1 attempt {2}\d+ ms$/m);
  expect(endpoint.requests).toMatchObject([
    { method: 'POST', path: '/orders', headers: { 'x-api-key': 'opensesame' } },
  ]);
  const sent = readFileSync(join(repository, 'test/events/custom-order-placed.json'), 'utf8');
  expect(JSON.parse(endpoint.requests[0]?.body ?? '')).toEqual(JSON.parse(sent));
  expect(lines).toEqual([
    expect.stringMatching(/ {2}delivered {2}orders {2}event .* {2}HTTP 200 {2}attempt 1 {2}\d+ ms$/),
  ]);
});
