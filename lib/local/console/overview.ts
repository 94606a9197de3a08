import { isOverviewRange, overviewRanges, periodsOf, unknownRange } from '../../console/api/overview.ts';
import type { Overview } from '../../console/api/overview.ts';
import type { CallResult } from '../../console/door/door.ts';
import type { JsonObject } from '../../core/input/json.ts';
import type { SqliteDeliveryHistory } from '../history/sqlite-history.ts';

/** The overview of one region of the local stack, from its history. */
export function localOverview(
  history: Pick<SqliteDeliveryHistory, 'summarize'>,
  region: string,
  { Range: range }: JsonObject,
  nowMs: number,
): CallResult {
  if (!isOverviewRange(range)) return { error: unknownRange };
  const { periodSeconds } = overviewRanges[range];
  const { begin, count } = periodsOf(range, nowMs);
  const found = history.summarize(region, { beginMs: begin * 1000, periodMs: periodSeconds * 1000, count });
  const overview: Overview & JsonObject = {
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
  };
  return { output: overview };
}
