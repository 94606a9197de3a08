import { parseEventsArn, ruleNameOf } from '../../core/destination/arn.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { isJsonObject, withoutUndefined } from '../../core/input/json.ts';
import type { DeliveryRecord, DeliveryWithRecords, HistoryFilter, RecordedDelivery } from '../../ports/history.ts';
import type { QueryRow } from './query.ts';

type Names = Omit<RecordedDelivery, 'beganAtMs' | 'last'>;

/** One line `delivery.concluded`. */
export interface DeliveryLine {
  /** Identifies the line in CloudWatch Logs. */
  readonly pointer: string;
  readonly names: Names;
  readonly record: DeliveryRecord;
}

/** @returns undefined for a line of another kind */
export function parseLine(row: QueryRow): DeliveryLine | undefined {
  const line = jsonIn(row.get('@message') ?? '');
  const concludedAtMs = timeIn(row);
  if (line?.['message'] !== 'delivery.concluded' || concludedAtMs === undefined) return undefined;
  const text = (name: string) => (typeof line[name] === 'string' && line[name] !== '' ? line[name] : undefined);
  const number = (name: string) => (typeof line[name] === 'number' ? line[name] : undefined);
  const apiDestination = text('apiDestination');
  const nextAttemptAtMs = Date.parse(text('nextAttemptAt') ?? '');
  const names = {
    eventId: text('eventId'),
    apiDestination: apiDestination && (parseEventsArn(apiDestination)?.name ?? apiDestination),
    rule: text('rule'),
    targetId: text('targetId'),
    source: text('source'),
    detailType: text('detailType'),
    traceId: text('traceId'),
    keptAt: text('kept'),
  };
  const record = {
    concludedAtMs,
    outcome: text('outcome') ?? 'returned',
    attempts: number('attempt') ?? 0,
    durationMs: number('durationMs') ?? 0,
    rateWaitMs: number('rateWaitMs'),
    status: number('status'),
    code: text('code'),
    reason: text('reason'),
    answer: text('answer'),
    nextAttemptAtMs: Number.isNaN(nextAttemptAtMs) ? undefined : nextAttemptAtMs,
    waitsFor: text('waitsFor'),
  };
  const pointer = row.get('@ptr') ?? JSON.stringify([...row]);
  return { pointer, names: withoutUndefined(names), record: withoutUndefined(record) as DeliveryRecord };
}

/** Logs Insights prints `2026-01-31 08:00:00.000` in UTC. */
export function timeIn(row: QueryRow): number | undefined {
  const timestamp = row.get('@timestamp') ?? '';
  const ms = Date.parse(`${timestamp.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

function jsonIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Deliveries with their records, in the order in which they began. A line that names no event is a delivery of its own. */
export function deliveriesIn(lines: Iterable<DeliveryLine>): readonly DeliveryWithRecords[] {
  const byDelivery = new Map<string, DeliveryLine[]>();
  for (const line of [...lines].sort(byTime)) {
    const { eventId, apiDestination, rule, targetId } = line.names;
    const key = eventId === undefined ? line.pointer : JSON.stringify([eventId, apiDestination, rule, targetId]);
    const known = byDelivery.get(key);
    if (known === undefined) byDelivery.set(key, [line]);
    else known.push(line);
  }
  return [...byDelivery.values()].flatMap((ofDelivery) => {
    const [first, last] = [ofDelivery[0], ofDelivery.at(-1)];
    if (first === undefined || last === undefined) return [];
    const records = ofDelivery.map(({ record }) => record);
    const names = { ...first.names, ...ofDelivery.findLast((line) => line.names.keptAt !== undefined)?.names };
    return [{ ...names, beganAtMs: first.record.concludedAtMs, last: last.record, records }];
  });
}

/** Lines of the same millisecond have an order too, so that every list has the same. */
function byTime(a: DeliveryLine, b: DeliveryLine): number {
  const [first, second] = [a.record, b.record];
  const difference = first.concludedAtMs - second.concludedAtMs || first.attempts - second.attempts;
  return difference || (a.pointer < b.pointer ? -1 : 1);
}

/** Whether a delivery matches every member of the filter. A query can only compare single lines. */
export function matches(delivery: DeliveryWithRecords, filter: HistoryFilter): boolean {
  const { eventId, apiDestination, rule, outcome, code, status, text, afterMs, beforeMs } = filter;
  const { last, beganAtMs, records } = delivery;
  return (
    fits(eventId, delivery.eventId) &&
    fits(apiDestination, delivery.apiDestination) &&
    fits(rule, rule?.startsWith('arn:') === true ? delivery.rule : delivery.rule && ruleNameOf(delivery.rule)) &&
    fits(outcome, last.outcome) &&
    fits(code, last.code) &&
    fits(status, last.status) &&
    (text === undefined || records.some((record) => hasText(record, text))) &&
    beganAtMs >= (afterMs ?? Number.NEGATIVE_INFINITY) &&
    beganAtMs < (beforeMs ?? Number.POSITIVE_INFINITY)
  );
}

/** Whether nothing was asked for, or this value. */
function fits(asked: unknown, value: unknown): boolean {
  return asked === undefined || asked === value;
}

function hasText({ reason = '', answer = '' }: DeliveryRecord, text: string): boolean {
  const searched = inLowerCase(text);
  return [reason, answer].some((each) => inLowerCase(each).includes(searched));
}

/** Only A to Z, as SQLite compares. */
function inLowerCase(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
