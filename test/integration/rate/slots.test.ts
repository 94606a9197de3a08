import { expect, test } from 'vitest';
import { createWaitingClock } from '../../fakes/waiting-clock.ts';
import { comeBack, newMessage, type RateStory, sharedRate } from './rate-story.ts';

/*
 * The tests set times in the table instead of waiting for them. The workers' clock stands still during calls, because on a
 * slow machine a missed slot would cost another write.
 */

let story: RateStory;
const clock = createWaitingClock();
/** Long enough for a busy machine. */
const patiently = { timeout: 100_000 };
const inFlight: (() => void)[] = [];

sharedRate.override('clock', () => clock);

sharedRate.override('answer', () => async ({ path }) => {
  if (path === '/gated') await new Promise<void>((resolve) => inFlight.push(resolve));
  return { status: 200 };
});

sharedRate.beforeAll(({ story: told }) => {
  story = told;
});

const inSeconds = (seconds: number) => (clock.nowMs() + seconds * 1000) * 1000;
const batchOf = (name: string, count = 10) => Array.from({ length: count }, () => newMessage(name));

test.each([300, 5000])('a batch to a destination of %i/s reserves its slots in one write', async (rate) => {
  const destination = await story.createDestination('orders', rate);
  const worker = await story.startWorker();
  const before = story.requestsTo('orders');
  for (const count of [5, 7]) expect(await worker.deliverQueued(...batchOf(destination.name, count))).toEqual([]);
  expect(story.requestsTo('orders') - before).toBe(12);
  expect(destination.writes()).toBe(2);
  expect(worker.deferred()).toEqual([]);
});

test('a batch to two destinations makes one write for each destination', async () => {
  const [orders, invoices] = [
    await story.createDestination('orders', 300),
    await story.createDestination('invoices', 300),
  ];
  const worker = await story.startWorker();
  const deliver = (count: number) =>
    worker.deliverQueued(...batchOf(orders.name, count), ...batchOf(invoices.name, count));
  // The first requests of a worker take long enough to miss a slot.
  await deliver(1);
  const before = [orders.writes(), invoices.writes()];
  await deliver(5);
  expect([orders.writes(), invoices.writes()]).toEqual(before.map((writes) => writes + 1));
});

test('ten requests move the time up to which the bucket has given slots away by ten intervals', async () => {
  const destination = await story.createDestination('orders', 100);
  const worker = await story.startWorker();
  const slotsUntilUs = inSeconds(0.5);
  await destination.setBucket({ slotsUntilUs });
  await worker.deliverQueued(...batchOf(destination.name));
  expect((await destination.bucket()).slotsUntilUs).toBe(slotsUntilUs + 100_000);
});

test('events without a slot before the horizon are deferred to their return times, and are sent when they come back', async () => {
  const destination = await story.createDestination('far', 100);
  const worker = await story.startWorker();
  const slotsUntilUs = inSeconds(30);
  await destination.setBucket({ slotsUntilUs });
  expect(await worker.deliverQueued(...batchOf(destination.name))).toEqual([]);
  expect(story.requestsTo('far')).toBe(0);
  const deferred = worker.deferred();
  expect(deferred).toHaveLength(10);
  // Return times are a second earlier than the slots, and one interval apart. Messages hold whole milliseconds.
  expect(deferred.map(({ details }) => details['notBefore'])).toEqual(
    Array.from({ length: 10 }, (_, index) => Math.ceil((slotsUntilUs - 1_000_000 + index * 10_000) / 1000)),
  );
  for (const { details } of deferred) expect(details).toMatchObject({ attempts: 0, turn: expect.any(Number) });

  const bucket = await destination.bucket();
  await destination.setBucket({ ...bucket, slotsUntilUs: inSeconds(0) });
  const back = await story.startWorker();
  expect(await back.deliverQueued(...deferred.map(comeBack))).toEqual([]);
  expect(back.deferred()).toEqual([]);
  expect(story.requestsTo('far')).toBe(10);
});

test('deliver defers a single event whose slot is too far away for deliver, although a batch would wait for it', async () => {
  const [alone, queued] = [await story.createDestination('soon', 100), await story.createDestination('soon', 100)];
  const worker = await story.startWorker();
  // A batch waits that long only for an endpoint that is known to answer soon.
  await worker.deliverQueued(newMessage(alone.name), newMessage(queued.name));
  const before = story.requestsTo('soon');
  await Promise.all([alone, queued].map((each) => each.setBucket({ slotsUntilUs: inSeconds(1.9) })));
  const [outcome] = await Promise.all([worker.deliver(alone.name), worker.deliverQueued(newMessage(queued.name))]);
  expect(outcome).toMatchObject({ outcome: 'deferred', attempts: 0 });
  expect(worker.deferred()).toHaveLength(1);
  expect((await alone.bucket()).returnsUntilUs).toBeGreaterThan(0);
  expect((await queued.bucket()).returnsUntilUs).toBe(0);
  expect(story.requestsTo('soon') - before).toBe(1);
});

test('a new event waits behind a backlog, and an event that comes back from the backlog is sent', async () => {
  const destination = await story.createDestination('behind', 100);
  const [newcomer, returning] = [await story.startWorker(), await story.startWorker()];
  const returnsUntilUs = inSeconds(60);
  await destination.setBucket({ slotsUntilUs: inSeconds(0), returnsUntilUs });
  await newcomer.deliverQueued(newMessage(destination.name));
  expect(story.requestsTo('behind')).toBe(0);
  const [deferred] = newcomer.deferred();
  expect(deferred?.details['notBefore']).toBe(Math.ceil(returnsUntilUs / 1000));
  if (deferred !== undefined) await returning.deliverQueued(comeBack(deferred));
  expect(story.requestsTo('behind')).toBe(1);
});

test('an event whose return time is beyond its age limit is dead-lettered at once', async () => {
  const destination = await story.createDestination('aged', 100);
  const worker = await story.startWorker();
  await destination.setBucket({ slotsUntilUs: inSeconds(120) });
  const RetryPolicy = { MaximumEventAgeInSeconds: 60 };
  await worker.deliverQueued(newMessage(destination.name, { RetryPolicy }));
  expect(worker.deferred()).toEqual([]);
  const [letter] = await worker.deadLetters.receiveAll();
  expect(letter?.MessageAttributes?.['EXHAUSTED_RETRY_CONDITION']?.StringValue).toBe('MaximumEventAgeInSeconds');
  expect(letter?.MessageAttributes?.['RETRY_ATTEMPTS']?.StringValue).toBe('0');
  expect(story.requestsTo('aged')).toBe(0);
});

test('a worker uses a changed rate once its cache has expired, and does not take back slots that were given', async () => {
  const destination = await story.createDestination('changed', 100);
  const [cached, uncached] = [await story.startWorker(), await story.startWorker({ CACHE_SECONDS: '0' })];
  await Promise.all([cached, uncached].map((worker) => worker.deliverQueued(newMessage(destination.name))));
  await destination.setRate(10);
  const before = await destination.bucket();
  // The worker reads the bucket again only after its view has become this old.
  clock.pass(1000);
  const givenUntilUs = inSeconds(0.5);
  await destination.setBucket({ ...before, slotsUntilUs: givenUntilUs });
  await cached.deliverQueued(newMessage(destination.name));
  expect(await destination.bucket()).toMatchObject({ slotsUntilUs: givenUntilUs + 10_000, revision: before.revision });
  const slotsUntilUs = inSeconds(0.5);
  await destination.setBucket({ ...before, slotsUntilUs });
  await uncached.deliverQueued(newMessage(destination.name));
  const after = await destination.bucket();
  expect(after.slotsUntilUs).toBe(slotsUntilUs + 100_000);
  expect(after.revision).toBeGreaterThan(before.revision);
  expect(after.generation).toBeGreaterThan(before.generation);
});

test.each([
  [
    'a worker with a concurrency limit has at most that many requests in flight',
    { MAXIMUM_CONCURRENCY_PER_WORKER: '2' },
    2,
  ],
  ['a worker without a concurrency limit has a whole batch in flight', {}, 10],
])('%s', async (_, variables, most) => {
  const destination = await story.createDestination('gated', 10_000);
  const worker = await story.startWorker(variables);
  let answered = 0;
  const delivering = worker.deliverQueued(...batchOf(destination.name));
  await expect.poll(() => inFlight.length, patiently).toBe(most);
  while (answered < 10) {
    await expect.poll(() => inFlight.length, patiently).toBeGreaterThan(0);
    expect(inFlight.length).toBeLessThanOrEqual(most);
    inFlight.shift()?.();
    answered += 1;
  }
  expect(await delivering).toEqual([]);
});
