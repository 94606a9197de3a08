import { ServiceError } from '../../core/failure/service-error.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { formatPageToken, parsePageToken } from '../../core/input/page-token.ts';
import type {
  DeliveryHistory,
  DeliveryRecord,
  DeliveryWithRecords,
  HistoryFilter,
  Outcome,
  RecordedDelivery,
} from '../../ports/history.ts';
import { numberOf, requiredTextOf, textOf, withoutUndefined } from '../input.ts';
import type { Operation } from '../operation.ts';
import { insightsQuery } from './insights-query.ts';

export interface HistoryDependencies {
  /** Absent in a deployed stack, whose history is in CloudWatch Logs. */
  readonly history?: DeliveryHistory | undefined;
}

/** The keys are names of operations, as in X-Amz-Target. EventBridge does not have these operations. */
export function createHistoryOperations(dependencies: HistoryDependencies): Readonly<Record<string, Operation>> {
  return { ListDeliveries: listDeliveries(dependencies), GetDelivery: getDelivery(dependencies) };
}

/** The default is the maximum. Source: shape LimitMax100 of the service model. */
const defaultLimit = 100;

function listDeliveries({ history }: HistoryDependencies): Operation {
  return async (input, { region }) => {
    const filter = filterOf(input);
    const { afterMs = Number.NEGATIVE_INFINITY, beforeMs = Number.POSITIVE_INFINITY } = filter;
    if (afterMs >= beforeMs) throw invalid('After', 'It is not earlier than Before.');
    if (history === undefined) throw inLogs('list the deliveries', insightsQuery(filter));
    const binding = ['ListDeliveries', JSON.stringify(filter)];
    const page = { limit: numberOf(input, 'Limit') ?? defaultLimit, ...afterOf(input, binding) };
    const { deliveries, next } = await history.list(region, filter, page);
    return withoutUndefined({
      Deliveries: deliveries.map(summaryOf),
      NextToken: next === undefined ? undefined : formatPageToken(binding, next),
    });
  };
}

function getDelivery({ history }: HistoryDependencies): Operation {
  return async (input, { region }) => {
    const eventId = requiredTextOf(input, 'EventId');
    const apiDestination = requiredTextOf(input, 'ApiDestinationName');
    const [rule, targetId] = [textOf(input, 'Rule'), textOf(input, 'TargetId')];
    const asked = { eventId, apiDestination, ...(rule !== undefined && { rule }) };
    if (history === undefined) throw inLogs('describe the delivery', insightsQuery(asked));
    const found = await history.get(region, eventId, apiDestination);
    const delivery = selected(found, rule, targetId);
    const { records, ...summary } = delivery;
    return { ...summaryOf(summary), Attempts: records.map(recordOf) };
  };
}

/**
 * Rule and target only need to be named if several sent the event to the same API destination.
 *
 * @throws ServiceError ResourceNotFoundException, or ValidationException that lists the rules and targets
 */
function selected(
  found: readonly DeliveryWithRecords[],
  rule: string | undefined,
  targetId: string | undefined,
): DeliveryWithRecords {
  const matching = found.filter(
    (each) =>
      (rule === undefined || each.rule === rule || each.rule?.endsWith(`/${rule}`) === true) &&
      (targetId === undefined || each.targetId === targetId),
  );
  // Without this, a delivery that no rule has sent could not be told from those that rules have sent.
  const exact = matching.find((each) => each.rule === rule && each.targetId === targetId);
  const [first, second] = exact === undefined ? matching : [exact];
  if (first === undefined)
    throw new ServiceError(
      'ResourceNotFoundException',
      'Failed to describe the delivery. The history has no such delivery. ListDeliveries with EventId shows where the event went.',
    );
  if (second === undefined) return first;
  const targets = matching.map((each) => `Rule '${each.rule ?? '(none)'}' TargetId '${each.targetId ?? '(none)'}'`);
  const text = `Failed to describe the delivery. ${matching.length} targets sent this event to this API destination. Give the Rule or TargetId of one: ${targets.join(', ')}.`;
  throw new ServiceError('ValidationException', text);
}

function filterOf(input: JsonObject): HistoryFilter {
  const members = {
    eventId: textOf(input, 'EventId'),
    apiDestination: textOf(input, 'ApiDestinationName'),
    rule: textOf(input, 'Rule'),
    // The service model has refused every other text.
    outcome: textOf(input, 'Outcome') as Outcome | undefined,
    code: textOf(input, 'Code'),
    status: numberOf(input, 'Status'),
    text: textOf(input, 'Text'),
    afterMs: msOf(input, 'After'),
    beforeMs: msOf(input, 'Before'),
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function msOf(input: JsonObject, name: string): number | undefined {
  const seconds = numberOf(input, name);
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}

function afterOf(input: JsonObject, binding: readonly string[]): { readonly after?: string } {
  const token = textOf(input, 'NextToken');
  if (token === undefined) return {};
  const after = parsePageToken(binding, token);
  if (after !== undefined) return { after };
  throw invalid('NextToken', 'It does not come from a list with the same filters. Leave it out to get the first page.');
}

function summaryOf(delivery: RecordedDelivery): JsonObject {
  const { eventId, apiDestination, rule, targetId, source, detailType, traceId, firstConcludedAtMs, last } = delivery;
  return withoutUndefined({
    EventId: eventId,
    ApiDestinationName: apiDestination,
    Rule: rule,
    TargetId: targetId,
    Source: source,
    DetailType: detailType,
    TraceId: traceId,
    FirstConcludedAt: firstConcludedAtMs / 1000,
    ...recordOf(last),
  });
}

/** Times are epoch seconds with milliseconds, because attempts of one delivery may be closer than a second. */
function recordOf(record: DeliveryRecord): JsonObject {
  const { concludedAtMs, outcome, attempts, durationMs, rateWaitMs, status, code, reason, answer, waitsFor } = record;
  return withoutUndefined({
    ConcludedAt: concludedAtMs / 1000,
    Outcome: outcome,
    AttemptsMade: attempts,
    DurationMilliseconds: durationMs,
    RateWaitMilliseconds: rateWaitMs,
    Status: status,
    Code: code,
    Reason: reason,
    Answer: answer,
    NextAttemptAt: record.nextAttemptAtMs === undefined ? undefined : record.nextAttemptAtMs / 1000,
    WaitsFor: waitsFor,
  });
}

function invalid(parameter: string, reason: string): ServiceError {
  return new ServiceError(
    'ValidationException',
    `Failed to list the deliveries. Parameter ${parameter} is not valid. Reason: ${reason}`,
  );
}

function inLogs(what: string, query: string): ServiceError {
  const where =
    'The history of a deployed stack is in CloudWatch Logs, in the log groups of the functions deliver and deliver-queued.';
  return new ServiceError(
    'OperationDisabledException',
    `Failed to ${what}. ${where} Query them with Logs Insights: ${query}`,
  );
}
