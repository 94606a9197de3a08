import {
  type EventBridgeClient,
  UpdateApiDestinationCommand,
  UpdateConnectionCommand,
} from '@aws-sdk/client-eventbridge';
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { expect, test } from 'vitest';
import { createDestination } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import type { RecordedRequest, RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

/* CACHE_SECONDS is 1, so that a change takes effect during the test. */

let endpoint: RecordingEndpoint;
let events: EventBridgeClient;
let lambda: LambdaClient;

const apiKey = (ApiKeyValue: string) => ({ ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue } });

sharedStack.override('stackOptions', { environment: { CACHE_SECONDS: '1' } });
sharedStack.override('answer', () => ({ headers }) => ({ status: headers['x-key'] === 'revoked' ? 401 : 200 }));

sharedStack.beforeAll(({ endpoint: started, clients }) => {
  endpoint = started;
  ({ events, lambda } = clients);
});

async function create(name: string, key: string): Promise<void> {
  await createDestination(events, name, { InvocationEndpoint: `${endpoint.origin}/before` }, key);
}

/** Makes one delivery, and returns its outcome and its last request. */
async function deliver(
  name: string,
): Promise<{ readonly outcome: unknown; readonly request: RecordedRequest | undefined }> {
  const Payload = JSON.stringify({ apiDestination: name, event: { id: 'e' } });
  const answer = await lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload }));
  const { outcome } = JSON.parse(answer.Payload?.transformToString() ?? '{}') as { outcome?: unknown };
  return { outcome, request: endpoint.requests.at(-1) };
}

/** Delivers until a request has changed. */
async function deliverUntil(name: string, changed: (request: RecordedRequest | undefined) => boolean) {
  for (;;) {
    const { outcome, request } = await deliver(name);
    if (changed(request)) return { outcome, request };
  }
}

test('a changed endpoint and method are used for later events', async () => {
  await create('moved', 'key');
  expect((await deliver('moved')).request).toMatchObject({ method: 'POST', path: '/before' });
  const InvocationEndpoint = `${endpoint.origin}/after`;
  await events.send(new UpdateApiDestinationCommand({ Name: 'moved', InvocationEndpoint, HttpMethod: 'PUT' }));
  expect(await deliverUntil('moved', (request) => request?.path === '/after')).toMatchObject({
    outcome: 'delivered',
    request: { method: 'PUT', headers: { 'x-key': 'key' } },
  });
});

test('changed credentials are used for every destination of their connection', async () => {
  await create('rotated', 'old');
  expect((await deliver('rotated')).request?.headers['x-key']).toBe('old');
  await events.send(new UpdateConnectionCommand({ Name: 'rotated', AuthParameters: apiKey('new') }));
  const { outcome } = await deliverUntil('rotated', (request) => request?.headers['x-key'] === 'new');
  expect(outcome).toBe('delivered');
});

test('a delivery whose credentials are refused reads them again and uses the new ones', async () => {
  await create('refused', 'revoked');
  await deliver('refused');
  await events.send(new UpdateConnectionCommand({ Name: 'refused', AuthParameters: apiKey('valid') }));
  const before = endpoint.requests.length;
  expect((await deliver('refused')).outcome).toBe('delivered');
  expect(
    endpoint.requests
      .slice(before)
      .map(({ headers }) => headers['x-key'])
      .at(-1),
  ).toBe('valid');
});
