import { styleText } from 'node:util';
import { answerLine } from '../../core/delivery/answer-text.ts';
import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { counted, printable } from '../../local/terminal-text.ts';

/** @param seconds epoch seconds with milliseconds, as in an answer of ListDeliveries */
export function exactTimeOf(seconds: JsonValue | undefined): string {
  return new Date(Math.round(Number(seconds) * 1000)).toISOString();
}

/** One line for each delivery, in columns. */
export function deliveryLines(deliveries: readonly JsonObject[]): readonly string[] {
  const rows = deliveries.map((delivery) => [exactTimeOf(delivery['BeganAt']), ...rowOf(delivery)]);
  return inColumns([['began', ...columns], ...rows], { outcomeColumn: 1 });
}

/**
 * Lines of invocations that come one after the other. A column grows with its widest cell so far.
 *
 * @returns the lines of the next invocations; the first lines begin with the names of the columns
 */
export function createConclusionLines(): (conclusions: readonly JsonObject[]) => readonly string[] {
  let head: readonly string[][] = [['ended', ...columns]];
  let widths: readonly number[] = [longestTime, longestOutcome];
  return (conclusions) => {
    if (conclusions.length === 0) return [];
    const rows = [...head, ...conclusions.map((each) => [exactTimeOf(each['ConcludedAt']), ...rowOf(each)])];
    head = [];
    widths = widthsOf(rows, widths);
    return inColumns(rows, { widths, outcomeColumn: 1 });
  };
}

const [longestTime, longestOutcome] = ['2026-01-31T08:00:00.000Z'.length, 'dead-lettered'.length];

const columns = ['outcome', 'API destination', 'event', 'status', 'attempts', 'type and code'] as const;

function rowOf(delivery: JsonObject): readonly string[] {
  return [
    String(delivery['Outcome']),
    whereOf(delivery),
    named(delivery['EventId'], '(no id)'),
    statusOf(delivery),
    counted(Number(delivery['AttemptsMade']), 'attempt'),
    [delivery['DetailType'], delivery['Code']]
      .flatMap((text) => (text === undefined ? [] : [named(text, '')]))
      .join('  '),
  ];
}

function whereOf({ ApiDestinationName, EventBusName }: JsonObject): string {
  return EventBusName === undefined
    ? named(ApiDestinationName, '(no API destination)')
    : `(event bus ${named(EventBusName, '')})`;
}

/** The lines of an event that went to no API destination: why, and where it was put. */
export function undeliveredLines(event: JsonObject): readonly string[] {
  const { EventId, EventBusName, Source, DetailType, BeganAt, Outcome, Reason } = event;
  return [
    `event ${named(EventId, '(no id)')} on the event bus ${named(EventBusName, '')}: ${painted(String(Outcome))}`,
    ...factLines([
      ['source', Source],
      ['type', DetailType],
      ['put at', exactTimeOf(BeganAt)],
    ]),
    `  ${printable(String(Reason), 1024)}`,
  ];
}

/** The event and its way in the first lines; then one line for each invocation that had the event. */
export function attemptLines(delivery: JsonObject): readonly string[] {
  const { EventId, ApiDestinationName, Rule, TargetId, Source, DetailType, TraceId, Attempts } = delivery;
  const facts: readonly (readonly [string, JsonValue | undefined])[] = [
    ['source', Source],
    ['type', DetailType],
    ['rule', Rule],
    ['target', TargetId],
    ['trace', TraceId],
  ];
  const records = Array.isArray(Attempts) ? (Attempts as readonly JsonObject[]) : [];
  const rows = records.map((record) => [
    `  ${String(record['AttemptsMade'])}`,
    exactTimeOf(record['ConcludedAt']),
    String(record['Outcome']),
    statusOf(record),
    milliseconds(record['RateWaitMilliseconds']),
    milliseconds(record['DurationMilliseconds']),
  ]);
  const lines = inColumns([['  attempt', 'ended', 'outcome', 'status', 'wait', 'duration'], ...rows], {
    outcomeColumn: 2,
  });
  return [
    `event ${named(EventId, '(no id)')} to ${named(ApiDestinationName, '(no API destination)')}: ${painted(String(delivery['Outcome']))}`,
    ...factLines(facts),
    ...(delivery['Outcome'] === 'waiting' ? [waitingLine(delivery)] : []),
    ...(records.length === 0 ? [] : lines).flatMap((line, index) => [line, ...failureLines(records[index - 1])]),
  ];
}

function factLines(facts: readonly (readonly [string, JsonValue | undefined])[]): readonly string[] {
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(6)}  ${named(value, '')}`]));
}

function waitingLine({ BeganAt }: JsonObject): string {
  return `  in the delivery queue since ${exactTimeOf(BeganAt)}; its first attempt has not ended yet`;
}

function failureLines(record: JsonObject | undefined): readonly string[] {
  const { Code, Reason, Answer, NextAttemptAt, WaitsFor } = record ?? {};
  const why = WaitsFor === undefined ? '' : ` (${named(WaitsFor, '')})`;
  return [
    ...(Code === undefined ? [] : [`    ${named(Code, '')}: ${printable(String(Reason), 1024)}`]),
    ...(Answer === undefined ? [] : [`    answer: ${answerLine(String(Answer))}`]),
    ...(NextAttemptAt === undefined ? [] : [`    waits until ${exactTimeOf(NextAttemptAt)}${why}`]),
  ];
}

interface ColumnOptions {
  readonly widths?: readonly number[];
  /** The column whose cells are outcomes, which have colours on a terminal. */
  readonly outcomeColumn?: number;
}

export function inColumns(rows: readonly (readonly string[])[], options: ColumnOptions = {}): readonly string[] {
  const { widths = widthsOf(rows), outcomeColumn } = options;
  const inColumn = (cell: string, column: number): string =>
    (column === outcomeColumn ? painted(cell) : cell) + ' '.repeat((widths[column] ?? 0) - cell.length);
  return rows.map((row) => row.map(inColumn).join('  ').trimEnd());
}

const colours: Readonly<Record<string, 'green' | 'yellow' | 'red'>> = {
  delivered: 'green',
  deferred: 'yellow',
  returned: 'yellow',
  waiting: 'yellow',
  unmatched: 'yellow',
  'dead-lettered': 'red',
  refused: 'red',
};

/** Node finds out whether stdout is a terminal with colours, and obeys NO_COLOR and FORCE_COLOR. */
function painted(outcome: string): string {
  const colour = colours[outcome];
  return colour === undefined ? outcome : styleText(colour, outcome);
}

function widthsOf(rows: readonly (readonly string[])[], atLeast: readonly number[] = []): readonly number[] {
  return (rows[0] ?? []).map((_, column) =>
    Math.max(atLeast[column] ?? 0, ...rows.map((row) => row[column]?.length ?? 0)),
  );
}

export function statusOf({ Status }: JsonObject): string {
  return Status === undefined ? '-' : `HTTP ${String(Status)}`;
}

function milliseconds(value: JsonValue | undefined): string {
  return value === undefined ? '-' : `${Math.round(Number(value))} ms`;
}

export function named(value: JsonValue | undefined, absent: string): string {
  return value === undefined ? absent : printable(String(value));
}
