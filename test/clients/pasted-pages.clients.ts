import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ownEndpoint, ownFolder, ownStack } from '../fixtures/stack.ts';
import { awsCli, run } from './client-processes.ts';

// A page starts many processes, and sls bundles a function.
vi.setConfig({ testTimeout: 300_000 });

const repository = join(import.meta.dirname, '..', '..');

/** Records each connection of a Node process that leaves this machine. It is loaded before the program. */
const nodeGuard = `
const { appendFileSync } = require('node:fs');
const { Socket } = require('node:net');
const connect = Socket.prototype.connect;
Socket.prototype.connect = function (...args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  const options = typeof first === 'object' ? first : { host: typeof args[1] === 'string' ? args[1] : 'localhost' };
  const host = options.path === undefined ? (options.host ?? 'localhost') : 'localhost';
  if (!/^(localhost|127\\.|::1$)/.test(host)) appendFileSync(process.env.LOOPBACK_GUARD, 'node ' + host + '\\n');
  return connect.apply(this, args);
};
`;

/** The same for a Python process, which loads a module of this name before the program. */
const pythonGuard = `
import os, socket
def guarded(name):
    connect = getattr(socket.socket, name)
    def guard(self, address):
        host = address[0] if isinstance(address, tuple) else 'localhost'
        if not (host in ('localhost', '::1') or host.startswith('127.')):
            with open(os.environ['LOOPBACK_GUARD'], 'a') as file:
                file.write('python %s\\n' % host)
        return connect(self, address)
    setattr(socket.socket, name, guard)
for name in ('connect', 'connect_ex'):
    guarded(name)
`;

/** A shell that knows only PATH and HOME, and the guards of its programs. */
function bareShell() {
  const folder = ownFolder();
  symlinkSync(awsCli, join(folder, 'aws'));
  // The oldest boto3 of a user, which ignores AWS_ENDPOINT_URL.
  symlinkSync('/usr/bin/python3', join(folder, 'python3'));
  writeFileSync(join(folder, 'guard.cjs'), nodeGuard);
  writeFileSync(join(folder, 'sitecustomize.py'), pythonGuard);
  const left = join(folder, 'left-loopback.txt');
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((part) => !part.includes('node_modules'));
  const env = {
    PATH: [folder, ...path].join(delimiter),
    HOME: folder,
    LC_ALL: 'C.UTF-8',
    NODE_OPTIONS: `--require=${join(folder, 'guard.cjs')}`,
    PYTHONPATH: folder,
    LOOPBACK_GUARD: left,
  };
  const leftLoopback = (): string => (existsSync(left) ? readFileSync(left, 'utf8') : '');
  return { env, leftLoopback };
}

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

interface Pasted {
  readonly block: string;
  readonly status: number;
}

/** Pastes the blocks one after the other into the same shell, as a reader does. */
async function paste(blocks: readonly string[], env: Readonly<Record<string, string>>) {
  const script = blocks.map((block, index) => `${block}\nprintf '\\n@@ ${index} %s\\n' $?\n`).join('');
  const { stdout, stderr } = await run('bash', ['--norc', '-c', script], { cwd: repository, env });
  const statuses = [...stdout.matchAll(/^@@ (\d+) (\d+)$/gm)];
  const pasted = statuses.map(
    ([, index, status]): Pasted => ({ block: blocks[Number(index)] ?? '', status: Number(status) }),
  );
  return { pasted, stdout, stderr };
}

test.each([
  ['README.md', 2, []],
  ['docs/guide/local-stack.md', 5, []],
  ['docs/guide/policies.md', 6, ['README.md']],
  ['docs/guide/troubleshooting.md', 3, ['README.md']],
])(
  'every local block of %s works when it is pasted into a bare shell, and nothing leaves loopback',
  async (page, least, before) => {
    const [stack, endpoint] = [await ownStack(), await ownEndpoint()];
    const { env, leftLoopback } = bareShell();
    const localBlocksOf = (from: string) => blocksOf(from).filter((block) => !notPasted.test(block));
    expect(localBlocksOf(page).length).toBeGreaterThanOrEqual(least);
    // The README's example of sls takes long, and no other page needs it.
    const prepared = before.flatMap(localBlocksOf).filter((block) => !block.includes('npx sls'));
    const blocks = [...prepared, ...localBlocksOf(page)].map((block) =>
      block
        .replaceAll('http://127.0.0.1:4010', stack.url)
        .replaceAll('http://127.0.0.1:8080', endpoint.origin)
        .replaceAll(deployedLine, '')
        .replaceAll(exampleTime, inAnHour()),
    );
    const { pasted, stderr } = await paste(blocks, env);
    expect([
      pasted.length,
      pasted.filter(({ status }) => status !== 0),
      stderr.match(/^.*(?:rror|not found).*$/gm),
    ]).toEqual([blocks.length, [], null]);
    expect(endpoint.requests.length).toBeGreaterThan(0);
    expect(leftLoopback()).toBe('');
  },
);

test('the guards of the bare shell notice a Node and a Python process that leave loopback', () => {
  const { env, leftLoopback } = bareShell();
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
