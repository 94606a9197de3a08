import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RecordingEndpoint, startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { atOnce, createOutcomeStory, event, wait } from './outcome-story.ts';

/** Answers a request for `/<status>` with that status. Every answer has a Location header, also with statuses outside 3xx. */
let endpoint: RecordingEndpoint;
/** `waiting` has the longest backoff before each retry, `impatient` has none. */
const stories: { waiting?: Story; impatient?: Story } = {};
type Story = ReturnType<typeof createOutcomeStory>;

beforeAll(async () => {
  endpoint = await startRecordingEndpoint(({ path }) => {
    const status = Number(path.slice(1));
    const body = status === 204 || status === 205 || status === 304 ? undefined : { body: `why ${status}` };
    return { status, headers: { location: '/followed' }, ...body };
  });
  stories.waiting = createOutcomeStory({ origin: endpoint.origin, random: wait });
  stories.impatient = createOutcomeStory({ origin: endpoint.origin, random: atOnce });
});
afterAll(() => Promise.all([stories.waiting?.close(), stories.impatient?.close(), endpoint.close()]));

function story(kind: keyof typeof stories): Story {
  return stories[kind] ?? expect.fail('The stories have not begun.');
}

/** Source: EventBridge user guide, "API destinations"; for the ERROR_CODE of a dead letter, "Dead-letter queues". */
function expectedOf(status: number): { code?: string; errorCode?: string; retried: boolean } {
  if (status <= 299) return { retried: false };
  if (status === 429) return { code: 'EndpointThrottled', errorCode: 'THROTTLING', retried: true };
  const errorCode = 'ERROR_FROM_TARGET';
  if (status === 401 || status === 407) return { code: 'EndpointUnauthorized', errorCode, retried: true };
  if (status === 409 || status >= 500) return { code: 'EndpointFailed', errorCode, retried: true };
  return { code: 'EndpointRejected', errorCode, retried: false };
}

const requestsTo = (status: number): number => endpoint.requests.filter(({ path }) => path === `/${status}`).length;

const statuses = Array.from({ length: 400 }, (_, index) => 200 + index);
const retriedStatuses = statuses.filter((status) => expectedOf(status).retried);

test('401, 407, 409, 429 and all 5xx statuses are retried, and no other status', () => {
  const fivehundreds = Array.from({ length: 100 }, (_, index) => 500 + index);
  expect(retriedStatuses).toEqual([401, 407, 409, 429, ...fivehundreds]);
});

describe.each(statuses)('status %d', (status) => {
  const { code, errorCode, retried } = expectedOf(status);

  const settlement = retried
    ? 'puts the event into the delivery queue for a retry'
    : code === undefined
      ? 'ends the delivery as delivered'
      : 'sends the event to the dead letters without a retry';

  test(`an answer with status ${status} ${settlement}`, async () => {
    const { deliver, queue, clock, lastDeadLetter } = story('waiting');
    const [before, deferredBefore] = [requestsTo(status), queue.sent.length];
    const conclusion = await deliver(String(status));
    expect(requestsTo(status) - before).toBe(1);
    expect(queue.sent.length - deferredBefore).toBe(retried ? 1 : 0);
    if (code === undefined) {
      expect(conclusion).toMatchObject({ settlement: { kind: 'delivered' }, status, attempts: 1 });
      expect(conclusion).not.toHaveProperty('code');
    } else if (retried) {
      const notBeforeMs = clock.nowMs() + 9990;
      expect(conclusion).toMatchObject({ settlement: { kind: 'deferred', notBeforeMs }, code, status, attempts: 1 });
      expect(queue.sent.at(-1)).toMatchObject({
        group: String(status),
        queued: { notBeforeMs, delivery: { attempts: 1, event: { value: event } } },
      });
    } else {
      expect(conclusion).toMatchObject({ settlement: { kind: 'dead-lettered' }, code, status, attempts: 1 });
      expect(lastDeadLetter()).toMatchObject({
        ERROR_CODE: errorCode,
        RETRY_ATTEMPTS: '0',
        LASTMILE: { code, status },
      });
      expect(lastDeadLetter()).not.toHaveProperty('EXHAUSTED_RETRY_CONDITION');
    }
  });

  test(`an event with two allowed retries is sent ${retried ? 'three times' : 'only once'} to an endpoint that always answers ${status}`, async () => {
    const { deliverUntilSettled, queue, deadLetters, lastDeadLetter } = story('impatient');
    const [before, deferredBefore, lettersBefore] = [requestsTo(status), queue.sent.length, deadLetters.letters.length];
    const conclusions = await deliverUntilSettled(String(status), { RetryPolicy: { MaximumRetryAttempts: 2 } });
    const attempts = retried ? 3 : 1;
    expect(requestsTo(status) - before).toBe(attempts);
    expect(conclusions.map((each) => each.attempts)).toEqual(retried ? [1, 2, 3] : [1]);
    expect(queue.sent.length - deferredBefore).toBe(attempts - 1);
    const conclusion = conclusions.at(-1);
    expect(conclusion).toMatchObject({ attempts, status });
    expect(deadLetters.letters.length - lettersBefore).toBe(code === undefined ? 0 : 1);
    if (code === undefined) return;
    const answer = status === 304 ? undefined : { answer: `why ${status}` };
    expect(conclusion).toMatchObject({ settlement: { kind: 'dead-lettered' }, code });
    expect(lastDeadLetter()).toMatchObject({
      body: JSON.stringify(event),
      ERROR_CODE: errorCode,
      ERROR_MESSAGE: expect.stringContaining(`${code}: The endpoint answered ${status}`),
      RETRY_ATTEMPTS: String(attempts - 1),
      LASTMILE: { code, status, ...answer },
    });
    const condition = retried ? { EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts' } : {};
    expect(lastDeadLetter()).toMatchObject(condition);
  });
});

test('no delivery follows the Location header of an answer', () => {
  expect(endpoint.requests.filter(({ path }) => path === '/followed')).toEqual([]);
});

test('all requests of one delivery have the same idempotency key and the same body', () => {
  for (const status of retriedStatuses) {
    const requests = endpoint.requests.filter(({ path }) => path === `/${status}`);
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key']))).toEqual(new Set([`e-1/${status}`]));
    expect(new Set(requests.map(({ body }) => body))).toEqual(new Set([JSON.stringify(event)]));
  }
});
