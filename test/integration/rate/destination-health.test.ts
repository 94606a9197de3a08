import { beforeEach, describe, expect, test } from 'vitest';
import { createWaitingClock } from '../../fakes/waiting-clock.ts';
import { comeBack, newMessage, type RateStory, sharedRate } from './rate-story.ts';

/* Health and pauses of destinations, over the control API of a whole stack. */

let story: RateStory;
const clock = createWaitingClock();
let status = 200;

sharedRate.override('clock', () => clock);

sharedRate.override('answer', () => ({ path }) => {
  if (path === '/slow') clock.pass(500);
  return { status };
});

sharedRate.beforeAll(({ story: told }) => {
  story = told;
});

beforeEach(() => {
  status = 200;
});

const dayMs = 86_400_000;
const inSeconds = (ms: number) => Math.floor((clock.nowMs() + ms) / 1000);

type Worker = Awaited<ReturnType<RateStory['startWorker']>>;

/** Delivers the worker's deferred messages from this index on, also those that are deferred again meanwhile. */
async function deliverDeferred(worker: Worker, from: number): Promise<void> {
  for (let next = from; next < worker.deferred().length; next += 1) {
    const deferred = worker.deferred()[next];
    if (deferred !== undefined) expect(await worker.deliverQueued(comeBack(deferred))).toEqual([]);
  }
}

describe('a pause', () => {
  test('an event for a paused destination is deferred, and delivered after the destination was resumed', async () => {
    const destination = await story.createDestination('paused', 100);
    const worker = await story.startWorker();
    const paused = await destination.call('PauseApiDestination');
    expect(paused).toEqual({ status: 200, json: { Name: destination.name, State: 'PAUSED', FailuresInRow: 0 } });

    expect(await worker.deliverQueued(newMessage(destination.name))).toEqual([]);
    expect(await worker.deliver(destination.name)).toMatchObject({ outcome: 'deferred', attempts: 0 });
    expect([story.requestsTo('paused'), worker.deferred().length]).toEqual([0, 2]);
    await worker.deliverQueued(...worker.deferred().map(comeBack));
    expect([story.requestsTo('paused'), worker.deferred().length]).toEqual([0, 4]);

    const resumed = await destination.call('ResumeApiDestination');
    expect(resumed.json).toMatchObject({ State: 'HEALTHY', WaitingEvents: 0 });
    // A worker reads the bucket of a paused destination again after a second.
    clock.pass(1500);
    await worker.deliverQueued(...worker.deferred().slice(2).map(comeBack));
    expect([story.requestsTo('paused'), worker.deferred().length]).toEqual([2, 4]);
  });

  test('a pause also stops later requests of a worker that has already sent a request to the destination', async () => {
    const destination = await story.createDestination('used', 100);
    const worker = await story.startWorker();
    expect(await worker.deliver(destination.name)).toMatchObject({ outcome: 'delivered' });
    await destination.call('PauseApiDestination');
    expect(await worker.deliver(destination.name)).toMatchObject({ outcome: 'deferred' });
    expect(story.requestsTo('used')).toBe(1);
  });

  test('an event for a destination that is paused until a given time comes back a second before that time', async () => {
    const destination = await story.createDestination('timed', 100);
    const worker = await story.startWorker();
    const Until = inSeconds(300_000);
    const { json } = await destination.call('PauseApiDestination', { Until });
    expect(json).toMatchObject({ State: 'PAUSED', PausedUntil: Until, WaitingEvents: 0 });
    await worker.deliverQueued(newMessage(destination.name));
    const [deferred] = worker.deferred();
    expect(deferred?.details['notBefore']).toBe(Until * 1000 - 1000);
  });

  test('writes of workers do not shorten the time to live of a paused bucket', async () => {
    const destination = await story.createDestination('remembered', 100);
    const worker = await story.startWorker();
    await worker.deliverQueued(newMessage(destination.name));
    const Until = inSeconds(600_000);
    await destination.call('PauseApiDestination', { Until });
    const writes = destination.writes();
    await worker.deliverQueued(newMessage(destination.name));
    expect(destination.writes()).toBeGreaterThan(writes);
    expect(await destination.expiresAtMs()).toBe(Until * 1000 + 900_000 + dayMs);
    await destination.call('PauseApiDestination');
    await worker.deliverQueued(newMessage(destination.name));
    expect(await destination.expiresAtMs()).toBeGreaterThan(clock.nowMs() + 365 * dayMs);
  });

  test.each([
    [
      'PauseApiDestination',
      'an Until in the past',
      { Until: 1 },
      'ValidationException',
      'Parameter Until is not valid. Reason: It is not in',
    ],
    [
      'PauseApiDestination',
      'a string as Until',
      { Until: '2099-01-01' },
      'SerializationException',
      "'until' must be a number of seconds",
    ],
    ['PauseApiDestination', 'a blank in the name', { Name: 'a b' }, 'ValidationException', "at 'name' failed"],
    [
      'PauseApiDestination',
      'an unknown name',
      { Name: 'nowhere' },
      'ResourceNotFoundException',
      "'nowhere' does not exist.",
    ],
    [
      'ResumeApiDestination',
      'an unknown name',
      { Name: 'nowhere' },
      'ResourceNotFoundException',
      "'nowhere' does not exist.",
    ],
    [
      'GetDestinationHealth',
      'an unknown name',
      { Name: 'nowhere' },
      'ResourceNotFoundException',
      "'nowhere' does not exist.",
    ],
    [
      'ListDestinationHealth',
      'a limit of 101',
      { Name: undefined, Limit: 101 },
      'ValidationException',
      "at 'limit' failed",
    ],
    [
      'ListDestinationHealth',
      'an invalid NextToken',
      { Name: undefined, NextToken: 'another' },
      'ValidationException',
      'Parameter NextToken is not valid.',
    ],
  ])('%s refuses %s and leaves the destination healthy', async (operation, _what, members, code, message) => {
    const destination = await story.createDestination('refused', 100);
    const { status: answered, json } = await destination.call(operation, members);
    expect([answered, json['__type'], String(json['message'])]).toEqual([400, code, expect.stringContaining(message)]);
    const { json: health } = await destination.call('GetDestinationHealth');
    expect(health).toMatchObject({ State: 'HEALTHY' });
  });
});

test('an endpoint is UNHEALTHY after five failures in a row, and HEALTHY after the next success', async () => {
  const destination = await story.createDestination('broken', 100);
  const worker = await story.startWorker();
  status = 500;
  await worker.deliverQueued(...Array.from({ length: 5 }, () => newMessage(destination.name)));
  const { json: unhealthy } = await destination.call('GetDestinationHealth');
  const failure = { Code: 'EndpointFailed', At: expect.any(Number) };
  expect(unhealthy).toMatchObject({ State: 'UNHEALTHY', FailuresInRow: 5, LastFailure: failure });
  expect(unhealthy['Since']).toBe(inSeconds(0));
  expect(Number(unhealthy['NextProbeAt'])).toBeGreaterThanOrEqual(inSeconds(0));

  status = 200;
  clock.pass(2000);
  await deliverDeferred(worker, 0);
  const { json: repaired } = await destination.call('GetDestinationHealth');
  expect(repaired).toMatchObject({ State: 'HEALTHY', FailuresInRow: 0, LastFailure: failure });
  expect(repaired).not.toHaveProperty('Since');
  expect(repaired).not.toHaveProperty('NextProbeAt');
});

test('a destination with a maximum concurrency of 2 and answer times of 0.5 s gets at most four slots a second', async () => {
  const destination = await story.createDestination('slow', 100);
  await destination.policy('Put', { MaximumConcurrency: 2 });
  const worker = await story.startWorker();
  // The first request measures the time of an answer. The second request writes that time to the table.
  for (let request = 0; request < 2; request += 1) await worker.deliver(destination.name);
  expect((await destination.call('GetDestinationHealth')).json).toMatchObject({ MeanAnswerMilliseconds: 500 });
  const beganUs = clock.nowMs() * 1000;
  expect(await worker.deliver(destination.name)).toMatchObject({ outcome: 'delivered' });
  expect((await destination.bucket()).slotsUntilUs).toBeGreaterThanOrEqual(beganUs + 250_000);
});

test('ListDestinationHealth returns every destination with a prefix in pages', async () => {
  const names: string[] = [];
  for (let number = 0; number < 3; number += 1) names.push((await story.createDestination('listed', 5000)).name);
  const last = await story.createDestination('listed', 100);
  await last.call('PauseApiDestination');
  const first = await last.call('ListDestinationHealth', { Name: undefined, NamePrefix: 'listed', Limit: 3 });
  const members = { State: 'HEALTHY', FailuresInRow: 0, WaitingEvents: 0 };
  expect(first.json['ApiDestinations']).toEqual(names.map((Name) => ({ Name, ...members })));
  const { NextToken } = first.json;
  const second = await last.call('ListDestinationHealth', { Name: undefined, NamePrefix: 'listed', NextToken });
  expect(second.json).toEqual({ ApiDestinations: [{ Name: last.name, State: 'PAUSED', FailuresInRow: 0 }] });
});
