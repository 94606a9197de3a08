import { afterEach, describe, expect, test } from 'vitest';
import { startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { atOnce, createOutcomeStory, wait } from './outcome-story.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const { close } of open.splice(0).reverse()) await close();
});

/** An endpoint that answers every request with this status and this Retry-After. */
async function answering(retryAfter: string, random = atOnce, status = 503) {
  const endpoint = await startRecordingEndpoint(() => ({ status, headers: { 'retry-after': retryAfter } }));
  const story = createOutcomeStory({ origin: endpoint.origin, random });
  open.push(endpoint, story);
  return { endpoint, story };
}

/** The clock of the story begins on Thursday, 1 January 2026, 00:00:00. */
const forms: readonly (readonly [form: string, value: string, waitMs: number])[] = [
  ['a number of seconds', '120', 120_000],
  ['an IMF-fixdate', 'Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
  ['an RFC 850 date', 'Thursday, 01-Jan-26 00:02:00 GMT', 120_000],
  ['an asctime date', 'Thu Jan  1 00:02:00 2026', 120_000],
  ['more seconds than the longest delay of SQS', '3600', 3_600_000],
];

describe('Retry-After', () => {
  test.each(forms)(
    'a Retry-After in the form of %s (%s) sets the time of the retry exactly',
    async (_form, value, waitMs) => {
      const { endpoint, story } = await answering(value);
      const notBeforeMs = story.clock.nowMs() + waitMs;
      expect((await story.deliver('orders')).settlement).toEqual({ kind: 'deferred', notBeforeMs });
      expect(story.queue.sent).toMatchObject([{ queued: { notBeforeMs } }]);
      expect(endpoint.requests).toHaveLength(1);
    },
  );

  test.each([401, 407, 409, 429, 500, 503])(
    'a Retry-After sets the time of the retry when the status is %d',
    async (status) => {
      const { story } = await answering('120', atOnce, status);
      const notBeforeMs = story.clock.nowMs() + 120_000;
      expect((await story.deliver('orders')).settlement).toEqual({ kind: 'deferred', notBeforeMs });
    },
  );

  test('a Retry-After that is shorter than the backoff does not shorten the wait', async () => {
    const { story } = await answering('5', wait);
    const notBeforeMs = story.clock.nowMs() + 9990;
    expect((await story.deliver('orders')).settlement).toEqual({ kind: 'deferred', notBeforeMs });
  });

  test.each(['0', '1'])(
    'an event with a Retry-After of %s s waits in the delivery queue and not in the invocation',
    async (seconds) => {
      const { endpoint, story } = await answering(seconds);
      const notBeforeMs = story.clock.nowMs() + Number(seconds) * 1000;
      expect(await story.deliver('orders')).toMatchObject({
        settlement: { kind: 'deferred', notBeforeMs },
        attempts: 1,
        durationMs: 0,
      });
      expect(story.queue.sent).toMatchObject([{ queued: { notBeforeMs, delivery: { attempts: 1 } } }]);
      expect(endpoint.requests).toHaveLength(1);
    },
  );

  test('after a Retry-After of one second, a second invocation makes the next attempt one second later', async () => {
    const { endpoint, story } = await answering('1');
    const firstMs = story.clock.nowMs();
    expect(await story.deliverUntilSettled('orders', { RetryPolicy: { MaximumRetryAttempts: 1 } })).toMatchObject([
      { settlement: { kind: 'deferred', notBeforeMs: firstMs + 1000 }, attempts: 1 },
      { settlement: { kind: 'dead-lettered' }, attempts: 2, durationMs: 0 },
    ]);
    expect(story.clock.nowMs()).toBe(firstMs + 1000);
    expect(endpoint.requests).toHaveLength(2);
  });

  test.each(['-1', '-120'])(
    'a negative Retry-After (%s) dead-letters the event after one attempt, without EXHAUSTED_RETRY_CONDITION',
    async (value) => {
      const { endpoint, story } = await answering(value);
      expect(await story.deliver('orders')).toMatchObject({ settlement: { kind: 'dead-lettered' }, attempts: 1 });
      expect(story.lastDeadLetter()).not.toHaveProperty('EXHAUSTED_RETRY_CONDITION');
      expect(endpoint.requests).toHaveLength(1);
    },
  );

  test.each(['soon', '1.5', '', '0x10', 'Thu, 32 Jan 2026 00:00:00 GMT', '2026-01-01T00:02:00Z', '120, 240'])(
    'a malformed Retry-After (%j) falls back to the backoff of the policy',
    async (value) => {
      const { story } = await answering(value, wait);
      const notBeforeMs = story.clock.nowMs() + 9990;
      expect((await story.deliver('orders')).settlement).toEqual({ kind: 'deferred', notBeforeMs });
    },
  );

  test.each(['Wed, 31 Dec 2025 23:59:59 GMT', 'Thu, 01 Jan 1970 00:00:00 GMT', '0'])(
    'an event is retried without a delay when the Retry-After (%s) has passed',
    async (value) => {
      const { endpoint, story } = await answering(value);
      const notBeforeMs = story.clock.nowMs();
      const conclusions = await story.deliverUntilSettled('orders', { RetryPolicy: { MaximumRetryAttempts: 3 } });
      expect(conclusions.map(({ attempts }) => attempts)).toEqual([1, 2, 3, 4]);
      expect(story.queue.sent.map(({ queued }) => queued.notBeforeMs)).toEqual([notBeforeMs, notBeforeMs, notBeforeMs]);
      expect(endpoint.requests).toHaveLength(4);
    },
  );

  test.each(['86401', '99999999999999999999', 'Fri, 02 Jan 2026 00:00:01 GMT'])(
    'a Retry-After beyond the age limit (%s) dead-letters the event at once',
    async (value) => {
      const { endpoint, story } = await answering(value);
      expect(await story.deliver('orders')).toMatchObject({ settlement: { kind: 'dead-lettered' }, attempts: 1 });
      expect(story.lastDeadLetter()).toMatchObject({ EXHAUSTED_RETRY_CONDITION: 'MaximumEventAgeInSeconds' });
      expect(endpoint.requests).toHaveLength(1);
    },
  );

  test('a 422 with a Retry-After is dead-lettered without a retry', async () => {
    const { story } = await answering('120', atOnce, 422);
    expect(await story.deliver('orders')).toMatchObject({ settlement: { kind: 'dead-lettered' }, attempts: 1 });
  });
});
