import { describe, expect, test } from 'vitest';
import type { Health } from '../../../../lib/core/health/health.ts';
import { forEverUs, unknownHealth } from '../../../../lib/core/health/health.ts';
import { healthReport } from '../../../../lib/core/health/report.ts';
import type { Bucket } from '../../../../lib/core/rate/bucket.ts';
import { at, nowUs, restedBucket } from '../../../contract/dynamodb/rate-requests.ts';

interface Given extends Partial<Omit<Bucket, 'health'>> {
  readonly health?: Partial<Health>;
}

function shardOf({ health, ...bucket }: Given, ratePerSecond = 10) {
  return {
    bucket: { ...restedBucket, ...bucket, health: { ...unknownHealth, ...health } },
    share: { ratePerSecond, burst: 1 },
    limits: { invocations: 1_000_000, batchSize: 10, timeoutUs: 5_000_000 },
  };
}

const reportOf = (given: Given, ratePerSecond?: number) => healthReport([shardOf(given, ratePerSecond)], nowUs);

describe('the state', () => {
  test('a destination that nobody has used is healthy, and nothing is known about its endpoint', () => {
    const { share, limits } = shardOf({});
    const report = { state: 'HEALTHY', failuresInRow: 0, waitingEvents: 0 };
    expect(healthReport([{ bucket: undefined, share, limits }], nowUs)).toEqual(report);
  });

  test('an unhealthy destination shows when its circuit opened, its next probe and its last failure', () => {
    const failure = { lastFailureCode: 'EndpointFailed', lastFailureAtUs: at(-500), failuresInRow: 5 } as const;
    const health = { ...failure, openedAtUs: at(-400), answerUs: 20_000 };
    expect(reportOf({ slotsUntilUs: at(1000), health })).toEqual({
      state: 'UNHEALTHY',
      sinceMs: at(-400) / 1000,
      nextProbeAtMs: at(1000) / 1000,
      lastFailure: { code: 'EndpointFailed', atMs: at(-500) / 1000 },
      failuresInRow: 5,
      meanAnswerMs: 20,
      waitingEvents: 0,
    });
  });

  test('an unhealthy destination shows no next probe while it is paused, because none is sent', () => {
    const report = reportOf({ slotsUntilUs: at(1000), health: { openedAtUs: at(-400), pausedUntilUs: at(5000) } });
    expect(report).toMatchObject({ state: 'PAUSED', sinceMs: at(-400) / 1000, pausedUntilMs: at(5000) / 1000 });
    expect(report).not.toHaveProperty('nextProbeAtMs');
  });

  test('the report shows no end for a pause that has no end or has already ended', () => {
    expect(reportOf({ health: { pausedUntilUs: forEverUs } })).toEqual({ state: 'PAUSED', failuresInRow: 0 });
    const ended = { state: 'HEALTHY', failuresInRow: 0, waitingEvents: 0 };
    expect(reportOf({ health: { pausedUntilUs: nowUs } })).toEqual(ended);
  });
});

describe('the number of waiting events', () => {
  test.each<[string, Given, number | undefined, number]>([
    ['is the number of return times that are left', { returnsUntilUs: at(3000) }, 10, 30],
    ['is 0 when the last return time has passed', { returnsUntilUs: at(-3000) }, 10, 0],
    [
      'is counted from a second before the last given slot ends',
      { slotsUntilUs: at(2000), returnsUntilUs: at(3000) },
      10,
      20,
    ],
    [
      'is counted from a second before a pause ends',
      { returnsUntilUs: at(60_000), health: { pausedUntilUs: at(59_000) } },
      10,
      20,
    ],
    [
      'is at most 100 for each second of return times during a pause',
      { returnsUntilUs: at(60_000), health: { pausedUntilUs: at(60_000) } },
      1000,
      100,
    ],
  ])('the number of waiting events %s', (_, given, ratePerSecond, waitingEvents) => {
    expect(reportOf(given, ratePerSecond)).toMatchObject({ waitingEvents });
  });

  test('the report adds up the waiting events of all shards and takes the health from the first shard', () => {
    const shards = [
      shardOf({ returnsUntilUs: at(1000) }),
      shardOf({ returnsUntilUs: at(2000), health: { answerUs: 9 } }),
    ];
    const report = healthReport(shards, nowUs);
    expect(report).toEqual({ state: 'HEALTHY', failuresInRow: 0, waitingEvents: 30 });
  });

  test('the number of waiting events is unknown during a pause that outlasts every return time', () => {
    expect(reportOf({ health: { pausedUntilUs: at(900_000) } })).toMatchObject({ waitingEvents: 0 });
    expect(reportOf({ health: { pausedUntilUs: at(900_000) + 1 } })).not.toHaveProperty('waitingEvents');
  });
});
