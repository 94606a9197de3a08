/**
 * The fleet simulation: workers with clocks of their own hold one destination's rate through one table and one queue, on a
 * clock that jumps from event to event. What decides is the limiter of lib/delivery and lib/core itself.
 */
import type { RatedDestination } from '../lib/delivery/rate-limiter.ts';
import { createFleetClock, createSeededRandom } from './fleet-clock.ts';
import { createFleetQueue } from './fleet-queue.ts';
import { createFleetTable } from './fleet-table.ts';
import type { FleetEvent } from './fleet-worker.ts';
import { createFleetWorker } from './fleet-worker.ts';

export interface FleetOptions {
  readonly workers: number;
  readonly ratePerSecond: number;
  readonly burst?: number;
  /** Demand as a multiple of the rate. */
  readonly load: number;
  readonly durationSeconds: number;
  /** Events of one arriving batch. */
  readonly arrivingTogether?: number;
  /** How long a new event may wait for its slot inside an invocation. */
  readonly arrivalHorizonMs?: number;
  readonly arrivals?: 'even' | 'poisson' | 'atOnce';
  /** Clocks differ by up to so much from one worker to another. */
  readonly clockSpreadMs?: number;
  /** Chance of an invocation to die after it has reserved. */
  readonly deaths?: number;
  readonly throttled?: number;
  readonly showsRefuser?: boolean;
  readonly batchWindowMs?: number;
  /** Invocations of the queue's function at one time. */
  readonly inFlight?: number;
  /** Whether what has been deferred is waited for after the last arrival. */
  readonly drains?: boolean;
  readonly seed?: number;
}

export interface FleetFigures {
  readonly events: number;
  readonly sent: number;
  readonly utilisation: number;
  /** Most requests within any second, as a multiple of the rate. */
  readonly fullestSecond: number;
  readonly batches: number;
  readonly writes: number;
  readonly reads: number;
  readonly writesPerBatch: number;
  readonly writesPerEvent: number;
  readonly writesPerSecond: number;
  readonly returnsPerEvent: number;
  readonly missedSlots: number;
  /** Jain's index over the share of its events that each worker sent in their first invocation; 1 is perfectly fair. */
  readonly fairness: number;
  readonly waitP50Ms: number;
  readonly waitP99Ms: number;
  /** From the first event to the last request. */
  readonly lastSentAfterMs: number;
}

const batchSize = 10;
const queueHorizonMs = 2000;
const requestMs = 50;
const latencyMs = 6;
const visibilityTimeoutSeconds = 30;
/** Time at the beginning that utilisation leaves out. */
const warmUpMs = 5000;

export async function simulateFleet(options: FleetOptions): Promise<FleetFigures> {
  const { workers, ratePerSecond, load, durationSeconds, burst = 1 } = options;
  const {
    arrivingTogether = batchSize,
    arrivalHorizonMs = queueHorizonMs,
    inFlight = Number.POSITIVE_INFINITY,
  } = options;
  const random = createSeededRandom(options.seed ?? 1);
  const clock = createFleetClock();
  const beganMs = clock.nowMs;
  const { throttled = 0, showsRefuser = true } = options;
  const table = createFleetTable(clock, random, { latencyMs, throttled, showsRefuser });
  const destination: RatedDestination = { incarnation: 'simulated', revision: 1, ratePerSecond, burst };
  const sentAtMs: number[] = [];
  const waitsMs: number[] = [];
  const perWorker = Array.from({ length: workers }, () => 0);
  let returns = 0;
  let missedSlots = 0;
  let batches = 0;

  const fleet = Array.from({ length: workers }, (_, worker) =>
    createFleetWorker(
      clock,
      table,
      {
        sent(event, atMs, by) {
          sentAtMs.push(atMs);
          waitsMs.push(atMs - event.bornMs);
          perWorker[by] = (perWorker[by] ?? 0) + 1;
        },
        deferred(event, delaySeconds) {
          returns += 1;
          queue.send(event, delaySeconds);
        },
        missed() {
          missedSlots += 1;
        },
      },
      { worker, offsetMs: (random() - 0.5) * (options.clockSpreadMs ?? 5), batchSize, requestMs, random },
    ),
  );

  async function invoke(events: readonly FleetEvent[], horizonMs: number): Promise<void> {
    batches += 1;
    const dies = random() < (options.deaths ?? 0);
    await fleet[Math.floor(random() * workers)]?.process(events, destination, horizonMs, dies);
    if (dies) for (const event of events) queue.send(event, visibilityTimeoutSeconds);
  }

  const queue = createFleetQueue<FleetEvent>(clock, {
    batchSize,
    batchWindowMs: options.batchWindowMs ?? 0,
    inFlight,
    receive: (events) => invoke(events, queueHorizonMs),
  });

  const events = Math.round(ratePerSecond * load * durationSeconds);
  const everyMs = (1000 * arrivingTogether) / (ratePerSecond * load);
  let atMs = beganMs;
  for (let arrived = 0; arrived < events; arrived += arrivingTogether) {
    const count = Math.min(arrivingTogether, events - arrived);
    const arriving = Array.from({ length: count }, (): FleetEvent => ({ bornMs: atMs }));
    if (options.arrivals === 'atOnce') for (const event of arriving) queue.send(event, 0);
    else {
      clock.at(
        atMs + (options.arrivals === 'poisson' ? 0 : random() * everyMs),
        () => void invoke(arriving, arrivalHorizonMs),
      );
      atMs += options.arrivals === 'poisson' ? -Math.log(1 - random()) * everyMs : everyMs;
    }
  }
  const endMs = beganMs + durationSeconds * 1000;
  await clock.runUntil(options.drains === true ? Number.MAX_SAFE_INTEGER : endMs);

  sentAtMs.sort((a, b) => a - b);
  waitsMs.sort((a, b) => a - b);
  const lastMs = sentAtMs.at(-1) ?? beganMs;
  const fromMs = beganMs + warmUpMs;
  const measured = sentAtMs.filter((at) => at >= fromMs && at < endMs).length;
  return {
    events,
    sent: sentAtMs.length,
    utilisation: measured / ((ratePerSecond * (endMs - fromMs)) / 1000),
    fullestSecond: mostWithin(sentAtMs, 1000) / ratePerSecond,
    batches,
    writes: table.writes,
    reads: table.reads,
    writesPerBatch: table.writes / batches,
    writesPerEvent: table.writes / events,
    writesPerSecond: (table.writes * 1000) / ((options.drains === true ? lastMs : endMs) - beganMs),
    returnsPerEvent: returns / events,
    missedSlots,
    fairness: jain(perWorker),
    waitP50Ms: waitsMs[Math.floor(waitsMs.length / 2)] ?? Number.NaN,
    waitP99Ms: waitsMs[Math.floor(waitsMs.length * 0.99)] ?? Number.NaN,
    lastSentAfterMs: lastMs - beganMs,
  };
}

/** @param sorted times, ascending */
function mostWithin(sorted: readonly number[], windowMs: number): number {
  let most = 0;
  let first = 0;
  for (const [index, atMs] of sorted.entries()) {
    while (atMs - (sorted[first] ?? atMs) >= windowMs) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

/** Source: Jain, Chiu, Hawe, A quantitative measure of fairness, 1984. */
function jain(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return (sum * sum) / (values.length * squares);
}
