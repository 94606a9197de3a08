import { parseEventsArn } from '../core/arn.ts';
import type { Conclusion } from '../core/delivery.ts';
import type { DeliveryLog } from '../ports.ts';

export interface ReadableDeliveryLogOptions {
  readonly writeLine: (line: string) => void;
  readonly nowMs: () => number;
  readonly colour: boolean;
}

/** One line per delivery for a person to read. */
export function createReadableDeliveryLog(options: ReadableDeliveryLogOptions): DeliveryLog {
  return {
    record: (conclusion) => options.writeLine(formatDelivery(conclusion, options.nowMs(), options.colour)),
  };
}

/** `09:14:03.120  delivered  orders  event 7bf7...  HTTP 200  attempt 1  35 ms` */
export function formatDelivery(conclusion: Conclusion, nowMs: number, colour: boolean): string {
  const { settlement, eventId, apiDestination, status, attempts, durationMs, code, reason } = conclusion;
  const parts = [
    new Date(nowMs).toISOString().slice(11, 23),
    paint(settlement.kind, colour),
    printable(apiDestination === undefined ? '(no API destination)' : nameOf(apiDestination)),
    `event ${printable(eventId ?? '(no id)')}`,
    status === undefined ? 'no answer' : `HTTP ${status}`,
    `attempt ${attempts}`,
    `${Math.round(durationMs)} ms`,
  ];
  if (code !== undefined) parts.push(printable(reason === undefined ? code : `${code}: ${reason}`));
  return parts.join('  ');
}

/** A person knows the name; a rule's target has the ARN. */
function nameOf(apiDestination: string): string {
  return parseEventsArn(apiDestination)?.name ?? apiDestination;
}

const colours = { delivered: 32, 'dead-lettered': 31, deferred: 33, returned: 33 } as const;

function paint(kind: Conclusion['settlement']['kind'], colour: boolean): string {
  return colour ? `\u001B[${colours[kind]}m${kind}\u001B[39m` : kind;
}

const maxLength = 300;

/** Names and ids come from outside: nothing in them may move the cursor or begin another line. */
export function printable(text: string, maxCharacters = maxLength): string {
  const oneLine = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return oneLine.length > maxCharacters ? `${oneLine.slice(0, maxCharacters)}...` : oneLine;
}
