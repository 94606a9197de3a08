import { EventBridgeClient, ListApiDestinationsCommand } from '@aws-sdk/client-eventbridge';
import { expect, vi } from 'vitest';
import { startStack } from '../../../lib/testing/stack.ts';
import { test } from '../../../lib/testing/vitest.ts';

// Runs before the imports: the limit of a user who has set none.
vi.hoisted(() => vi.setConfig({ testTimeout: 5_000 }));

test('a test with the fixtures has time for the start of the stack', ({ task }) => {
  expect(task.timeout).toBe(60_000);
});

test('a test sends an event to a destination and sees the request that arrives', async ({ stack, receiver }) => {
  await stack.createDestination({ Name: 'orders', InvocationEndpoint: `${receiver.url}/orders` });
  const eventId = await stack.sendEvent('orders', { 'detail-type': 'Order Placed', detail: { number: 7 } });
  expect(await stack.waitForDelivery(eventId)).toMatchObject({ Outcome: 'delivered', Status: 200, AttemptsMade: 1 });
  const [request] = receiver.requests;
  expect(request).toMatchObject({ method: 'POST', path: '/orders', headers: { 'x-api-key': 'test-key' } });
  expect(request?.json()).toMatchObject({ id: eventId, 'detail-type': 'Order Placed', detail: { number: 7 } });
});

test('each test begins with an empty stack and an empty receiver', async ({ stack, receiver }) => {
  expect(await stack.deliveries()).toEqual([]);
  expect(receiver.requests).toEqual([]);
  const client = new EventBridgeClient(stack.clientConfig);
  expect((await client.send(new ListApiDestinationsCommand())).ApiDestinations).toEqual([]);
  client.destroy();
});

test('the delivery of an event that the endpoint refuses ends with the answer', async ({ stack, receiver }) => {
  receiver.answerWith({ status: 422, body: { problem: 'no number' } });
  await stack.createDestination({ Name: 'orders', InvocationEndpoint: receiver.url });
  const eventId = await stack.sendEvent('orders', { detail: {} });
  const delivery = await stack.waitForDelivery(eventId, { apiDestination: 'orders' });
  expect(delivery).toMatchObject({ Outcome: 'dead-lettered', Status: 422, Answer: '{"problem":"no number"}' });
  expect(await stack.deliveries({ Outcome: 'dead-lettered' })).toEqual([delivery]);
});

test('a wait for a delivery that ends too late says how far the delivery has come', async ({ stack, receiver }) => {
  receiver.answerWith({ status: 503, headers: { 'retry-after': '600' } });
  await stack.createDestination({ Name: 'orders', InvocationEndpoint: receiver.url });
  const eventId = await stack.sendEvent('orders', { detail: {} });
  await expect.poll(async () => (await stack.deliveries())[0]?.Outcome).toBe('deferred');
  await expect(stack.waitForDelivery(eventId, { timeoutMs: 0 })).rejects.toThrow(
    /^The delivery of the event .* has not ended after 0 ms\. So far: orders, deferred, attempts: 1, HTTP 503, .*: .*, next attempt at /,
  );
  await expect(stack.waitForDelivery('unknown', { timeoutMs: 0 })).rejects.toThrow('The stack knows no such event');
});

test('a refused destination is an error with the code and the text of the service', async ({ stack }) => {
  const refused = stack.createDestination({ Name: 'not a name', InvocationEndpoint: 'http://127.0.0.1' });
  await expect(refused).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('name'),
  });
});

test('a delivery policy holds for a destination that was created with it', async ({ stack, receiver }) => {
  receiver.answerWith({ status: 500 });
  const DeliveryPolicy = { RetryPolicy: { MaximumRetryAttempts: 0 } };
  await stack.createDestination({ Name: 'orders', InvocationEndpoint: receiver.url, DeliveryPolicy });
  const eventId = await stack.sendEvent('orders', { detail: {} });
  expect(await stack.waitForDelivery(eventId)).toMatchObject({ Outcome: 'dead-lettered', AttemptsMade: 1 });
});

test('a stack ends when it is stopped, and then accepts no more requests', async () => {
  await using stack = await startStack({ environment: { REQUEST_TIMEOUT_MS: '1234' } });
  await stack.stop();
  await expect(fetch(stack.url)).rejects.toThrow('fetch failed');
});

test('a stack that cannot start says why', async () => {
  await expect(startStack({ environment: { REQUEST_TIMEOUT_MS: 'soon' } })).rejects.toThrow(
    /^The local stack did not start\. .*REQUEST_TIMEOUT_MS/s,
  );
});
