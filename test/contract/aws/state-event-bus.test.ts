import { expect, onTestFinished, test } from 'vitest';
import { createDynamoDbClient } from '../../../lib/adapters/aws/clients.ts';
import { createStateEventBus } from '../../../lib/adapters/aws/state-event-bus.ts';
import type { StateChange } from '../../../lib/core/destination/state-event.ts';
import { parseConfig } from '../../../lib/config.ts';
import { wireStateEvents } from '../../../functions/state-events.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { ownEndpoint } from '../../fixtures/stack.ts';
import type { EndpointAnswer } from '../../servers/endpoints/recording-endpoint.ts';

const atMs = Date.UTC(2026, 0, 31, 8);
const { signal } = new AbortController();
const changes: readonly StateChange[] = [
  { kind: 'connection', name: 'shop', incarnation: 'id-1', state: 'AUTHORIZED', atMs },
  { kind: 'health', health: { event: 'healthy', apiDestination: 'orders', unhealthyForMs: 1000 }, atMs },
];
const ownDeadLetter: StateChange = {
  kind: 'conclusion',
  conclusion: { settlement: { kind: 'dead-lettered' }, source: 'lastmile', attempts: 1, durationMs: 1 },
  atMs,
};

async function createSubject(answer: EndpointAnswer, account?: string) {
  const endpoint = await ownEndpoint(() => answer);
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret-canary', sessionToken: 'session-canary' };
  const client = createDynamoDbClient({ region: 'eu-west-1', credentials });
  onTestFinished(() => client.destroy());
  const options = { eventBusName: 'states', account, settings: client.config, clock: createManualClock() };
  return { endpoint, bus: createStateEventBus({ ...options, endpoint: endpoint.origin }) };
}

test('state events are put with one signed call of PutEvents, with their bus, source, time and resources', async () => {
  const { endpoint, bus } = await createSubject({ body: '{"FailedEntryCount":0,"Entries":[]}' }, '123456789012');
  expect(await bus.put(changes, signal)).toBe(0);
  const [request] = endpoint.requests;
  expect(request).toMatchObject({
    method: 'POST',
    path: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AWSEvents.PutEvents',
      'x-amz-security-token': 'session-canary',
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/events\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=[0-9a-f]{64}$/,
      ),
    },
  });
  const timestamp = '"Timestamp":"2026-01-31 08:00:00 +0000 UTC"';
  const entry = { EventBusName: 'states', Source: 'lastmile', Time: atMs / 1000 };
  expect(JSON.parse(request?.body ?? '')).toEqual({
    Entries: [
      {
        ...entry,
        DetailType: 'Connection Authorized',
        Detail: `{"ConnectionName":"shop",${timestamp}}`,
        Resources: ['arn:aws:events:eu-west-1:123456789012:connection/shop/id-1'],
      },
      {
        ...entry,
        DetailType: 'Destination Healthy',
        Detail: `{"ApiDestinationName":"orders","UnhealthyForSeconds":1,${timestamp}}`,
      },
    ],
  });
});

test('state events have no resources when the account is not known', async () => {
  const { endpoint, bus } = await createSubject({ body: '{"FailedEntryCount":0}' });
  await bus.put(changes, signal);
  expect(endpoint.requests[0]?.body).not.toContain('Resources');
});

test('the bus makes no call when no change is announced', async () => {
  const { endpoint, bus } = await createSubject({ status: 500 });
  expect(await bus.put([ownDeadLetter], signal)).toBe(0);
  expect(endpoint.requests).toEqual([]);
});

test('the bus tells how many of the state events EventBridge has refused', async () => {
  const { bus } = await createSubject({
    body: '{"FailedEntryCount":1,"Entries":[{},{"ErrorCode":"ThrottlingException"}]}',
  });
  expect(await bus.put(changes, signal)).toBe(1);
});

test.each([400, 403, 500])('the bus throws StoreRefused when PutEvents answers %d', async (status) => {
  const { bus } = await createSubject({ status, body: '{"__type":"AccessDeniedException"}' });
  await expect(bus.put(changes, signal)).rejects.toMatchObject({ code: 'StoreRefused' });
});

test('the bus throws StoreUnavailable when nothing answers', async () => {
  const { endpoint, bus } = await createSubject({});
  await endpoint.close();
  await expect(bus.put(changes, signal)).rejects.toMatchObject({ code: 'StoreUnavailable' });
});

test('a stack without a bus for state events has no state events, so it makes no call', () => {
  const config = parseConfig({
    TABLE_NAME: 'table',
    DELIVERY_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/deliveries',
    DEAD_LETTER_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters',
    SECRET_PREFIX: 'lastmile/dev/connection/',
    ROOT_SECRET_ARN: 'root',
    AUTHORIZE_CONNECTION_FUNCTION: 'authorize',
    STATE_EVENTS_BUS_NAME: '',
  });
  const client = createDynamoDbClient({ region: 'eu-west-1' });
  onTestFinished(() => client.destroy());
  const parts = { settings: client.config, metrics: { count: () => undefined }, clock: createManualClock() };
  expect(wireStateEvents(config, {}, parts)).toBeUndefined();
});
