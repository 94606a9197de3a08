import { describe, expect, test } from 'vitest';
import { startConnectProxy } from '../../servers/endpoints/connect-proxy.ts';
import { createWaitingClock } from '../../fakes/waiting-clock.ts';
import { comeBack, newMessage, type RateStory, sharedRate } from '../rate/rate-story.ts';

/* A test sets a member of a delivery policy by the control API and observes the requests at the endpoint. */

let story: RateStory;
const inFlight: (() => void)[] = [];
/** While it is true, the path /down breaks each connection. */
let isDown = false;

sharedRate.override('answer', () => async ({ method, path }) => {
  if (path === '/down' && isDown) story.endpoint.dropConnections();
  if (path === '/silent') return await new Promise<never>(() => undefined);
  if (method === 'OPTIONS')
    return { headers: { 'WebHook-Allowed-Origin': path === '/shy' ? 'other.example.com' : '*' } };
  if (path === '/gated') await new Promise<void>((resolve) => inFlight.push(resolve));
  // Longer than an invocation waits, so that the event is deferred.
  const headers = { 'retry-after': '30' };
  return { status: Number(/^\/status-([0-9]+)$/.exec(path)?.[1] ?? 200), headers };
});

sharedRate.beforeAll(({ story: told }) => {
  story = told;
});

/** Every worker reads its configuration each time, unless a test sets CACHE_SECONDS. */
const uncached = { CACHE_SECONDS: '0', RETRY_BASE_DELAY_MS: '900000' };
const batchOf = (name: string, count = 10) => Array.from({ length: count }, () => newMessage(name));

async function setUp(path: string, policy?: object, variables: Readonly<Record<string, string>> = {}) {
  const destination = await story.createDestination(path, 10_000);
  if (policy !== undefined) await destination.policy('Put', policy);
  const worker = await story.startWorker({ ...uncached, ...variables });
  const deadLetter = async () => {
    const [letter] = await worker.deadLetters.receiveAll();
    const attribute = (name: string) => letter?.MessageAttributes?.[name]?.StringValue;
    return { code: attribute('ERROR_CODE'), condition: attribute('EXHAUSTED_RETRY_CONDITION') };
  };
  return { destination, worker, deadLetter };
}

describe('the timeout', () => {
  test('a request ends at the timeout of the delivery policy when that is shorter than the default', async () => {
    const { destination, worker } = await setUp('silent', { TimeoutSeconds: 0.2 });
    expect(await worker.deliver(destination.name)).toMatchObject({
      code: 'TimedOut',
      reason: expect.stringContaining('No complete answer came within 200 ms'),
    });
  });

  test('a worker uses a changed timeout once its cache has expired, and not before', async () => {
    const { destination, worker } = await setUp('silent', { TimeoutSeconds: 0.2 });
    const cached = await story.startWorker({ ...uncached, CACHE_SECONDS: '900' });
    await Promise.all([worker, cached].map((each) => each.deliver(destination.name)));
    await destination.policy('Put', { TimeoutSeconds: 0.1 });
    expect(await cached.deliver(destination.name)).toMatchObject({ reason: expect.stringContaining('200 ms') });
    expect(await worker.deliver(destination.name)).toMatchObject({ reason: expect.stringContaining('100 ms') });
  });

  test('the timeout is the default again when the policy is deleted', async () => {
    const { destination, worker } = await setUp('silent', { TimeoutSeconds: 0.2 }, { REQUEST_TIMEOUT_MS: '300' });
    await destination.policy('Delete');
    expect(await worker.deliver(destination.name)).toMatchObject({ reason: expect.stringContaining('300 ms') });
  });
});

test.each([
  [
    'the concurrency of a policy limits the requests that a worker has in flight',
    {},
    { MaximumConcurrencyPerWorker: 2 },
    2,
  ],
  [
    'the concurrency of a policy replaces the concurrency that the environment sets',
    { MAXIMUM_CONCURRENCY_PER_WORKER: '1' },
    { MaximumConcurrencyPerWorker: 3 },
    3,
  ],
])('%s', async (_, variables, policy, most) => {
  const { destination, worker } = await setUp('gated', policy, variables);
  const delivering = worker.deliverQueued(...batchOf(destination.name));
  for (let answered = 0; answered < 10; answered += 1) {
    await expect.poll(() => inFlight.length, { timeout: 100_000 }).toBe(Math.min(most, 10 - answered));
    inFlight.shift()?.();
  }
  expect(await delivering).toEqual([]);
});

describe('the burst', () => {
  test('a whole batch for a destination of 1/s is sent at once when its policy has a burst of 10', async () => {
    const [plain, bursting] = [await story.createDestination('slow', 1), await story.createDestination('burst', 1)];
    await bursting.policy('Put', { Burst: 10 });
    const [one, other] = [await story.startWorker(uncached), await story.startWorker(uncached)];
    await Promise.all([one.deliverQueued(...batchOf(plain.name)), other.deliverQueued(...batchOf(bursting.name))]);
    expect(one.deferred().length).toBeGreaterThanOrEqual(7);
    expect([story.requestsTo('burst'), other.deferred()]).toEqual([10, []]);
  });

  test('a raised burst gives no slot that other workers have already taken', async () => {
    const destination = await story.createDestination('raised', 1);
    const worker = await story.startWorker(uncached);
    await destination.setBucket({ slotsUntilUs: (Date.now() + 30_000) * 1000 });
    await destination.policy('Put', { Burst: 10 });
    await worker.deliverQueued(...batchOf(destination.name));
    expect([story.requestsTo('raised'), worker.deferred().length]).toEqual([0, 10]);
  });
});

describe('the retry policy', () => {
  const target = (MaximumRetryAttempts: number) => ({ RetryPolicy: { MaximumRetryAttempts } });

  test.each([
    [
      'a delivery policy can allow fewer retries than the environment',
      { RetryPolicy: { MaximumRetryAttempts: 0 } },
      {},
      {},
      'dead-lettered',
    ],
    [
      'a delivery policy can allow more retries than the environment',
      { RetryPolicy: { MaximumRetryAttempts: 3 } },
      { MAXIMUM_RETRY_ATTEMPTS: '0' },
      {},
      'deferred',
    ],
    [
      'the retry policy of a target replaces the retry policy of the delivery policy',
      { RetryPolicy: { MaximumRetryAttempts: 0 } },
      {},
      target(3),
      'deferred',
    ],
    [
      'the retry policy of the environment applies to the members that a delivery policy does not set',
      { RetryPolicy: { MaximumEventAgeInSeconds: 3600 } },
      { MAXIMUM_RETRY_ATTEMPTS: '0' },
      {},
      'dead-lettered',
    ],
  ] as const)('%s', async (_, policy, variables, targetSettings, outcome) => {
    const { destination, worker, deadLetter } = await setUp('status-500', policy, variables);
    expect(await worker.deliver(destination.name, targetSettings)).toMatchObject({ outcome, attempts: 1 });
    if (outcome === 'dead-lettered') expect(await deadLetter()).toMatchObject({ condition: 'MaximumRetryAttempts' });
  });

  test.each([
    ['the age limit of a delivery policy can be longer than that of the environment', 3600, '60', {}, 2],
    ['the age limit of a delivery policy can be shorter than that of the environment', 60, '3600', {}, 1],
    [
      'the age limit of a target replaces the age limit of the delivery policy',
      60,
      '60',
      { RetryPolicy: { MaximumEventAgeInSeconds: 3600 } },
      2,
    ],
  ])('%s', async (_, ageSeconds, environmentSeconds, targetSettings, requests) => {
    const variables = { MAXIMUM_EVENT_AGE_SECONDS: environmentSeconds, RETRY_BASE_DELAY_MS: '1' };
    const policy = { RetryPolicy: { MaximumEventAgeInSeconds: ageSeconds } };
    const { destination, worker, deadLetter } = await setUp('status-500', policy, variables);
    const before = story.requestsTo('status-500');
    await worker.deliverQueued(newMessage(destination.name, targetSettings));
    const [deferred] = worker.deferred();
    if (deferred === undefined) expect.fail('The first attempt was not deferred.');
    const details = { ...deferred.details, firstReceivedAt: Date.now() - 100_000 };
    await worker.deliverQueued(comeBack({ ...deferred, details }));
    expect(story.requestsTo('status-500') - before).toBe(requests);
    if (requests === 1) {
      expect(await deadLetter()).toEqual({ code: 'TIMEOUT', condition: 'MaximumEventAgeInSeconds' });
    }
  });
});

test('a delivery policy can add 404 and 302 to the statuses that are retried', async () => {
  const policy = { RetryableStatuses: [404, 302] };
  const outcomes = ['status-404', 'status-302', 'status-410'].map(async (path) => {
    const { destination, worker } = await setUp(path, policy);
    const { outcome, code } = (await worker.deliver(destination.name)) as { outcome: string; code: string };
    return [outcome, code];
  });
  expect(await Promise.all(outcomes)).toEqual([
    ['deferred', 'EndpointFailed'],
    ['deferred', 'EndpointFailed'],
    ['dead-lettered', 'EndpointRejected'],
  ]);
});

describe('the proxy of a policy', () => {
  test('requests to the endpoint go through the proxy of the delivery policy', async () => {
    const proxy = await startConnectProxy();
    const { destination, worker } = await setUp('proxied', { ProxyUrl: proxy.url });
    expect(await worker.deliver(destination.name)).toMatchObject({ outcome: 'delivered' });
    expect(proxy.asked).toMatchObject([{ authority: new URL(story.endpoint.origin).host }]);
    await proxy.close();
  });

  test('an event is retried when the proxy of its policy answers 407', async () => {
    const proxy = await startConnectProxy((_, client) => {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return 'answered';
    });
    const { destination, worker } = await setUp('refused', { ProxyUrl: proxy.url });
    const held = await worker.deliver(destination.name);
    expect(held).toMatchObject({ outcome: 'deferred', code: 'ConnectionFailed' });
    expect(held).toMatchObject({ reason: expect.stringContaining('answered 407') });
    expect(held).not.toHaveProperty('status');
    await proxy.close();
  });
});

describe('the content of requests', () => {
  test('the Transformer of a policy makes the data of its CloudEvents, after the endpoint has consented', async () => {
    const { destination, worker } = await setUp('shaped', {
      Transformer: { Type: 'JSONATA', Expression: '{% {"made of": $count($keys($))} %}' },
      Format: 'CLOUDEVENTS_STRUCTURED',
      WebhookRequestOrigin: 'events.example.com',
    });
    expect(await worker.deliver(destination.name)).toMatchObject({ outcome: 'delivered' });
    const [asked, sent] = story.endpoint.requests.filter(({ path }) => path === '/shaped');
    expect(asked).toMatchObject({ method: 'OPTIONS', headers: { 'webhook-request-origin': 'events.example.com' } });
    expect(asked?.headers).not.toHaveProperty('authorization');
    expect(sent?.headers).toMatchObject({ 'content-type': 'application/cloudevents+json; charset=utf-8' });
    expect(JSON.parse(sent?.body ?? '')).toMatchObject({
      specversion: '1.0',
      id: expect.any(String),
      data: { 'made of': expect.any(Number) },
    });
  });

  test('a policy with an expression that is not valid is refused when it is put', async () => {
    const { destination } = await setUp('refused-expression');
    const put = destination.policy('Put', { Transformer: { Type: 'JSONATA', Expression: '{"a": detail.}' } });
    await expect(put).rejects.toThrow('Transformer.Expression is not valid');
  });

  test('an event waits while the endpoint does not consent to the origin of the policy', async () => {
    const { destination, worker } = await setUp('shy', { WebhookRequestOrigin: 'events.example.com' });
    const held = await worker.deliver(destination.name);
    expect(held).toMatchObject({ outcome: 'deferred', code: 'HandshakeRefused', attempts: 0 });
    expect(story.endpoint.requests.filter(({ path }) => path === '/shy').map(({ method }) => method)).toEqual([
      'OPTIONS',
    ]);
  });

  test('a worker asks an endpoint that is down for its consent once for 100 events, and delivers them when it is back', async () => {
    isDown = true;
    const asked = () => story.endpoint.requests.filter(({ path }) => path === '/down').map(({ method }) => method);
    const destination = await story.createDestination('down', 10_000);
    await destination.policy('Put', { WebhookRequestOrigin: 'events.example.com' });
    const clock = createWaitingClock();
    const worker = await story.startWorker({ ...uncached, RETRY_BASE_DELAY_MS: '1' }, clock);
    await worker.deliverQueued(...batchOf(destination.name, 100));
    expect([asked(), worker.deferred().length]).toEqual([['OPTIONS'], 100]);
    // The function `deliver` is a worker of its own.
    const reason = 'The endpoint could not be asked for its consent (OPTIONS), and is asked again after 5 s: ';
    const waits = { outcome: 'deferred', attempts: 0, reason: expect.stringContaining(reason) };
    expect(await worker.deliver(destination.name)).toMatchObject(waits);
    expect(await worker.deliver(destination.name)).toMatchObject(waits);
    expect(asked()).toEqual(['OPTIONS', 'OPTIONS']);

    isDown = false;
    clock.pass(60_000);
    await worker.deliverQueued(...worker.deferred().map(comeBack));
    expect(asked().slice(2)).toEqual(['OPTIONS', ...Array.from({ length: 102 }, () => 'POST')]);
  });

  test('a Transformer of the target replaces that of the policy, and its text reaches the endpoint as text', async () => {
    const { destination, worker } = await setUp('text', { Transformer: { Type: 'JSONATA', Expression: 'absent' } });
    const target = { Transformer: { Type: 'JSONATA', Expression: '"hello"' } };
    expect(await worker.deliver(destination.name, target)).toMatchObject({ outcome: 'delivered' });
    const [sent] = story.endpoint.requests.filter(({ path }) => path === '/text');
    expect([sent?.body, sent?.headers['content-type']]).toEqual(['hello', 'text/plain; charset=utf-8']);
    const held = await worker.deliver(destination.name);
    expect(held).toMatchObject({ outcome: 'dead-lettered', code: 'InvalidInvocation' });
  });
});
