/**
 * Simulates a fleet. Workers with clocks of their own keep the rate of one destination, with one table and one queue. The
 * simulated time jumps from event to event. The limiter is the real one, from lib/delivery and lib/core.
 */
import type { RatedDestination } from '../../lib/delivery/rate/limiter.ts';
import { createFleetClock, createSeededRandom } from './clock.ts';
import type { FleetFigures } from './figures.ts';
import { FleetJournal } from './figures.ts';
import { createFleetQueue } from './queue.ts';
import { createFleetTable } from './table.ts';
import type { FleetEvent } from './worker.ts';
import { createFleetWorker } from './worker.ts';

export interface FleetOptions {
  readonly workers: number;
  readonly ratePerSecond: number;
  readonly burst?: number;
  /** Demand as a multiple of the rate. */
  readonly load: number;
  readonly durationSeconds: number;
  /** Number of events that arrive together as a batch. Default 10. */
  readonly arrivingTogether?: number;
  /** How long a new event may wait for its slot inside an invocation. Default 2000. */
  readonly arrivalHorizonMs?: number;
  /**
   * With `even`, the default, each event arrives at some time within an interval of its own. With `atOnce`, all events are in
   * the queue at the beginning.
   */
  readonly arrivals?: 'even' | 'poisson' | 'atOnce';
  /** Largest difference between the clocks of two workers. Default 5. */
  readonly clockSpreadMs?: number;
  /** Chance that an invocation dies after it has reserved slots. */
  readonly deaths?: number;
  /** Chance that a write is throttled. */
  readonly throttled?: number;
  /** Writes per second that the item accepts. Further writes are throttled. Default 1000. */
  readonly itemWritesPerSecond?: number;
  /** Whether the answer to a refused write contains the bucket, as DynamoDB's answer does. Default true. */
  readonly showsRefuser?: boolean;
  /** How long the queue collects a batch. Default 0. */
  readonly batchWindowMs?: number;
  /** The most invocations of the queue's function at the same time. Default: no limit. */
  readonly inFlight?: number;
  /** The longest delay that one message can have. Default 900. */
  readonly longestDelaySeconds?: number;
  /** A change of the rate. Every worker learns of it within 15 s. */
  readonly rateChange?: { readonly afterSeconds: number; readonly ratePerSecond: number };
  /** The endpoint asks one worker to pause for this long. */
  readonly pause?: { readonly afterSeconds: number; readonly forSeconds: number };
  /** How long the simulation goes on after the last arrival. */
  readonly drainSeconds?: number;
  /** This time at the beginning does not count towards the utilisation. Default 5. */
  readonly warmUpSeconds?: number;
  readonly seed?: number;
}

export interface FleetRun extends FleetFigures {
  readonly sentAtMs: readonly number[];
}

const batchSize = 10;
const queueHorizonMs = 2000;
const requestMs = 50;
const latencyMs = 6;
const visibilityTimeoutSeconds = 30;
const cacheSeconds = 15;

export async function simulateFleet(options: FleetOptions): Promise<FleetRun> {
  const { workers, load, durationSeconds } = options;
  const random = createSeededRandom(options.seed ?? 1);
  const clock = createFleetClock();
  const beganMs = clock.nowMs;
  const { throttled = 0, showsRefuser = true, itemWritesPerSecond = 1000 } = options;
  const table = createFleetTable(clock, random, { latencyMs, throttled, showsRefuser, itemWritesPerSecond });
  const journal = new FleetJournal();
  const world = {
    clock,
    table,
    journal,
    random,
    defer: (...args: Parameters<typeof queue.send>) => queue.send(...args),
  };
  const fleet = Array.from({ length: workers }, (_, worker) =>
    createFleetWorker(world, {
      worker,
      offsetMs: (random() - 0.5) * (options.clockSpreadMs ?? 5),
      batchSize,
      requestMs,
      longestDelaySeconds: options.longestDelaySeconds ?? 900,
      destination: destinationOf(options, beganMs + random() * cacheSeconds * 1000, () => clock.nowMs),
    }),
  );

  async function invoke(events: readonly FleetEvent[], horizonMs: number): Promise<void> {
    journal.batches += 1;
    const dies = random() < (options.deaths ?? 0);
    await fleet[Math.floor(random() * workers)]?.process(events, horizonMs, dies);
    if (dies) for (const event of events) queue.send(event, visibilityTimeoutSeconds);
  }

  const queue = createFleetQueue<FleetEvent>(clock, {
    batchSize,
    batchWindowMs: options.batchWindowMs ?? 0,
    inFlight: options.inFlight ?? Number.POSITIVE_INFINITY,
    receive: (events) => invoke(events, queueHorizonMs),
  });

  const events = Math.round(options.ratePerSecond * load * durationSeconds);
  for (const arriving of arrivalsOf(options, events, beganMs, random)) {
    const batch = Array.from({ length: arriving.count }, (): FleetEvent => ({ bornMs: arriving.atMs }));
    if (options.arrivals === 'atOnce') for (const event of batch) queue.send(event, 0);
    else clock.at(arriving.atMs, () => void invoke(batch, options.arrivalHorizonMs ?? queueHorizonMs));
  }
  const { pause } = options;
  if (pause !== undefined) {
    clock.at(beganMs + pause.afterSeconds * 1000, () => void fleet[0]?.pause(pause.forSeconds * 1000));
  }
  const endMs = beganMs + durationSeconds * 1000;
  await clock.runUntil(endMs);
  const writesWhileArriving = table.writes;
  await clock.runUntil(endMs + (options.drainSeconds ?? 0) * 1000);

  const fromMs = beganMs + (options.warmUpSeconds ?? 5) * 1000;
  return {
    events,
    sent: journal.sentAtMs.length,
    utilisation: journal.sentBetween(fromMs, endMs) / ((options.ratePerSecond * (endMs - fromMs)) / 1000),
    fullestSecond: journal.mostWithin(1000),
    batches: journal.batches,
    writes: table.writes,
    reads: table.reads,
    writesPerSecond: writesWhileArriving / durationSeconds,
    returns: journal.returns,
    missedSlots: journal.missedSlots,
    fairness: journal.fairness(),
    waitP50Ms: journal.waitMs(0.5),
    waitP99Ms: journal.waitMs(0.99),
    lastSentAfterMs: journal.lastSentMs() - beganMs,
    sentAtMs: journal.sentAtMs.map((atMs) => atMs - beganMs),
  };
}

function destinationOf(options: FleetOptions, readAtMs: number, nowMs: () => number): () => RatedDestination {
  const { ratePerSecond, burst = 1, rateChange } = options;
  const before = { name: 'simulated', timeoutMs: 5000, incarnation: 'simulated', revision: 1, ratePerSecond, burst };
  if (rateChange === undefined) return () => before;
  const after = { ...before, revision: 2, ratePerSecond: rateChange.ratePerSecond };
  const knownAtMs = readAtMs + rateChange.afterSeconds * 1000;
  return () => (nowMs() < knownAtMs ? before : after);
}

interface Arriving {
  readonly atMs: number;
  readonly count: number;
}

function arrivalsOf(options: FleetOptions, events: number, beganMs: number, random: () => number): Arriving[] {
  const { arrivals = 'even', arrivingTogether = batchSize, load, ratePerSecond } = options;
  const everyMs = (1000 * arrivingTogether) / (ratePerSecond * load);
  const arriving: Arriving[] = [];
  let nextMs = beganMs;
  for (let left = events; left > 0; left -= arrivingTogether) {
    const count = Math.min(left, arrivingTogether);
    if (arrivals === 'atOnce') arriving.push({ atMs: beganMs, count });
    else if (arrivals === 'even') arriving.push({ atMs: nextMs + random() * everyMs, count });
    else arriving.push({ atMs: nextMs, count });
    nextMs += arrivals === 'poisson' ? -Math.log(1 - random()) * everyMs : everyMs;
  }
  return arriving;
}
