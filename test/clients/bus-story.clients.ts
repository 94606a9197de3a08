import { readFileSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Stack } from '../../lib/local/stack/stack.ts';
import { Growing } from '../integration/bus/bus-story.ts';
import { sharedStack } from '../fixtures/stack.ts';
import type { RecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import { awsCli, run } from './client-processes.ts';

const repository = join(import.meta.dirname, '..', '..');
const lines = new Growing<string>();
let stack: Stack;
let endpoint: RecordingEndpoint;
let folder: string;

const say = (text: string): void => lines.push(text);
sharedStack.override('stackOptions', { output: { line: say, error: say } });

sharedStack.beforeAll(({ stack: startedStack, endpoint: startedEndpoint, folder: made }) => {
  [stack, endpoint, folder] = [startedStack, startedEndpoint, made];
  symlinkSync(awsCli, join(folder, 'aws'));
});

/** The shell block that follows the marker. */
function storyOf(page: string): string {
  const [, story] = /<!-- bus-story -->\n```sh\n([^]*?)```/.exec(page) ?? [];
  if (story === undefined) throw new Error('The page has no shell block after <!-- bus-story -->.');
  return story;
}

/** The environment of a newcomer's shell, without the variables of the npm script that runs this test. */
function shellEnvironment(): Record<string, string> {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((part) => !part.includes('node_modules'));
  return { PATH: [folder, ...path].join(delimiter), HOME: folder, LC_ALL: 'C.UTF-8' };
}

test("the commands of the guide's section on the bus deliver the matching event to the endpoint", async () => {
  const script = storyOf(readFileSync(join(repository, 'docs/guide/local-stack.md'), 'utf8'))
    .replaceAll('http://127.0.0.1:4010', stack.url)
    .replaceAll('http://127.0.0.1:8080', endpoint.origin);
  const options = { cwd: folder, env: shellEnvironment() };
  const { status, stdout, stderr } = await run('bash', ['--norc', '-euo', 'pipefail', '-c', script], options);
  expect([status, stderr]).toEqual([0, '']);
  const [, id] = /"FailedEntryCount": 0,\s+"Entries": \[\s+\{\s+"EventId": "([0-9a-f-]{36})"/.exec(stdout) ?? [];
  await lines.count(3);
  expect(endpoint.requests).toMatchObject([
    { method: 'POST', path: '/big-orders', headers: { 'x-api-key': 'opensesame' } },
  ]);
  const body = endpoint.requests[0]?.body ?? '';
  expect(JSON.parse(body)).toMatchObject({ id, 'detail-type': 'Order Placed' });
  expect(body).toMatch(/"detail":\{"order": 7, "total": 149\.95\}\}$/);
  expect(lines.items.toSorted((one, other) => one.length - other.length)).toEqual([
    expect.stringMatching(
      new RegExp(` {2}delivered {2}big-orders {2}event ${id} {2}HTTP 200 {2}attempt 1 {2}\\d+ ms$`),
    ),
    expect.stringContaining('  unmatched  1 event matched no rule that has a target.'),
    expect.stringContaining(`  logged  /aws/events/shop  event ${id}  ${body}`),
  ]);
});
