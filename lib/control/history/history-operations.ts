import { ServiceError } from '../../core/failure/service-error.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import { selectTarget } from '../../core/delivery/select-target.ts';
import { formatPageToken } from '../../core/input/page-token.ts';
import type {
  DeliveryHistory,
  DeliveryRecord,
  DeliveryWithRecords,
  HistoryFilter,
  Outcome,
  RecordedConclusion,
  RecordedDelivery,
} from '../../ports/history.ts';
import { defaultLimit, numberOf, positionRequestOf, requiredTextOf, requireOrder, textOf, timeMsOf } from '../input.ts';
import type { Operation } from '../operation.ts';
import { severalTargets } from '../refusals.ts';
import { insightsQuery } from './insights-query.ts';

export interface HistoryDependencies {
  /** Absent in a deployed stack, whose history is in CloudWatch Logs. */
  readonly history?: DeliveryHistory | undefined;
}

/** The keys are names of operations, as in X-Amz-Target. EventBridge does not have these operations. */
export function createHistoryOperations(dependencies: HistoryDependencies): Readonly<Record<string, Operation>> {
  return {
    ListDeliveries: listDeliveries(dependencies),
    GetDelivery: getDelivery(dependencies),
    GetConclusions: getConclusions(dependencies),
  };
}

function listDeliveries({ history }: HistoryDependencies): Operation {
  return async (input, { region }) => {
    const filter = filterOf(input);
    requireOrder(filter, 'deliveries');
    if (history === undefined) throw inLogs('list the deliveries', insightsQuery(filter));
    const binding = ['ListDeliveries', JSON.stringify(filter)];
    const page = positionRequestOf(input, binding, 'deliveries');
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

function getConclusions({ history }: HistoryDependencies): Operation {
  return async (input, { region }) => {
    const filter = filterOf(input);
    if (history === undefined) throw inLogs('get the conclusions', insightsQuery(filter));
    const after = textOf(input, 'Position');
    const page = { limit: numberOf(input, 'Limit') ?? defaultLimit, ...(after !== undefined && { after }) };
    const { conclusions, position } = await history.recordsAfter(region, filter, page);
    return { Conclusions: conclusions.map(conclusionOf), NextPosition: position };
  };
}

/** @throws ServiceError ResourceNotFoundException, or ValidationException that lists the rules and targets */
function selected(
  found: readonly DeliveryWithRecords[],
  rule: string | undefined,
  targetId: string | undefined,
): DeliveryWithRecords {
  const selection = selectTarget(found, { rule, targetId });
  if (selection.kind === 'one') return selection.item;
  if (selection.kind === 'several') throw severalTargets('describe', selection.items);
  throw new ServiceError(
    'ResourceNotFoundException',
    'Failed to describe the delivery. The history has no such delivery. ListDeliveries with EventId shows where the event went.',
  );
}

function filterOf(input: JsonObject): HistoryFilter {
  return withoutUndefined({
    eventId: textOf(input, 'EventId'),
    apiDestination: textOf(input, 'ApiDestinationName'),
    rule: textOf(input, 'Rule'),
    // The service model has refused every other text.
    outcome: textOf(input, 'Outcome') as Outcome | undefined,
    code: textOf(input, 'Code'),
    status: numberOf(input, 'Status'),
    text: textOf(input, 'Text'),
    afterMs: timeMsOf(input, 'After'),
    beforeMs: timeMsOf(input, 'Before'),
  });
}

function summaryOf(delivery: RecordedDelivery): JsonObject {
  return { ...conclusionOf(delivery), BeganAt: delivery.beganAtMs / 1000 };
}

function conclusionOf(conclusion: RecordedConclusion): JsonObject {
  const { eventId, apiDestination, rule, targetId, eventBus, source, detailType, traceId, keptAt, last } = conclusion;
  return withoutUndefined({
    EventId: eventId,
    ApiDestinationName: apiDestination,
    Rule: rule,
    TargetId: targetId,
    EventBusName: eventBus,
    Source: source,
    DetailType: detailType,
    TraceId: traceId,
    KeptAt: keptAt,
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

function inLogs(what: string, query: string): ServiceError {
  const where =
    'The history of a deployed stack is in CloudWatch Logs, in the log groups of the functions deliver and deliver-queued.';
  return new ServiceError(
    'OperationDisabledException',
    `Failed to ${what}. ${where} Query them with Logs Insights: ${query}`,
  );
}
