/** Measures the cost of a worker's events for larger and larger events. */
import type { Figure } from '../figure.ts';
import { batchOf } from './events.ts';
import type { Point, Probe } from './measure.ts';
import { measureRounds, pointAt, ratioFigure, timeRatio } from './measure.ts';
import type { GrowthWorker } from './servers.ts';
import { startEndpoint, startProcesses, startServers, startWorker } from './servers.ts';

const sizes = [1000, 10_000, 100_000, 256_000, 1_000_000];

/** Bytes of one round, enough for about 100 ms. */
const bytesOfRound = 30_000_000;
const mostEvents = 1000;

export const lines = { story: 'a delivery', bare: 'its bare request' } as const;

export async function measureSizes(rounds: number): Promise<readonly Point[]> {
  const processes = startProcesses();
  try {
    const endpoint = await startEndpoint(processes);
    const { worker } = await startServers(processes, endpoint);
    const probes: Probe[] = [];
    for (const bytes of sizes) {
      const story = await startWorker(processes, { kind: 'start', queue: false, ...worker });
      const bare = await startWorker(processes, { kind: 'start bare', url: endpoint });
      probes.push(probe(lines.story, bytes, story), probe(lines.bare, bytes, bare));
    }
    return await measureRounds(probes, rounds);
  } finally {
    processes.stop();
  }
}

function probe(line: string, bytes: number, worker: GrowthWorker): Probe {
  const wanted = Math.min(mostEvents, bytesOfRound / bytes);
  const events = Math.ceil(wanted / batchOf(bytes)) * batchOf(bytes);
  return { x: bytes, measure: async () => [{ line, ...(await worker.deliver({ events, bytes })) }] };
}

/** Above this ratio the time grows faster than the event. */
const mostRatio = 1.25;
const some = 100_000;
const most = 1_000_000;

export function sizeFigures(points: readonly Point[]): Figure[] {
  const perByte = timeRatio(pointAt(points, lines.story, most), pointAt(points, lines.story, some));
  return [
    ratioFigure('processor time per byte of an event of 1 MB, to that of 100 KB', perByte, mostRatio, most / some),
  ];
}
