/** Measures the cost of a worker's events for more and more API destinations. */
import type { Figure } from '../figure.ts';
import type { Point, Probe } from './measure.ts';
import { heldMb, measureRounds, pointAt, ratioFigure, timeRatio } from './measure.ts';
import type { GrowthServers, Processes } from './servers.ts';
import { createDestinations, startEndpoint, startProcesses, startServers, startWorker } from './servers.ts';

const counts = [1, 100, 1000, 10_000];
const most = 10_000;
const bytes = 1000;

/**
 * Two lines of the plot. In `known`, the worker never reads the configuration again. In `stale`, it reads it before each use,
 * because two uses of a destination are at least a second apart.
 */
const lines = { known: 'configuration known', stale: 'read again first' } as const;
const cacheSeconds = { known: '900', stale: '1' } as const;

export async function measureDestinations(rounds: number): Promise<readonly Point[]> {
  const processes = startProcesses();
  try {
    const servers = await startServers(processes, await startEndpoint(processes));
    await createDestinations(servers, most);
    const probes: Probe[] = [];
    for (const kind of ['known', 'stale'] as const) {
      for (const count of counts) probes.push(await probe(processes, servers, kind, count));
    }
    return await measureRounds(probes, rounds);
  } finally {
    processes.stop();
  }
}

/** Starts a new worker. For the line `known`, it first sends to each destination once, which fills its cache. */
async function probe(
  processes: Processes,
  { worker }: GrowthServers,
  kind: 'known' | 'stale',
  destinations: number,
): Promise<Probe> {
  const environment = { ...worker.environment, CACHE_SECONDS: cacheSeconds[kind] };
  const started = await startWorker(processes, { kind: 'start', queue: false, environment, aws: worker.aws });
  if (kind === 'known') await started.deliver({ events: destinations, bytes, destinations, batch: 1 });
  const work = { events: 500, bytes, destinations };
  return { x: destinations, measure: async () => [{ line: lines[kind], ...(await started.deliver(work)) }] };
}

/**
 * The cost with the largest number of destinations is compared with the cost with this number. In both cases, two batches in a
 * row go to different destinations.
 */
const some = 100;

/**
 * The cost may rise a little, because ten thousand entries do not fit into the processor's caches. A search through all entries
 * would raise it in proportion to their number.
 */
const mostRatio = 1.25;
const mostKilobytes = 5;

export function destinationFigures(points: readonly Point[]): Figure[] {
  const few = pointAt(points, lines.known, some);
  const many = pointAt(points, lines.known, most);
  const kilobytes = ((heldMb(many) - heldMb(few)) * 1000) / (most - some);
  return [
    ratioFigure(
      `processor time per event to ${most} destinations, to that of ${some}`,
      timeRatio(many, few),
      mostRatio,
    ),
    {
      goal: 8,
      name: 'memory per destination that a worker has sent to, KB',
      value: kilobytes,
      target: `<= ${mostKilobytes}`,
      broken: !(kilobytes <= mostKilobytes),
    },
  ];
}
