/** Conditions for lines `delivery.concluded` in CloudWatch Logs. A line must match each of them. */
export interface LineConditions {
  readonly eventId?: string;
  /** One of these events. */
  readonly eventIds?: readonly string[];
  /** A name. A line has the name or the ARN, as the input had it. */
  readonly apiDestination?: string;
  /** Name or ARN. A name also matches rules whose name begins with it. */
  readonly rule?: string;
  readonly outcome?: string;
  readonly exceptOutcome?: string;
  readonly code?: string;
  readonly status?: number;
  /** A part of the reason or the answer, in upper or lower case. */
  readonly text?: string;
  readonly afterMs?: number;
  readonly beforeMs?: number;
}

/** The command `filter` of a query of CloudWatch Logs Insights. */
export function lineFilter(conditions: LineConditions): string {
  const { eventId, eventIds, apiDestination, rule, outcome, exceptOutcome, code, status, text, afterMs, beforeMs } =
    conditions;
  const comparisons = [
    'message = "delivery.concluded"',
    eventId !== undefined && `eventId = ${quoted(eventId)}`,
    eventIds !== undefined && `eventId in [${eventIds.map(quoted).join(', ')}]`,
    apiDestination !== undefined &&
      `(apiDestination = ${quoted(apiDestination)} or apiDestination like ${quoted(`:api-destination/${apiDestination}/`)})`,
    rule !== undefined && (rule.startsWith('arn:') ? `rule = ${quoted(rule)}` : `rule like ${quoted(`/${rule}`)}`),
    outcome !== undefined && `outcome = ${quoted(outcome)}`,
    exceptOutcome !== undefined && `outcome != ${quoted(exceptOutcome)}`,
    code !== undefined && `code = ${quoted(code)}`,
    status !== undefined && `status = ${status}`,
    text !== undefined && `(reason like ${pattern(text)} or answer like ${pattern(text)})`,
    afterMs !== undefined && `toMillis(@timestamp) >= ${afterMs}`,
    beforeMs !== undefined && `toMillis(@timestamp) < ${beforeMs}`,
  ];
  return `filter ${comparisons.filter((each) => each !== false).join(' and ')}`;
}

/** A text of Logs Insights is in double quotes, and a backslash escapes a quote or a backslash in it. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
}

/** A regular expression that ignores case, for a text that is meant literally. */
function pattern(text: string): string {
  return `/(?i)${text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, (character) => `\\${character}`)}/`;
}
