import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListQueuesCommand, SendMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { startStack } from '../../../lib/local/stack/stack.ts';
import { clientConfig } from '../../fixtures/clients.ts';
import { ownClients, ownFolder, ownStack } from '../../fixtures/stack.ts';
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
    expect(stack.stdout().split('\n')[0]).toBe(`ready ${url}`);
    expect(stack.stderr()).toBe('');
  },
);

test('a started stack prints what to export, the first command, where to read on, and that its data is in memory', async () => {
  const stack = start(['--port', '0']);
  const url = await stack.url;
  await stack.line(/Ctrl-C/);
  expect(stack.stdout()).toContain(
    `export AWS_ENDPOINT_URL=${url} AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1\n`,
  );
  expect(stack.stdout()).toContain('export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n');
  expect(stack.stdout()).toContain('aws events list-api-destinations\n');
  expect(stack.stdout()).toContain('docs/guide/local-stack.md\n');
  expect(stack.stdout()).toContain('Everything is in memory and ends with this process; --data-dir <folder> keeps it.');
});

test('a started stack with --auth prints how to make the first API key, and no dummy keys, because it would refuse them', async () => {
  const stack = start(['--port', '0', '--auth']);
  await stack.line(/Ctrl-C/);
  expect(stack.stdout()).toContain('npm run keys -- create --api control');
  expect(stack.stdout()).not.toContain('AWS_SECRET_ACCESS_KEY=local');
});

test('a started stack with a data folder prints where its data is kept', async () => {
  const folder = join(ownFolder(), 'data');
  const stack = start(['--port', '0', '--data-dir', folder]);
  await stack.line(/Ctrl-C/);
  expect(stack.stdout()).toContain(`Everything is kept in ${folder}.`);
  expect(stack.stderr()).toBe('');
});

test('when a stack that keeps its data in memory stops, it prints how many events and dead letters are lost', async () => {
  const stack = start(['--port', '0']);
  const url = await stack.url;
  const sqs = new SQSClient(clientConfig(url));
  onTestFinished(() => sqs.destroy());
  const queue = (name: string) => `${url}/123456789012/lastmile-local-${name}`;
  const waiting = { QueueUrl: queue('deliveries'), MessageBody: '{}', DelaySeconds: 900 };
  for (const _ of [1, 2]) await sqs.send(new SendMessageCommand(waiting));
  const ordered = { QueueUrl: queue('ordered-deliveries.fifo') };
  await sqs.send(new SetQueueAttributesCommand({ ...ordered, Attributes: { DelaySeconds: '900' } }));
  await sqs.send(new SendMessageCommand({ ...ordered, MessageBody: '{}', MessageGroupId: 'orders' }));
  await sqs.send(new SendMessageCommand({ QueueUrl: queue('dead-letters'), MessageBody: '{}' }));
  stack.process.kill('SIGINT');
  expect(await stack.ended).toBe(0);
  expect(stack.stderr()).toBe(
    'Lost with the memory of this stack: 3 waiting events and 1 dead letter. --data-dir <folder> keeps them.\n',
  );
});

test('a stack prints a warning when its data folder contains files of another program', async () => {
  const folder = ownFolder();
  writeFileSync(join(folder, 'thesis.txt'), '');
  const stack = start(['--port', '0', '--data-dir', folder]);
  await stack.url;
  await expect
    .poll(stack.stderr)
    .toBe(
      `The data folder ${folder} is not empty and belongs to no stack. The stack adds lastmile.sqlite and the folders dynamodb and sqs to it.\n`,
    );
});

test.each([
  ['dynamodb/us-east-1/CURRENT', 'API destinations'],
  ['dynamodb', 'API destinations'],
  ['sqs/us-east-1/fauxqs.db', 'dead letters'],
])('a stack whose data folder has lost %s names the lost file and what is gone', async (lost, what) => {
  const folder = ownFolder();
  const first = await startStack({ port: 0, dataDir: folder, functions: [] });
  const { dynamoDb, sqs } = ownClients(first);
  await dynamoDb.send(new ListTablesCommand());
  await sqs.send(new ListQueuesCommand());
  await first.stop();
  rmSync(join(folder, lost), { recursive: true });
  const stack = start(['--port', '0', '--data-dir', folder]);
  await stack.url;
  await expect.poll(stack.stderr).toContain(`The data folder ${folder} has lost ${lost}`);
  expect(stack.stderr()).toContain(what);
  expect(stack.stderr()).toMatch(/^[^\n]+\n$/);
});

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
  await expect
    .poll(stack.stderr)
    .toBe(
      'The stack listens on 0.0.0.0, so other machines can reach it. They can read and change everything in this stack without a key; --auth asks for API keys.\n',
    );
});

test('neither a request that the embedded database cannot handle nor an uncaught error ends the stack', async () => {
  const fault = "process.on('SIGUSR2', () => { throw new RangeError(['can', 'ary'].join('')); })";
  const stack = start(['--port', '0'], { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fault)}` });
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
  expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(500);
  expect(stack.stderr()).toMatch(/^dynamodb failed: RangeError\n/);
  stack.process.kill('SIGUSR2');
  await expect.poll(stack.stderr).toMatch(/^Unexpected: RangeError\n/m);
  expect((await fetch(`${url}/_lastmile/health`)).status).toBe(200);
  expect(stack.stderr()).not.toContain('canary');
  stack.process.kill('SIGTERM');
  expect(await stack.ended).toBe(0);
});
