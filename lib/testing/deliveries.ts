import { setTimeout as delay } from 'node:timers/promises';
import { callOperation } from './control-calls.ts';

/** What has happened to one event on its way to one API destination. The members are those of the operation ListDeliveries. */
export interface Delivery {
  readonly EventId: string;
  readonly ApiDestinationName?: string;
  /** ARN. */
  readonly Rule?: string;
  readonly TargetId?: string;
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Outcome: 'delivered' | 'deferred' | 'dead-lettered' | 'returned' | 'waiting' | 'unmatched' | 'refused';
  readonly AttemptsMade: number;
  /** The HTTP status of the last answer. */
  readonly Status?: number;
  /** Failure code, such as `EndpointRejected`. */
  readonly Code?: string;
  readonly Reason?: string;
  /** The beginning of the last answer, when the event was not delivered. */
  readonly Answer?: string;
  /** Epoch seconds. */
  readonly NextAttemptAt?: number;
  readonly WaitsFor?: string;
  readonly [member: string]: unknown;
}

export interface DeliveryFilter {
  readonly EventId?: string;
  readonly ApiDestinationName?: string;
  readonly Outcome?: Delivery['Outcome'];
}

export interface WaitOptions {
  /** Needed when the event goes to several API destinations. */
  readonly apiDestination?: string;
  /** Default: 10,000. */
  readonly timeoutMs?: number;
}

/** Lists the deliveries of the stack, those that began last first. */
export async function listDeliveries(url: string, filter: DeliveryFilter): Promise<readonly Delivery[]> {
  const deliveries: Delivery[] = [];
  let NextToken: unknown;
  do {
    const page = { ...filter, ...(NextToken !== undefined && { NextToken }) };
    const output = await callOperation(url, 'Lastmile.ListDeliveries', page);
    deliveries.push(...(output['Deliveries'] as readonly Delivery[]));
    NextToken = output['NextToken'];
  } while (NextToken !== undefined);
  return deliveries;
}

const hasEnded = ({ Outcome }: Delivery): boolean => !['waiting', 'deferred', 'returned'].includes(Outcome);

const pollMs = 20;

/**
 * Waits until the delivery of an event has ended: it was delivered or is in the dead-letter queue, or no rule matched.
 *
 * @throws Error that says how far the delivery has come, when the time is over
 */
export async function waitForDelivery(
  url: string,
  eventId: string,
  { apiDestination, timeoutMs = 10_000 }: WaitOptions = {},
): Promise<Delivery> {
  const filter = { EventId: eventId, ...(apiDestination !== undefined && { ApiDestinationName: apiDestination }) };
  const endsAtMs = performance.now() + timeoutMs;
  for (;;) {
    const [delivery] = await listDeliveries(url, filter);
    if (delivery !== undefined && hasEnded(delivery)) return delivery;
    if (performance.now() >= endsAtMs) throw new Error(whyNotEnded(eventId, timeoutMs, delivery));
    await delay(pollMs);
  }
}

function whyNotEnded(eventId: string, timeoutMs: number, delivery: Delivery | undefined): string {
  const late = `The delivery of the event ${eventId} has not ended after ${timeoutMs} ms.`;
  if (delivery === undefined) return `${late} The stack knows no such event: was it sent to this stack?`;
  const { ApiDestinationName, Outcome, AttemptsMade, Status, Code, Reason, NextAttemptAt, WaitsFor } = delivery;
  const details = [
    ApiDestinationName,
    Outcome,
    `attempts: ${AttemptsMade}`,
    Status === undefined ? '' : `HTTP ${Status}`,
    Code === undefined ? '' : `${Code}: ${String(Reason)}`,
    NextAttemptAt === undefined ? '' : `next attempt at ${new Date(NextAttemptAt * 1000).toISOString()}`,
    WaitsFor === undefined ? '' : `waits for ${WaitsFor}`,
  ].filter((detail) => detail !== undefined && detail !== '');
  return `${late} So far: ${details.join(', ')}.`;
}
