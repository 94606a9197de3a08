import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ownStack } from '../../fixtures/stack.ts';
import { type StackProcess, startStackInShell, startStackProcess } from '../../servers/aws/stack-process.ts';

const running = new Set<StackProcess>();

function start(args: readonly string[], environment?: Record<string, string>): StackProcess {
  const started = startStackProcess(args, environment);
  running.add(started);
  return started;
}

afterEach(async () => {
  for (const each of running) each.process.kill('SIGKILL');
  await Promise.all([...running].map((each) => each.ended));
  running.clear();
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  'npm start prints the address of the stack when it is ready, and ends with status 0 after %s',
  async (signal) => {
    const stack = start(['--port', '0']);
    const url = await stack.url;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[0-9]+$/);
    expect((await fetch(`${url}/_lastmile/health`)).status).toBe(200);
    stack.process.kill(signal);
    expect(await stack.ended).toBe(0);
    expect([stack.stdout(), stack.stderr()]).toEqual([`ready ${url}\n`, '']);
  },
);

test('a stack stops when the shell in which npm started it is killed', async () => {
  const shell = startStackInShell(['--port', '0']);
  running.add(shell);
  const url = await shell.url;
  shell.process.kill('SIGTERM');
  // `ended` waits for `close`, which comes only when the stack has also closed the output that it shares with the shell.
  expect(await shell.ended).toBe('SIGTERM');
  await expect(fetch(`${url}/_lastmile/health`)).rejects.toThrow();
});

test('a stack stops although a request hangs', async () => {
  const stack = start(['--port', '0']);
  const url = await stack.url;
  const queue = `${url}/123456789012/lastmile-local-deliveries`;
  const form = new URLSearchParams({ Action: 'ReceiveMessage', WaitTimeSeconds: '20', Version: '2012-11-05' });
  const hanging = fetch(queue, { method: 'POST', body: form }).catch(() => undefined);
  await fetch(queue, { method: 'POST', body: new URLSearchParams({ Action: 'GetQueueAttributes' }) });
  stack.process.kill('SIGTERM');
  expect(await stack.ended).toBe(0);
  await hanging;
});

/** A request whose headers the stack has read and whose body never comes. */
async function startUnendingRequest(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  const head = ['host: localhost', 'x-amz-target: AmazonSQS.ListQueues', 'content-length: 9', 'expect: 100-continue'];
  socket.write(`POST / HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  return socket;
}

test('a second signal ends a stopping stack at once', async () => {
  const stack = start(['--port', '0']);
  const socket = await startUnendingRequest(await stack.url);
  const signals = setInterval(() => stack.process.kill('SIGINT'), 10);
  expect(await stack.ended).toBe(130);
  clearInterval(signals);
  socket.destroy();
});

test.each([
  ['an unknown flag', ['--prot', '0'], {}, /--prot/],
  ['an invalid port', ['--port', 'abc'], {}, /--port/],
  ['an invalid account', ['--account', '1'], {}, /--account/],
  ['a host that is not an address of this machine', ['--port', '0', '--host', '192.0.2.1'], {}, /192\.0\.2\.1/],
  ['a file as data folder', ['--port', '0', '--data-dir', import.meta.filename], {}, /local-stack-command\.test\.ts/],
  ['an invalid variable', ['--port', '0'], { CACHE_SECONDS: 'soon' }, /CACHE_SECONDS/],
] as const)(
  '%s makes npm start print one line on stderr and end with status 2',
  async (_what, args, environment, named) => {
    const stack = start(args, environment);
    expect(await stack.ended).toBe(2);
    expect(stack.stderr()).toMatch(/^[^\n]+\n$/);
    expect(stack.stderr()).toMatch(named);
    expect(stack.stdout()).toBe('');
  },
);

test('a port in use makes npm start print one line on stderr and end with status 2', async () => {
  const first = await ownStack({ functions: [] });
  const second = start(['--port', String(first.port)]);
  expect(await second.ended).toBe(2);
  expect(second.stderr()).toBe(`Port ${first.port} of 127.0.0.1 is in use; --port 0 picks a free one.\n`);
});

test('npm start --help prints every flag and starts nothing', async () => {
  const stack = start(['--help']);
  expect(await stack.ended).toBe(0);
  for (const flag of ['--port', '--host', '--data-dir', '--account', '--help']) expect(stack.stdout()).toContain(flag);
});

test('npm start with --host 0.0.0.0 prints an address that clients can reach', async () => {
  const stack = start(['--port', '0', '--host', '0.0.0.0']);
  const url = await stack.url;
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/);
  expect((await fetch(`${url}/_lastmile/health`)).status).toBe(200);
  expect(stack.stderr()).toBe('');
});

test('a request that the embedded database cannot handle does not end the stack', async () => {
  const stack = start(['--port', '0']);
  const url = await stack.url;
  const credential = 'AKID/20260101/us-east-1/dynamodb/aws4_request';
  const headers = {
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`,
    'x-amz-date': '20260101T000000Z',
    'x-amz-target': 'DynamoDB_20120810.PutItem',
    'content-type': 'application/x-amz-json-1.0',
  };
  const depth = 100_000;
  const nested = `${'{"L":['.repeat(depth)}{"S":"canary"}${']}'.repeat(depth)}`;
  const body = `{"TableName":"lastmile-local","Item":{"pk":${nested}}}`;
  const asking = fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
  await expect.poll(stack.stderr).toMatch(/^Unexpected: RangeError\n/);
  expect((await fetch(`${url}/_lastmile/health`)).status).toBe(200);
  expect(stack.stderr()).not.toContain('canary');
  stack.process.kill('SIGTERM');
  expect(await stack.ended).toBe(0);
  await asking;
});
