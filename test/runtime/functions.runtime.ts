import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type RuntimeWorld, secret, startRuntimeWorld } from './runtime-world.ts';

let world: RuntimeWorld;
beforeAll(async () => {
  world = await startRuntimeWorld();
});
afterAll(() => world.close());

const event = {
  id: 'event-1',
  source: 'shop',
  'detail-type': 'Order Placed',
  detail: { order: 7, note: 'body-canary' },
};
const envelope = { apiDestination: 'orders', event };
const record = {
  messageId: 'message-1',
  receiptHandle: 'handle-1',
  body: JSON.stringify(envelope),
  attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1700000000000' },
  messageAttributes: {},
};

/** One invocation of each function, and its expected answer. */
const calls = {
  deliver: [envelope, { outcome: 'delivered', apiDestination: 'orders', status: 200, attempts: 1 }],
  'deliver-queued': [{ Records: [record] }, { batchItemFailures: [] }],
  'control-api': [
    { operation: 'ListConnections', input: {} },
    { output: { Connections: [{ Name: 'shop', ConnectionState: 'AUTHORIZED' }] } },
  ],
  redrive: [{ dryRun: true }, { more: false }],
  'authorize-connection': [
    { name: 'nobody', incarnation: 'none' },
    { connection: 'nobody', outcome: 'unchanged' },
  ],
  resources: [
    {
      RequestType: 'Delete',
      StackId: 'arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1',
      RequestId: 'one',
      ResourceType: 'Custom::LastmileConnection',
      LogicalResourceId: 'Connection',
      PhysicalResourceId: 'nobody',
    },
    { status: 'SUCCESS', physicalResourceId: 'nobody' },
  ],
} as const;

test('the package contains exactly the functions that these tests invoke', () => {
  expect(Object.keys(inject('functions')).sort()).toEqual(Object.keys(calls).sort());
});

describe.each(Object.entries(calls))('the packaged function %s', (name, [given, answer]) => {
  // Only the function resources sends its answer to an address in its input.
  let payload: object = given;
  beforeAll(() => {
    if (name === 'resources') payload = { ...given, ResponseURL: `${world.endpoint.origin}/answer` };
  });

  test(`the packaged function ${name} answers after a cold start and again while it is warm`, async () => {
    const environment = await world.start(name);
    for (let invocation = 0; invocation < 3; invocation += 1) {
      expect(await environment.invoke(payload)).toMatchObject({ kind: 'answered', value: answer });
    }
    expect(environment.processCount()).toBe(1);
    expect(environment.output()).not.toMatch(/canary/);
  });

  test(`the packaged function ${name} fails an invalid invocation with the reason and stays usable`, async () => {
    const environment = await world.start(name, { REQUEST_TIMEOUT_MS: 'soon' });
    for (let invocation = 0; invocation < 2; invocation += 1) {
      expect(await environment.invoke(payload)).toMatchObject({
        kind: 'failed',
        errorType: 'ConfigError',
        errorMessage: expect.stringContaining('REQUEST_TIMEOUT_MS'),
      });
    }
    expect(environment.processCount()).toBe(1);
  });

  test(`the packaged function ${name} works in the next environment after it was killed at its deadline`, async () => {
    const environment = await world.start(name);
    await environment.invoke(payload);
    await environment.hang();
    expect(await environment.invoke(payload, 300)).toEqual({ kind: 'timed out' });
    expect(await environment.invoke(payload)).toMatchObject({ kind: 'answered', value: answer });
    expect(environment.processCount()).toBe(2);
  });
});

test('the packaged function deliver sends several events over one connection and logs one line for each', async () => {
  const environment = await world.start('deliver');
  const before = world.endpoint.requests.length;
  for (const id of ['one', 'two', 'three']) await environment.invoke({ ...envelope, event: { ...event, id } });
  const requests = world.endpoint.requests.slice(before);
  expect(requests.map(({ headers }) => headers['idempotency-key'])).toEqual([
    'one/orders',
    'two/orders',
    'three/orders',
  ]);
  expect(requests.map(({ headers }) => headers['x-key'])).toEqual([secret, secret, secret]);
  expect(new Set(requests.map(({ connection }) => connection)).size).toBe(1);
  expect(environment.output().match(/"delivery\.concluded"/g)).toHaveLength(3);
});

test('an event that cannot be delivered fails its invocation with an error that contains neither the key nor the event', async () => {
  const environment = await world.start('deliver');
  expect(await environment.invoke(envelope)).toMatchObject({ kind: 'answered' });
  const refused = { apiDestination: 'refusing', event };
  expect(await environment.invoke(refused)).toMatchObject({ value: { outcome: 'dead-lettered', status: 400 } });
  world.relay.refuse(true);
  const ended = await environment.invoke(refused);
  world.relay.refuse(false);
  expect(ended).toMatchObject({ kind: 'failed', errorType: expect.any(String) });
  expect(JSON.stringify(ended) + environment.output()).not.toMatch(/canary/);
  expect(await environment.invoke(envelope)).toMatchObject({ kind: 'answered', value: { outcome: 'delivered' } });
});
