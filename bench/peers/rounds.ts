import { balance, type Crashed } from './balance.ts';
import { inTens } from './events.ts';
import { machineMs, type PeerProcess } from './process.ts';
import type { Arrived, ReceiverAsk } from './receiver.ts';
import type { Side } from './sides.ts';
import { inLanes } from '../rounds.ts';

/** The number of calls that fill a queue in parallel. */
const fillingCalls = 8;

/**
 * After this time without an arrival, no more arrivals are expected. It is longer than any lock, retry or check for stalled
 * jobs in these rounds.
 */
const quietMs = 30_000;

/** The time that is allowed for delivering the events that were given to another worker. */
const graceMs = 3000;

export interface Endpoint {
  readonly receiver: PeerProcess;
  readonly url: string;
}

/** @throws Error when events are missing */
async function allArrived(endpoint: Endpoint, events: number): Promise<Arrived> {
  const arrived = await arrivals(endpoint, events, true);
  const missing = events - new Set(arrived.events).size;
  if (missing > 0) throw new Error(`${missing} events of ${events} never arrived.`);
  return arrived;
}

function arrivals({ receiver }: Endpoint, events: number, forget: boolean): Promise<Arrived> {
  return receiver.ask<Arrived>({ kind: 'wait', events, quietMs, forget } satisfies ReceiverAsk);
}

async function fill(side: Side, first: number, count: number): Promise<void> {
  const calls = inTens(first, count);
  await inLanes(calls.length, fillingCalls, (call) => side.enqueue(calls[call] ?? []));
}

export interface Drained {
  /** Processor time of the worker's process, in us per event. */
  readonly workerUs: number;
  /** Processor time of the queue server, unless it is a stand-in. */
  readonly serverUs: number | undefined;
  readonly perSecond: number;
}

/** A side and the number of events it has settled so far. */
export interface Counted {
  readonly side: Side;
  events: number;
}

/**
 * Fills the queue while the worker gets no events. Then the worker empties the queue as fast as possible.
 *
 * The rate counts only the last nine tenths of the events, because the first batches may have been received before the start.
 */
export async function drain(counted: Counted, endpoint: Endpoint, events: number): Promise<Drained> {
  const { side } = counted;
  await side.hold();
  await fill(side, counted.events, events);
  const workerBeforeMs = await side.settled(counted.events);
  const serverBeforeMs = await side.serverCpuMs();
  await side.release();
  counted.events += events;
  const { atMs } = await allArrived(endpoint, events);
  const workerMs = (await side.settled(counted.events)) - workerBeforeMs;
  const serverMs = ((await side.serverCpuMs()) ?? Number.NaN) - (serverBeforeMs ?? Number.NaN);
  const from = Math.floor(atMs.length / 10);
  const tookMs = (atMs.at(-1) ?? Number.NaN) - (atMs[from] ?? Number.NaN);
  return {
    workerUs: (workerMs * 1000) / events,
    serverUs: Number.isNaN(serverMs) ? undefined : (serverMs * 1000) / events,
    perSecond: ((atMs.length - 1 - from) * 1000) / tookMs,
  };
}

/**
 * @returns for each event, the ms from putting it into the queue to its arrival; the events are put one by one, at an even rate
 */
export async function latencies(
  counted: Counted,
  endpoint: Endpoint,
  { perSecond, events }: { readonly perSecond: number; readonly events: number },
): Promise<readonly number[]> {
  const { side, events: first } = counted;
  const putMs: number[] = [];
  const puts: Promise<void>[] = [];
  const beganMs = machineMs();
  for (let index = 0; index < events; index += 1) {
    const waitMs = beganMs + (index * 1000) / perSecond - machineMs();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    putMs.push(machineMs());
    puts.push(side.enqueue([first + index]));
  }
  await Promise.all(puts);
  counted.events += events;
  const { atMs, events: arrived } = await allArrived(endpoint, events);
  await side.settled(counted.events);
  return arrived.map((event, index) => (atMs[index] ?? Number.NaN) - (putMs[event - first] ?? Number.NaN));
}

/**
 * Kills the worker when the endpoint has a third of the events. The endpoint answers so late that many events are in flight.
 */
export async function crash(counted: Counted, endpoint: Endpoint, events: number): Promise<Crashed> {
  const { side } = counted;
  const first = counted.events;
  await endpoint.receiver.ask({ kind: 'delay', delayMs: 200 } satisfies ReceiverAsk);
  const filling = fill(side, first, events);
  await Promise.all([arrivals(endpoint, Math.floor(events / 3), false).then(() => side.replaceWorker()), filling]);
  counted.events += events;
  await arrivals(endpoint, events, false);
  const all: ReceiverAsk = {
    kind: 'wait',
    events: Number.MAX_SAFE_INTEGER,
    quietMs: side.givenAgainMs + graceMs,
    forget: true,
  };
  const arrived = await endpoint.receiver.ask<Arrived>(all);
  await endpoint.receiver.ask({ kind: 'delay', delayMs: 0 } satisfies ReceiverAsk);
  return balance(first, events, arrived);
}
