import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Stack } from '../../lib/local/stack/stack.ts';
import { ownFolder, sharedStack } from '../fixtures/stack.ts';
import type { RecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import { bareShell, type BareShell } from './bare-shell.ts';
import { type Ended, run } from './client-processes.ts';

// A page starts many processes, and sls bundles a function.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const repository = join(import.meta.dirname, '..', '..');
const lines: string[] = [];
let stack: Stack;
let endpoint: RecordingEndpoint;
let shell: BareShell;
let pastedReadme: Pasted;

const say = (text: string): void => void lines.push(text);
sharedStack.override('stackOptions', { output: { line: say, error: say } });

sharedStack.beforeAll(async ({ stack: startedStack, endpoint: startedEndpoint, folder }) => {
  [stack, endpoint, shell] = [startedStack, startedEndpoint, bareShell(folder)];
  pastedReadme = await paste('README.md');
});

/** The blocks of a page that a reader pastes into a shell. */
function blocksOf(page: string): readonly string[] {
  const text = readFileSync(join(repository, page), 'utf8');
  return [...text.matchAll(/^( *)```sh\n([^]*?)^ *```$/gm)].map(([, , block = '']) => block);
}

/**
 * Blocks that this test does itself (it installs, starts the stack and the endpoint), blocks for a deployed stack, and the block
 * that needs certificates of the reader.
 */
const notPasted = /npm ci|npx lastmile start$|\.listen\(8080\)|--stage|orders\.pem/m;

/** Lines for a deployed stack. */
const deployedLine = /^.* # deployed$\n/gm;

/** A time in an example may have passed when the test runs. */
const exampleTime = /\b20\d\d-\d\d-\d\dT18:00:00Z/g;
const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

/** npx takes two seconds of processor time to find the command of this checkout. The README is pasted with it, the other pages without it. */
const direct = 'npx() { [ "$1" = lastmile ] && shift && node infra/node/lastmile.cjs "$@"; }';

interface Pasted extends Ended {
  readonly blocks: readonly string[];
  /** What each block printed on its standard error. */
  readonly errorOutputs: readonly string[];
  /** Each command that failed, whatever came after it. */
  readonly failures: readonly string[];
}

/** The blocks of a page that are pasted here. The example of sls takes long, so only the README's is. */
function localBlocksOf(page: string): readonly string[] {
  return blocksOf(page)
    .filter((block) => !notPasted.test(block) && (page === 'README.md' || !block.startsWith('npx sls invoke local')))
    .map((block) =>
      block
        .replaceAll('http://127.0.0.1:4010', stack.url)
        .replaceAll('http://127.0.0.1:8080', endpoint.origin)
        .replaceAll(deployedLine, '')
        .replaceAll(exampleTime, inAnHour()),
    );
}

/** Pastes the blocks one after the other into the same shell, as a reader does. The shell may begin with what the README's shell has set. */
async function paste(page: string, { afterReadme = false } = {}): Promise<Pasted> {
  const blocks = localBlocksOf(page);
  const state = join(shell.env['HOME'] ?? '', 'state-of-the-shell.sh');
  const begin = page === 'README.md' ? '' : direct;
  const script = [
    ...(afterReadme ? [`source ${state}`] : []),
    `trap 'printf "\\n@@ failed: %s\\n" "$BASH_COMMAND" >&2' ERR`,
    begin,
    ...blocks.map((block) => `${block}\necho '@@ next block' >&2`),
    'trap - ERR',
    ...(page === 'README.md' ? [`{ export -p; declare -p CONNECTION; declare -f; } >${state}`] : []),
    'echo @@ pasted',
  ].join('\n');
  const ended = await run('bash', ['--norc', '-c', script], { cwd: repository, env: shell.env });
  const failures = [...ended.stderr.matchAll(/^@@ failed: (.*)$/gm)].map(([, command = '']) => command);
  return { ...ended, blocks, failures, errorOutputs: ended.stderr.split('@@ next block\n') };
}

/** Every block was pasted to its end, no command failed or printed an error, and nothing left loopback. */
function expectSuccess({ blocks, stdout, stderr, failures }: Pasted, least: number): void {
  expect(blocks.length).toBeGreaterThanOrEqual(least);
  expect([failures, stderr.match(/^.*(?:rror|not found).*$/gm)]).toEqual([[], null]);
  expect(stdout).toMatch(/^@@ pasted$/m);
  expect(shell.leftLoopback()).toBe('');
}

test('every local block of README.md works when it is pasted into a bare shell, and nothing leaves loopback', () => {
  expectSuccess(pastedReadme, 2);
});

test('the commands of the README deliver the event to the endpoint with its API key', () => {
  const { stdout, errorOutputs } = pastedReadme;
  expect(errorOutputs[0]).toBe('');
  expect(stdout).toMatch(/"ApiDestinationArn": "arn:aws:events:us-east-1:123456789012:api-destination\/orders\//);
  expect(stdout).toMatch(/^delivered {2}orders {2}HTTP 200 {2}1 attempt {2}\d+ ms$/m);
  const [request] = endpoint.requests;
  expect(request).toMatchObject({ method: 'POST', path: '/orders', headers: { 'x-api-key': 'opensesame' } });
  const sent = readFileSync(join(repository, 'test/events/custom-order-placed.json'), 'utf8');
  expect(JSON.parse(request?.body ?? '')).toEqual(JSON.parse(sent));
  expect(lines[0]).toMatch(/ {2}delivered {2}orders {2}event .* {2}HTTP 200 {2}attempt 1 {2}\d+ ms$/);
});

test.each([
  ['docs/guide/troubleshooting.md', 3],
  ['docs/guide/policies.md', 6],
])(
  'every local block of %s works when it is pasted after those of the README, and nothing leaves loopback',
  async (page, least) => {
    expectSuccess(await paste(page, { afterReadme: true }), least);
  },
);

// This page resets the stack, so it comes last.
test('every local block of the page of the local stack works in a bare shell of its own, and its bus delivers the matching event', async () => {
  const page = 'docs/guide/local-stack.md';
  const [linesBefore, requestsBefore] = [lines.length, endpoint.requests.length];
  const pasted = await paste(page);
  expectSuccess(pasted, 5);
  expect(pasted.errorOutputs[pasted.blocks.findIndex((block) => block.includes('put-events'))]).toBe('');
  const [, id] = /"FailedEntryCount": 0,\s+"Entries": \[\s+\{\s+"EventId": "([0-9a-f-]{36})"/.exec(pasted.stdout) ?? [];
  await expect.poll(() => lines.length - linesBefore).toBeGreaterThanOrEqual(3);
  const requests = endpoint.requests.slice(requestsBefore);
  expect(requests).toMatchObject([{ method: 'POST', path: '/big-orders', headers: { 'x-api-key': 'opensesame' } }]);
  const body = requests[0]?.body ?? '';
  expect(JSON.parse(body)).toMatchObject({ id, 'detail-type': 'Order Placed' });
  expect(body).toMatch(/"detail":\{"order": 7, "total": 149\.95\}\}$/);
  expect(lines.slice(linesBefore).toSorted((one, other) => one.length - other.length)).toEqual([
    expect.stringMatching(
      new RegExp(` {2}delivered {2}big-orders {2}event ${id} {2}HTTP 200 {2}attempt 1 {2}\\d+ ms$`),
    ),
    expect.stringContaining('  unmatched  1 event matched no rule that has a target.'),
    expect.stringContaining(`  logged  /aws/events/shop  event ${id}  ${body}`),
  ]);
});

test('the guards of the bare shell notice a Node and a Python process that leave loopback', () => {
  const { env, leftLoopback } = bareShell(ownFolder());
  const inShell = (command: string) => execFileSync('bash', ['--norc', '-c', command], { env });
  inShell(`node -e 'require("node:net").connect(9, "192.0.2.1").on("error", () => {}).destroy()'`);
  inShell(
    `/usr/bin/python3 -c 'import socket; s = socket.socket(); s.setblocking(False); s.connect_ex(("192.0.2.2", 9))'`,
  );
  expect(leftLoopback()).toBe('node 192.0.2.1\npython 192.0.2.2\n');
});

test.each(['README.md', 'docs/guide/local-stack.md', 'docs/guide/policies.md'])(
  'no block of %s passes a URL as a parameter of its own, because version 1 of the AWS CLI would fetch it',
  (page) => {
    const urls = blocksOf(page).flatMap((block) => block.match(/--(?!endpoint-url)[a-z-]+[ =]https?:\S+/g) ?? []);
    expect(urls).toEqual([]);
  },
);

test('the blocks of the README export the endpoint once, and before any other AWS command', () => {
  const all = blocksOf('README.md').join('\n');
  expect(all.match(/export AWS_ENDPOINT_URL=/g)).toHaveLength(1);
  const first = all.search(/^(?:aws_lastmile|aws|python3|npx sls|npx lastmile) /m);
  expect(all.indexOf('export AWS_ENDPOINT_URL=')).toBeLessThan(first);
});
