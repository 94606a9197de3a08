import { answerLine } from '../../core/delivery/answer-text.ts';
import type { Conclusion } from '../../core/delivery/delivery.ts';
import { parseEventsArn } from '../../core/destination/arn.ts';
import type { DeliveryLog } from '../../ports/delivery.ts';
import type { ConnectionLog, CredentialsLog, HealthLog, InvocationMetrics, SecurityLog } from '../../ports/metrics.ts';
import { printable } from '../terminal-text.ts';

export interface ReadableDeliveryLogOptions {
  readonly writeLine: (line: string) => void;
  readonly nowMs: () => number;
  readonly colour: boolean;
}

/** Writes one readable line for each delivery. */
export function createReadableDeliveryLog(options: ReadableDeliveryLogOptions): DeliveryLog {
  return {
    record: (conclusion) => options.writeLine(formatDelivery(conclusion, options.nowMs(), options.colour)),
  };
}

/** Formats a line such as `09:14:03.120  delivered  orders  event 7bf7...  HTTP 200  attempt 1  35 ms`. */
export function formatDelivery(conclusion: Conclusion, nowMs: number, colour: boolean): string {
  const {
    settlement,
    nextAttemptAtMs,
    waitsFor,
    eventId,
    apiDestination,
    status,
    attempts,
    durationMs,
    code,
    reason,
    answer,
  } = conclusion;
  const parts = [
    timeOf(nowMs),
    paint(settlement.kind, colour),
    printable(apiDestination === undefined ? '(no API destination)' : nameOf(apiDestination)),
    `event ${printable(eventId ?? '(no id)')}`,
    status === undefined ? 'no answer' : `HTTP ${status}`,
    `attempt ${attempts}`,
    `${Math.round(durationMs)} ms`,
  ];
  if (nextAttemptAtMs !== undefined) {
    const why = waitsFor === undefined ? '' : ` (${waitsFor})`;
    parts.push(`waits until ${timeOf(nextAttemptAtMs)}${why}`);
  }
  if (code !== undefined) parts.push(printable(reason === undefined ? code : `${code}: ${reason}`));
  if (answer !== undefined) parts.push(`answer: ${answerLine(answer)}`);
  return parts.join('  ');
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23);
}

/** @param apiDestination the name or the ARN of an API destination */
function nameOf(apiDestination: string): string {
  return parseEventsArn(apiDestination)?.name ?? apiDestination;
}

const colours = { delivered: 32, 'dead-lettered': 31, deferred: 33, returned: 33 } as const;

function paint(kind: Conclusion['settlement']['kind'], colour: boolean): string {
  return colour ? `\u001B[${colours[kind]}m${kind}\u001B[39m` : kind;
}

/** Writes lines such as `09:14:03.120  deauthorized  connection shop`. */
export function createReadableConnectionLog(options: Omit<ReadableDeliveryLogOptions, 'colour'>): ConnectionLog {
  const writeLine = (event: string, text: string): void =>
    options.writeLine(`${timeOf(options.nowMs())}  ${event}  ${text}`);
  return {
    deauthorized: (connectionName) => writeLine('deauthorized', `connection ${printable(connectionName)}`),
    tokenFailed({ connection, code, reason, nextTryAtMs }) {
      const next = nextTryAtMs === undefined ? 'no further try' : `next try ${timeOf(nextTryAtMs)}`;
      writeLine('no token', `connection ${printable(connection)}  ${code}: ${printable(reason, 600)}  ${next}`);
    },
  };
}

/** Writes lines such as `09:14:03.120  unhealthy  orders, TimedOut, failures 5, next probe 09:14:04.100`. */
export function createReadableHealthLog(options: Omit<ReadableDeliveryLogOptions, 'colour'>): HealthLog {
  return {
    record(event) {
      const details =
        event.event === 'healthy'
          ? [`after ${Math.round(event.unhealthyForMs / 1000)} s`]
          : [event.code, `failures ${event.failures}`, `next probe ${timeOf(event.nextProbeAtMs)}`];
      const line = [printable(event.apiDestination), ...details].join(', ');
      options.writeLine(`${timeOf(options.nowMs())}  ${event.event}  ${line}`);
    },
  };
}

/** Writes lines such as `09:14:03.120  security  destination-moved  apiDestination orders, fromHost ...`. */
export function createReadableCredentialsLog(options: Omit<ReadableDeliveryLogOptions, 'colour'>): CredentialsLog {
  return {
    record({ event, ...members }) {
      const time = timeOf(options.nowMs());
      const shown = Object.entries(members).map(([name, value]) => `${name} ${printable(String(value))}`);
      options.writeLine(`${time}  security  ${event}  ${shown.join(', ')}`);
    },
  };
}

/** Writes lines such as `09:14:03.120  refused  the address of inside.example.com: 10.1.2.3, private`. */
export function createReadableSecurityLog(options: Omit<ReadableDeliveryLogOptions, 'colour'>): SecurityLog {
  return {
    addressRefused({ host, address, reason }) {
      const time = timeOf(options.nowMs());
      const what = address === undefined ? reason : `${address}, ${reason}`;
      options.writeLine(`${time}  refused  the address of ${printable(host)}: ${printable(what)}`);
    },
  };
}

/** There is no CloudWatch on a laptop, and metrics would only fill the terminal. */
export const noMetrics: InvocationMetrics = {
  count: () => undefined,
  time: () => undefined,
  during: (_signal, invocation) => invocation(),
};
