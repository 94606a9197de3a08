import { describe, expect, test } from 'vitest';
import type { AttemptOutcome } from '../../../../lib/core/delivery/delivery.ts';
import type { FailureCode } from '../../../../lib/core/failure/failure.ts';
import {
  answeredWrite,
  closeWrite,
  failureWrite,
  failuresToOpen,
  mixedFailuresToOpen,
  mustOpen,
  openWrite,
  resumeWrite,
  signalOf,
  stalledWrite,
} from '../../../../lib/core/health/circuit.ts';
import { unknownHealth } from '../../../../lib/core/health/health.ts';
import { at, nowUs, restedBucket } from '../../../contract/dynamodb/rate-requests.ts';

/** A random number that leaves the whole interval: the first probe is due after a second. */
const noJitter = () => 0;

const failed = (code: FailureCode, more: { status?: number; retryAfterMs?: number } = {}): AttemptOutcome => ({
  kind: 'retryable',
  code,
  reason: 'It failed.',
  ...more,
});

describe('the signal of an attempt', () => {
  test.each<FailureCode>([
    'DnsFailed',
    'ConnectionRefused',
    'ConnectionFailed',
    'ConnectionReset',
    'TlsFailed',
    'AnswerInvalid',
    'TimedOut',
  ])('an attempt that ends with %s is a failure of the endpoint', (code) => {
    expect(signalOf(failed(code))).toEqual({ kind: 'failed', code });
  });

  test.each<[string, AttemptOutcome, object]>([
    ['a delivered event shows that the endpoint works', { kind: 'delivered', status: 204 }, { kind: 'alive' }],
    [
      'an answer with status 499 shows that the endpoint works, even with Retry-After',
      failed('EndpointRejected', { status: 499, retryAfterMs: 1000 }),
      { kind: 'alive' },
    ],
    [
      'an answer with status 500 is a failure of the endpoint',
      failed('EndpointFailed', { status: 500 }),
      { kind: 'failed', code: 'EndpointFailed' },
    ],
    [
      'an answer with status 503 and Retry-After says nothing about the health of the endpoint',
      failed('EndpointFailed', { status: 503, retryAfterMs: 1000 }),
      { kind: 'none' },
    ],
    [
      'a failure of our own says nothing about the health of the endpoint',
      failed('StoreUnavailable'),
      { kind: 'none' },
    ],
  ])('%s', (_name, outcome, signal) => {
    expect(signalOf(outcome)).toEqual(signal);
  });
});

describe('the number of failures that open the circuit', () => {
  const opens = (failuresInRow: number, more: object = {}) =>
    mustOpen({ ...unknownHealth, failuresInRow, ...more }, nowUs);

  test('the fifth failure in a row opens the circuit, and only a closed circuit opens', () => {
    expect([opens(failuresToOpen - 1), opens(failuresToOpen)]).toEqual([false, true]);
    expect(opens(failuresToOpen, { openedAtUs: at(-1) })).toBe(false);
  });

  test('the twentieth failure in a row opens the circuit of an endpoint that sometimes answers, until this state ends', () => {
    const mixed = { mixedUntilUs: nowUs + 1 };
    expect([opens(mixedFailuresToOpen - 1, mixed), opens(mixedFailuresToOpen, mixed)]).toEqual([false, true]);
    expect(opens(failuresToOpen, { mixedUntilUs: nowUs })).toBe(true);
  });
});

/** No write of the health makes a bucket: a missing bucket has no requests. */
const ofExisting = { orAbsent: false, revision: 3, expiresAtSeconds: Date.UTC(2026, 0, 2, 0, 15) / 1000 };
const bucket = { ...restedBucket, revision: 3 };

describe('the writes of the health', () => {
  test('a write of failures adds their number and keeps time and code of the last one', () => {
    expect(failureWrite(2, 'TimedOut', nowUs, 3)).toEqual({
      ...ofExisting,
      health: { addFailures: 2, set: { lastFailureAtUs: nowUs, lastFailureCode: 'TimedOut' } },
      where: [],
    });
  });

  test('a run of failures ends only while the circuit is closed', () => {
    expect(answeredWrite({ ...bucket, health: { ...unknownHealth, failuresInRow: 4 } }, 1, nowUs)).toEqual({
      ...ofExisting,
      health: { set: { failuresInRow: 1, stalledUs: 0, mixedUntilUs: at(60_000) } },
      where: [{ of: 'openedAtUs', is: 'equalTo', than: 0 }],
    });
  });

  test('a stall is written only when it is longer than the known one', () => {
    expect(stalledWrite(400_000, nowUs, 3)).toEqual({
      ...ofExisting,
      health: { set: { stalledUs: 400_000 } },
      where: [{ of: 'stalledUs', is: 'below', than: 400_000 }],
    });
  });
});

describe('the write that opens the circuit', () => {
  const opened = { set: { openedAtUs: nowUs, failedProbes: 0, stalledUs: 0 } };
  const ofState = (pauseEndUs: number) => [
    { of: 'openedAtUs', is: 'equalTo', than: 0 },
    { of: 'pauseEndUs', is: 'equalTo', than: pauseEndUs },
  ];

  test('the first probe is due a second after the circuit opens, and the end of the slots is kept', () => {
    expect(openWrite({ ...bucket, slotsUntilUs: at(1000) - 1 }, nowUs, noJitter)).toEqual({
      ...ofExisting,
      health: opened,
      keepsSlotsBefore: true,
      slots: { from: at(1000), byUs: 0 },
      where: [...ofState(0), { of: 'slots', is: 'below', than: at(1000) }],
    });
  });

  test('the first probe is not due before the last slot that was given away', () => {
    expect(openWrite({ ...bucket, slotsUntilUs: at(1000) }, nowUs, noJitter)).toEqual({
      ...ofExisting,
      health: opened,
      keepsSlotsBefore: true,
      where: ofState(0),
    });
  });

  test('a circuit that opens during a pause does not replace the end of the slots that the pause has kept', () => {
    const paused = { ...bucket, slotsUntilUs: at(5000), health: { ...unknownHealth, pauseEndUs: at(5000) } };
    const write = openWrite(paused, nowUs, noJitter);
    const unchanged = { of: 'slots', is: 'equalTo', than: at(5000) };
    expect([write.keepsSlotsBefore, write.where]).toEqual([undefined, [unchanged, ...ofState(at(5000))]]);
  });
});

describe('the writes after the circuit has closed', () => {
  test.each([
    ['in a second when no later slot had been given away', at(400), at(1000)],
    ['after the slots that had been given away before the circuit opened', at(1400), at(1400)],
  ])('slots start again %s', (_when, slotsBeforePauseUs, fromUs) => {
    const health = { ...unknownHealth, openedAtUs: at(-9000), slotsBeforePauseUs };
    const write = closeWrite({ ...bucket, slotsUntilUs: at(7000), health }, nowUs);
    expect(write).toMatchObject({ slots: { from: fromUs, byUs: 0 }, returns: { from: 0, byUs: 0 }, raiseTo: 3 });
  });

  test.each([
    ['now when no later slot had been given away', at(-400), nowUs],
    ['after the slots that had been given away before the pause', at(1400), at(1400)],
  ])('a shard that was paused with an open circuit goes on %s', (_when, slotsBeforePauseUs, fromUs) => {
    const health = { ...unknownHealth, pauseEndUs: at(7000), slotsBeforePauseUs };
    expect(resumeWrite({ ...bucket, slotsUntilUs: at(7000), health }, nowUs)).toEqual({
      ...ofExisting,
      slots: { from: fromUs, byUs: 0 },
      returns: { from: 0, byUs: 0 },
      raiseTo: 3,
      where: [
        { of: 'slots', is: 'equalTo', than: at(7000) },
        { of: 'revision', is: 'equalTo', than: 3 },
      ],
    });
  });

  test('a shard that is not paused is left as it is', () => {
    expect(resumeWrite({ ...bucket, slotsUntilUs: at(300) }, nowUs)).toBeUndefined();
  });
});
