import { isOverviewRange, overviewRanges, periodsOf, unknownRange } from '../../console/api/overview.ts';
import type { Overview } from '../../console/api/overview.ts';
import type { CallResult } from '../../console/door/door.ts';
import type { JsonObject } from '../../core/input/json.ts';
import type { SqliteDeliveryHistory } from '../history/sqlite-history.ts';
import type { WaitingSamples } from './waiting-samples.ts';

export interface LocalOverviewDependencies {
  readonly history: Pick<SqliteDeliveryHistory, 'summarize'>;
  readonly samples: Pick<WaitingSamples, 'add' | 'periodsOf'>;
}

/** The overview of one region of the local stack, from its history and the samples of what waited. */
export function localOverview(
  { history, samples }: LocalOverviewDependencies,
  region: string,
  { Range: range }: JsonObject,
  nowMs: number,
): CallResult {
  if (!isOverviewRange(range)) return { error: unknownRange };
  const { periodSeconds } = overviewRanges[range];
  const { begin, count } = periodsOf(range, nowMs);
  const found = history.summarize(region, { beginMs: begin * 1000, periodMs: periodSeconds * 1000, count });
  samples.add(region, found);
  const overview: Overview & object = {
    Begin: begin,
    PeriodSeconds: periodSeconds,
    Delivered: found.delivered,
    Failed: found.deadLettered,
    P50Milliseconds: found.p50Ms,
    P99Milliseconds: found.p99Ms,
    OpenCircuits: found.openCircuits,
    WaitingEvents: found.waiting,
    ...(found.oldestBeganAtMs !== undefined && {
      OldestWaitSeconds: Math.max(0, (nowMs - found.oldestBeganAtMs) / 1000),
    }),
    Samples: samples.periodsOf(region, begin, periodSeconds, count),
  };
  return { output: overview as unknown as JsonObject };
}
