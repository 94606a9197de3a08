/**
 * Goal 4: how much of the rate a simulated fleet uses, and whether it stays within the rate. To run it alone: `node
 * bench/fleet/goal.ts`, which fails when a figure misses its target.
 */
import type { Figure } from '../figure.ts';
import { printFigure } from '../figure.ts';
import type { FleetOptions, FleetRun } from './fleet.ts';
import { simulateFleet } from './fleet.ts';

type Fleet = Pick<FleetOptions, 'workers' | 'ratePerSecond' | 'durationSeconds'>;

const fleets: readonly Fleet[] = [1, 10, 100, 1000].flatMap((workers) => [
  { workers, ratePerSecond: 300, durationSeconds: 60 },
  { workers, ratePerSecond: 5000, durationSeconds: 15 },
]);

/**
 * Loads as parts of the rate. When the load is a little below the rate, a worker can hardly tell whether the destination is
 * busy.
 */
const loads = [0.5, 0.7, 0.9, 0.95, 1];

const batchSize = 10;

/** The most calls per batch when a worker knows the bucket: one write, and very few reads. */
const oneCall = 1.05;

/**
 * The most calls per batch while fewer events arrive than the rate allows: a worker reads the bucket before it writes, because
 * the destination may be idle.
 */
const readAndWrite = 2.05;

/** The longest time that filling a batch takes when messages are waiting in the queue. */
const gatheringMs = 100;

export async function measureFleets(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const fleet of fleets) {
    for (const load of loads) figures.push(...(await measureLoad(fleet, load)));
    figures.push(...(await measureOverload(fleet)));
  }
  return [...figures, ...(await measureWarm()), ...(await measureFlood())];
}

async function measureLoad(fleet: Fleet, load: number): Promise<Figure[]> {
  const run = await simulateFleet({ ...fleet, load });
  const of = `${nameOf(fleet)}, load ${load}`;
  return [
    atMost(`${of}: writes per batch`, run.writes / run.batches, 1.05),
    atMost(`${of}: writes and reads per batch`, callsPerBatch(run), fleet.workers === 1 ? oneCall : readAndWrite),
    atMost(`${of}: fullest second over the rate`, run.fullestSecond / fleet.ratePerSecond, 1.03),
    ...(load === 1 ? [atLeast(`${of}: utilisation`, run.utilisation, 0.99)] : []),
  ];
}

/** Measures workers that already know how busy the destination is. */
async function measureWarm(): Promise<Figure[]> {
  const run = await simulateFleet({ workers: 100, ratePerSecond: 300, load: 1, durationSeconds: 600 });
  return [
    atMost(
      'simulated fleet of 100 at 300/s, load 1, for 600 s: writes and reads per batch',
      callsPerBatch(run),
      oneCall,
    ),
  ];
}

async function measureOverload(fleet: Fleet): Promise<Figure[]> {
  // The simulation runs until everything has been sent, so that every event that comes back counts, with its write.
  const drainSeconds = 2 * fleet.durationSeconds;
  const run = await simulateFleet({ ...fleet, load: 2, batchWindowMs: gatheringMs, drainSeconds });
  const of = `${nameOf(fleet)}, load 2`;
  return [
    atMost(`${of}: writes per batch of new events`, writesPerNewBatch(run), 2.5),
    atMost(`${of}: returns per event`, run.returns / run.events, 1.1),
    atLeast(`${of}: utilisation`, run.utilisation, 0.99),
    atMost(`${of}: fullest second over the rate`, run.fullestSecond / fleet.ratePerSecond, 1.03),
  ];
}

/** Measures events that arrive and come back one by one. At worst, each of them costs one write. */
async function measureFlood(): Promise<Figure[]> {
  const flood = { workers: 100, ratePerSecond: 300, load: 10, arrivingTogether: 1, arrivalHorizonMs: 250 };
  const figures: Figure[] = [];
  for (const inFlight of [100, Number.POSITIVE_INFINITY]) {
    const run = await simulateFleet({ ...flood, durationSeconds: 60, inFlight });
    const of = `simulated flood of 3000/s to a destination of 300/s, at most ${inFlight} invocations`;
    figures.push(
      atMost(`${of}: writes a second`, run.writesPerSecond, 300),
      atLeast(`${of}: utilisation`, run.utilisation, 0.99),
    );
  }
  const run = await simulateFleet({
    workers: 1000,
    ratePerSecond: 5000,
    load: 10,
    batchWindowMs: gatheringMs,
    durationSeconds: 15,
  });
  const of = 'simulated fleet of 1000 at 5000/s, load 10';
  return [...figures, atLeast(`${of}: utilisation`, run.utilisation, 0.95)];
}

function callsPerBatch({ writes, reads, batches }: FleetRun): number {
  return (writes + reads) / batches;
}

function writesPerNewBatch({ writes, events }: FleetRun): number {
  return writes / (events / batchSize);
}

function nameOf({ workers, ratePerSecond }: Fleet): string {
  return `simulated fleet of ${workers} at ${ratePerSecond}/s`;
}

/** Simulated time has no noise, so every figure that misses its target fails the bench. */
function atMost(name: string, value: number, limit: number): Figure {
  return { goal: 4, name, value, target: `<= ${limit}`, broken: !(value <= limit) };
}

function atLeast(name: string, value: number, limit: number): Figure {
  return { goal: 4, name, value, target: `>= ${limit}`, broken: !(value >= limit) };
}

if (import.meta.main) for (const figure of await measureFleets()) printFigure(figure);
