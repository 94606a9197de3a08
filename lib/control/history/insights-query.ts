import { lineFilter } from '../../core/delivery/line-conditions.ts';
import type { HistoryFilter } from '../../ports/history.ts';

const fields =
  '@timestamp, outcome, apiDestination, eventId, detailType, rule, attempt, status, code, reason, answer, durationMs, rateWaitMs, nextAttemptAt, waitsFor';

/**
 * The query of CloudWatch Logs Insights that shows the log lines of the same deliveries, the newest first. The query compares each
 * line, not only the last one of a delivery.
 */
export function insightsQuery(filter: HistoryFilter): string {
  return `fields ${fields} | ${lineFilter(filter)} | sort @timestamp desc`;
}
