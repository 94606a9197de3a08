import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { createDestination } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
let stack: Stack;
let endpoint: RecordingEndpoint;
let folder: string;

sharedStack.override('stackOptions', { account: '000011112222' });

sharedStack.beforeAll(async ({ stack: startedStack, endpoint: startedEndpoint, folder: made, clients }) => {
  [stack, endpoint, folder] = [startedStack, startedEndpoint, made];
  const settings = { InvocationEndpoint: `${endpoint.origin}/orders/*`, HttpMethod: 'PUT' } as const;
  await createDestination(clients.events, 'orders', settings, 'key-canary');
});

test('npm run invoke sends a sample event through the local stack with the deployed bundle of deliver', async () => {
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

test('a dead letter reaches the queue of the stack, whatever account the stack has', async () => {
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

test('npm run invoke without a running stack prints how to start one', async () => {
  const { status, stderr } = await invoke(['-f', 'deliver', '-d', '{}'], 'http://127.0.0.1:9');
  expect(stderr).toBe(
    'No local stack answers at http://127.0.0.1:9. Start one with npm start, or set AWS_ENDPOINT_URL to the address of yours.\n',
  );
  expect(status).toBe(1);
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
    const child = execFile(process.execPath, ['lib/commands/invoke.ts', ...args], options, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
    child.stdin?.end();
  });
}
