import type { HealthEvent } from '../../lib/core/health/health-event.ts';

/** One request of the simulation. */
interface SentRequest {
  readonly beganMs: number;
  readonly isProbe: boolean;
}

/** The requests to one endpoint, and the changes of its health with the times of the decisions. */
export interface EndpointHistory {
  readonly requests: SentRequest[];
  readonly changes: { readonly atMs: number; readonly event: HealthEvent }[];
  readonly deliveredAtMs: number[];
}

/** Records the events of the simulation with its own time, not with the clocks of the workers. */
export class IsolationJournal {
  readonly #histories = new Map<string, EndpointHistory>();
  /** For each event of a healthy destination: when it arrived in the queue, and the time from then to its request. */
  readonly healthyWaits: { readonly bornMs: number; readonly waitedMs: number }[] = [];
  /** In these periods, a batch had sent all events of healthy destinations, and waited only for those of dead ones. */
  readonly held: { readonly fromMs: number; readonly untilMs: number }[] = [];

  of(destination: string): EndpointHistory {
    const known = this.#histories.get(destination) ?? { requests: [], changes: [], deliveredAtMs: [] };
    this.#histories.set(destination, known);
    return known;
  }
}

/** @returns the number of failures that opened the circuit; undefined when it never opened */
export function failuresAtOpening({ changes }: EndpointHistory): number | undefined {
  const opening = changes.find(({ event }) => event.event === 'unhealthy');
  return opening?.event.event === 'unhealthy' ? opening.event.failures : undefined;
}

export function openings({ changes }: EndpointHistory): number {
  return changes.filter(({ event }) => event.event === 'unhealthy').length;
}

/** Requests that began before the circuit opened, whether or not they had ended by then. */
export function requestsBeforeOpening({ requests, changes }: EndpointHistory): number {
  const openedMs = changes.find(({ event }) => event.event === 'unhealthy')?.atMs ?? Number.POSITIVE_INFINITY;
  return requests.filter(({ beganMs }) => beganMs <= openedMs).length;
}

/** Counts requests that began while the circuit was open, although they were not probes. */
export function strayRequests({ requests, changes }: EndpointHistory): number {
  let strays = 0;
  for (const { beganMs, isProbe } of requests) {
    const last = changes.findLast(({ atMs }) => atMs < beganMs);
    if (last !== undefined && last.event.event !== 'healthy' && !isProbe) strays += 1;
  }
  return strays;
}

/**
 * The most probes in one interval. An interval begins when the circuit opens or a probe fails, because the time of the next
 * probe is then decided.
 */
export function mostProbesPerInterval({ requests, changes }: EndpointHistory): number {
  const counts = changes.map(({ atMs }, index) => {
    const endMs = changes[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    return requests.filter(({ beganMs, isProbe }) => isProbe && beganMs > atMs && beganMs <= endMs).length;
  });
  return Math.max(0, ...counts);
}

/**
 * The time from the healing of the endpoint to a delivery, divided by the interval of the probes. A probe that began before the
 * healing may still fail afterwards. Then the time counts from this failure.
 */
export function intervalsUntil({ changes }: EndpointHistory, deliveredMs: number, healedMs: number): number {
  const last = changes.findLast(({ atMs, event }) => atMs < deliveredMs && event.event !== 'healthy');
  if (last === undefined || last.event.event === 'healthy') return 0;
  return (deliveredMs - Math.max(healedMs, last.atMs)) / (last.event.nextProbeAtMs - last.atMs);
}
