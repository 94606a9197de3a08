import { describe, expect, test } from 'vitest';
import { classifyAnswer, classifyFailure } from '../../../../lib/core/failure/classify.ts';
import type { AttemptOutcome } from '../../../../lib/core/delivery/delivery.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { policyOf } from '../../../fakes/delivery-policies.ts';

const nowMs = Date.parse('2026-11-20T10:00:00Z');
const policy = policyOf();

function classify(status: number, headers: Record<string, string> = {}, body = ''): AttemptOutcome {
  return classifyAnswer({ status, headers, body }, policy, nowMs);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

describe('the status table', () => {
  test('an answer with any 2xx status is delivered', () => {
    for (const status of range(200, 299)) expect(classify(status)).toEqual({ kind: 'delivered', status });
  });

  test('exactly 401, 407, 409, 429 and every 5xx are retried', () => {
    const codes = new Map(range(100, 599).map((status) => [status, classify(status)] as const));
    const retryable = [...codes].filter(([, outcome]) => outcome.kind === 'retryable').map(([status]) => status);
    expect(retryable).toEqual([401, 407, 409, 429, ...range(500, 599)]);
  });

  test.each([
    [401, 'EndpointUnauthorized'],
    [407, 'EndpointUnauthorized'],
    [409, 'EndpointFailed'],
    [429, 'EndpointThrottled'],
    [500, 'EndpointFailed'],
    [503, 'EndpointFailed'],
  ])('an answer with status %d is %s', (status, code) => {
    expect(classify(status)).toEqual({ kind: 'retryable', code, reason: `The endpoint answered ${status}.`, status });
  });

  test.each([100, 103, 300, 301, 304, 308, 400, 403, 404, 408, 410, 422, 425, 499, 600, 999])(
    'an answer with status %d is a permanent failure',
    (status) => {
      expect(classify(status)).toMatchObject({ kind: 'permanent', code: 'EndpointRejected', status });
    },
  );

  test('exactly the failures of 3xx statuses other than 304 say that redirects are not followed', () => {
    const failed = range(100, 599).filter((status) => status < 200 || status > 299);
    const redirects = failed.filter((status) => {
      const reason = `The endpoint answered ${status}; redirects are not followed.`;
      const outcome = classify(status);
      return outcome.kind !== 'delivered' && outcome.reason === reason;
    });
    expect(redirects).toEqual([...range(300, 303), ...range(305, 399)]);
  });

  test('RetryableStatuses can make any status retryable except 2xx', () => {
    const lenient = { ...policy, retryableStatuses: [404, 200] };
    expect(classifyAnswer({ status: 404, headers: {}, body: '' }, lenient, nowMs)).toMatchObject({ kind: 'retryable' });
    expect(classifyAnswer({ status: 200, headers: {}, body: '' }, lenient, nowMs)).toMatchObject({ kind: 'delivered' });
  });
});

describe('Retry-After', () => {
  test('a Retry-After is kept with every retryable answer, even when it is negative', () => {
    expect(classify(503, { 'retry-after': '30' })).toMatchObject({ retryAfterMs: 30_000 });
    expect(classify(429, { 'retry-after': 'Fri, 20 Nov 2026 10:01:00 GMT' })).toMatchObject({ retryAfterMs: 60_000 });
    expect(classify(500, { 'retry-after': '-1' })).toMatchObject({ kind: 'retryable', retryAfterMs: -1_000 });
  });

  test('a Retry-After is ignored when it is malformed or the failure is permanent', () => {
    expect(classify(503, { 'retry-after': 'soon' })).not.toHaveProperty('retryAfterMs');
    expect(classify(404, { 'retry-after': '30' })).not.toHaveProperty('retryAfterMs');
  });
});

describe('the answer of the endpoint', () => {
  test('the body of a failed answer is kept up to its limit, and left out when it is empty or the event was delivered', () => {
    expect(classify(500, {}, 'no disk')).toMatchObject({ answer: 'no disk' });
    expect(classify(500, {}, 'x'.repeat(9000))).toMatchObject({ answer: 'x'.repeat(2048) });
    expect(classify(500)).not.toHaveProperty('answer');
    expect(classify(200, {}, 'ok')).toEqual({ kind: 'delivered', status: 200 });
  });

  test('the body of a failed answer is never cut inside a character', () => {
    const outcome = classify(500, {}, `${'x'.repeat(2047)}😀`);
    expect(outcome.kind !== 'delivered' && outcome.answer?.isWellFormed()).toBe(true);
  });
});

test('the outcome of a failure has the kind, code, message and wait of the failure', () => {
  expect(classifyFailure(new Failure('TimedOut', 'No answer within 5000 ms.'))).toStrictEqual({
    kind: 'retryable',
    code: 'TimedOut',
    reason: 'No answer within 5000 ms.',
  });
  expect(classifyFailure(new Failure('InvalidInvocation', 'No.'))).toMatchObject({ kind: 'permanent' });
  expect(classifyFailure(new Failure('TokenUnavailable', 'Wait.', { retryAfterMs: 5 }))).toMatchObject({
    retryAfterMs: 5,
  });
});
