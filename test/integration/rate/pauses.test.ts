import { beforeEach, expect, test } from 'vitest';
import { createWaitingClock } from '../../fakes/waiting-clock.ts';
import type { EndpointAnswer } from '../../servers/endpoints/recording-endpoint.ts';
import { isRateRequest, newMessage, type RateStory, sharedRate } from './rate-story.ts';

let story: RateStory;
const clock = createWaitingClock();
let answer: () => EndpointAnswer = () => ({ status: 200 });
const accepted = { password: 'first' };

sharedRate.override('clock', () => clock);

sharedRate.override('answer', () => async ({ path, headers }) => {
  if (path === '/guarded') {
    const expected = Buffer.from(`someone:${accepted.password}`).toString('base64');
    return { status: headers['authorization'] === `Basic ${expected}` ? 200 : 401 };
  }
  return path === '/well' ? { status: 200 } : answer();
});

sharedRate.beforeAll(({ story: told }) => {
  story = told;
});

beforeEach(() => {
  answer = () => ({ status: 200 });
  story.faultsBy(() => undefined);
});

test.each([429, 503])('a Retry-After with status %i pauses its destination for all workers', async (status) => {
  const path = `busy-${status}`;
  const [busy, well] = [await story.createDestination(path, 100), await story.createDestination('well', 100)];
  const [told, other] = [await story.startWorker(), await story.startWorker()];
  answer = () => ({ status, headers: { 'retry-after': '30' } });
  const toldAtMs = clock.nowMs();
  await told.deliverQueued(newMessage(busy.name));
  expect(story.requestsTo(path)).toBe(1);
  expect((await busy.bucket()).slotsUntilUs).toBeGreaterThanOrEqual((toldAtMs + 30_000) * 1000);

  await other.deliverQueued(newMessage(busy.name), newMessage(busy.name));
  expect(story.requestsTo(path)).toBe(1);
  for (const { details } of other.deferred()) expect(details).toMatchObject({ attempts: 0, turn: expect.any(Number) });
  expect(other.deferred()).toHaveLength(2);
  expect(await other.deliver(well.name)).toMatchObject({ outcome: 'delivered' });
  expect(await told.deliver(well.name)).toMatchObject({ outcome: 'delivered' });
});

test('a second request of an attempt, with newly read credentials, takes another slot', async () => {
  const destination = await story.createDestination('guarded', 100);
  const worker = await story.startWorker();
  expect(await worker.deliver(destination.name)).toMatchObject({ outcome: 'delivered' });
  accepted.password = 'second';
  await story.setPassword('second');
  const [writes, requests] = [destination.writes(), story.requestsTo('guarded')];
  expect(await worker.deliver(destination.name)).toMatchObject({ outcome: 'delivered', attempts: 1 });
  expect(story.requestsTo('guarded') - requests).toBe(2);
  expect(destination.writes() - writes).toBe(2);
});

test('a request that is repeated because its connection was closed takes another slot', async () => {
  const destination = await story.createDestination('dropped', 100);
  const worker = await story.startWorker();
  expect(await worker.deliver(destination.name)).toMatchObject({ outcome: 'delivered' });
  const writes = destination.writes();
  answer = () => {
    if (story.requestsTo('dropped') === 2) story.endpoint.dropConnections();
    return { status: 200 };
  };
  expect(await worker.deliver(destination.name)).toMatchObject({ outcome: 'delivered', attempts: 1 });
  expect(story.requestsTo('dropped')).toBe(3);
  expect(destination.writes() - writes).toBe(2);
});

const denied = { status: 400, body: { __type: 'com.amazon.coral.service#AccessDeniedException', message: 'no' } };
const throttled = {
  status: 400,
  body: { __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException', message: 'no' },
};

test.each([
  ['refuses', denied],
  ['throttles', throttled],
  ['cannot be reached', 'lost before'],
] as const)('every event is deferred without a request while the table %s', async (_, fault) => {
  const destination = await story.createDestination('unknown', 100);
  const worker = await story.startWorker();
  const before = story.requestsTo('unknown');
  story.faultsBy((request) => (isRateRequest(request) ? fault : undefined));
  expect(await worker.deliverQueued(newMessage(destination.name), newMessage(destination.name))).toEqual([]);
  expect(await worker.deliver(destination.name)).toMatchObject({ outcome: 'deferred', attempts: 0 });
  expect(story.requestsTo('unknown')).toBe(before);
  const deferred = worker.deferred();
  expect(deferred).toHaveLength(3);
  for (const { details } of deferred) expect(details).toMatchObject({ attempts: 0, notBefore: expect.any(Number) });

  story.faultsBy(() => undefined);
  const healed = await story.startWorker();
  expect(await healed.deliver(destination.name)).toMatchObject({ outcome: 'delivered' });
});
