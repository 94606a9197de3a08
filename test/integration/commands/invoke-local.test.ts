import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { expect, test } from 'vitest';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { inBareShell } from '../../fixtures/bare-shell.ts';
import { type Clients, createDestination } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
let stack: Stack;
let endpoint: RecordingEndpoint;
let folder: string;
let clients: Clients;

sharedStack.override('stackOptions', { account: '000011112222' });

sharedStack.beforeAll(async ({ stack: startedStack, endpoint: startedEndpoint, folder: made, clients: opened }) => {
  [stack, endpoint, folder, clients] = [startedStack, startedEndpoint, made, opened];
  const settings = { InvocationEndpoint: `${endpoint.origin}/orders/*`, HttpMethod: 'PUT' } as const;
  await createDestination(clients.events, 'orders', settings, 'key-canary');
});

test('npm run invoke delivers a sample event with the deployed bundle of deliver', async () => {
  const { status, stdout } = await invoke(['-f', 'deliver', '-p', 'test/events/envelope-http-parameters.json']);
  expect(stdout).toContain('"outcome": "delivered"');
  expect(stdout).not.toContain('key-canary');
  expect(status).toBe(0);
  expect(endpoint.requests).toMatchObject([
    {
      method: 'PUT',
      path: '/orders/order-000042?customer=customer-0007&notify=true',
      headers: { 'x-key': 'key-canary' },
    },
  ]);
});

test('npm run invoke sends dead letters to the right queue when the stack has another account', async () => {
  const nowhere = join(folder, 'nowhere.json');
  await writeFile(nowhere, '{"apiDestination":"nowhere","event":{}}');
  const { status, stdout } = await invoke(['-f', 'deliver', '-p', nowhere]);
  expect(stdout).toContain('"outcome": "dead-lettered"');
  expect(status).toBe(0);
});

test('npm run invoke ends with status 1 and names the function when it does not exist', async () => {
  const { status, stdout } = await invoke(['-f', 'no-such-function', '-d', '{}']);
  expect(stdout).toContain('no-such-function');
  expect(status).toBe(1);
});

test('npx sls invoke local in a bare shell runs against the stack that AWS_ENDPOINT_URL names', async () => {
  const command = 'npx sls invoke local -f deliver -p test/events/envelope-http-parameters.json';
  const before = endpoint.requests.length;
  const { status, stdout, stderr } = await inBareShell(command, {
    home: folder,
    variables: { AWS_ENDPOINT_URL: stack.url },
  });
  expect([status, stdout]).toEqual([0, expect.stringContaining('"outcome": "delivered"')]);
  expect(stderr).toBe(`Runs against the local stack at ${stack.url}.\n`);
  expect(endpoint.requests.slice(before)).toMatchObject([{ path: expect.stringContaining('/orders/order-000042?') }]);
});

test('npm run invoke works after a function of the stack ran and the stack was reset', async () => {
  await clients.lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload: '{}' }));
  await fetch(`${stack.url}/_lastmile/reset`, { method: 'POST' });
  const { status, stdout } = await invoke(['-f', 'deliver', '-p', 'test/events/envelope-http-parameters.json']);
  expect([status, stdout]).toEqual([0, expect.stringContaining('"outcome": "dead-lettered"')]);
});

test('npm run invoke without a function prints its usage and ends with status 2', async () => {
  const { status, stderr } = await invoke([]);
  expect(stderr).toContain('npm run invoke -- -f deliver');
  expect(status).toBe(2);
});

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function invoke(args: readonly string[], stackUrl = stack.url): Promise<Ended> {
  const options = { cwd: repository, env: { ...process.env, AWS_ENDPOINT_URL: stackUrl } };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['lib/commands/lastmile.ts', 'invoke', ...args],
      options,
      (_error, stdout, stderr) => resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
    child.stdin?.end();
  });
}
