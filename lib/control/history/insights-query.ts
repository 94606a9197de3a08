import type { HistoryFilter } from '../../ports/history.ts';

const fields =
  '@timestamp, outcome, apiDestination, eventId, detailType, rule, attempt, status, code, reason, answer, durationMs, rateWaitMs, nextAttemptAt, waitsFor';

/**
 * The query of CloudWatch Logs Insights that shows the log lines of the same deliveries, the newest first. The query compares each
 * line, not only the last one of a delivery.
 */
export function insightsQuery(filter: HistoryFilter): string {
  const { eventId, apiDestination, rule, outcome, code, status, text, afterMs, beforeMs } = filter;
  const conditions = [
    'message = "delivery.concluded"',
    eventId !== undefined && `eventId = ${quoted(eventId)}`,
    // A line has the name or the ARN, as the envelope had it.
    apiDestination !== undefined &&
      `(apiDestination = ${quoted(apiDestination)} or apiDestination like ${quoted(`:api-destination/${apiDestination}/`)})`,
    rule !== undefined && (rule.startsWith('arn:') ? `rule = ${quoted(rule)}` : `rule like ${quoted(`/${rule}`)}`),
    outcome !== undefined && `outcome = ${quoted(outcome)}`,
    code !== undefined && `code = ${quoted(code)}`,
    status !== undefined && `status = ${status}`,
    text !== undefined && `(reason like ${pattern(text)} or answer like ${pattern(text)})`,
    afterMs !== undefined && `toMillis(@timestamp) >= ${afterMs}`,
    beforeMs !== undefined && `toMillis(@timestamp) < ${beforeMs}`,
  ];
  return `fields ${fields} | filter ${conditions.filter((each) => each !== false).join(' and ')} | sort @timestamp desc`;
}

/** A text of Logs Insights is in double quotes, and a backslash escapes a quote or a backslash in it. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
}

/** A regular expression that ignores case, for a text that is meant literally. */
function pattern(text: string): string {
  return `/(?i)${text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, (character) => `\\${character}`)}/`;
}
