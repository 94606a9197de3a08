/** Measures the cost of a worker's events with more and more events waiting in the delivery queue. */
import type { Figure } from '../figure.ts';
import type { Point, Probe } from './measure.ts';
import { heldMb, measureRounds, pointAt, ratioFigure, timeRatio } from './measure.ts';
import type { Usage } from './process.ts';
import { GrowthQueue } from './queue.ts';
import type { GrowthServers, GrowthWorker, Processes } from './servers.ts';
import { memoryOf, startEndpoint, startProcesses, startServers, startWorker } from './servers.ts';

/** Ten events share one write and one invocation. A single event needs a write and an invocation of its own. */
const fullBatch = 10;
const backlogs = [1, 10, 100, 1000, 10_000, 100_000];
const bytes = 1000;

/** The number of batches in one round. */
const batches = 50;
/** These batches run before the first round, so that the compiler has optimised the code. */
const warmUpBatches = 150;

/** The plot shows the local SQS and DynamoDB separately, because a deployed worker uses the real services. */
export const lines = { worker: 'a worker', standIn: 'local SQS and DynamoDB' } as const;

/** Each backlog has a stack, a queue and a worker of its own, so that no backlog shares memory with another. */
interface Place {
  readonly servers: GrowthServers;
  readonly queue: GrowthQueue;
  readonly worker: GrowthWorker;
}

export async function measureBacklogs(rounds: number): Promise<readonly Point[]> {
  const processes = startProcesses();
  const queues: GrowthQueue[] = [];
  try {
    const endpoint = await startEndpoint(processes);
    const probes: Probe[] = [];
    for (const backlog of backlogs) {
      const place = await startPlace(processes, endpoint);
      queues.push(place.queue);
      probes.push({ x: backlog, measure: () => measure(place, backlog) });
    }
    return await measureRounds(probes, rounds);
  } finally {
    for (const queue of queues) queue.close();
    processes.stop();
  }
}

async function startPlace(processes: Processes, endpoint: string): Promise<Place> {
  const servers = await startServers(processes, endpoint);
  const worker = await startWorker(processes, { kind: 'start', queue: true, ...servers.worker });
  const queue = new GrowthQueue(servers, bytes);
  for (let batch = 0; batch < warmUpBatches; batch += 1) {
    await queue.fill(fullBatch);
    await queue.drainBatch(worker);
  }
  return { servers, worker, queue };
}

/**
 * Measures the first batches from a queue with this many events. The events of a small backlog do not last for all batches, so
 * the queue is filled up before each batch.
 */
async function measure({ servers, queue, worker }: Place, backlog: number) {
  const standInMs = async () => ((await servers.stack.ask({})) as Pick<Usage, 'cpuMs'>).cpuMs;
  const workerUsage = () => worker.ask<Usage>({ kind: 'usage' });
  await queue.fill(backlog);
  const before = await workerUsage();
  const spent = { events: 0, standInMs: 0 };
  for (let batch = 0; batch < batches; batch += 1) {
    await queue.fill(Math.min(backlog, fullBatch));
    const beforeMs = await standInMs();
    spent.events += await queue.drainBatch(worker);
    spent.standInMs += (await standInMs()) - beforeMs;
  }
  const after = await workerUsage();
  const perEvent = (ms: number) => (ms * 1000) / spent.events;
  return [
    { line: lines.worker, us: perEvent(after.cpuMs - before.cpuMs), ...memoryOf(after) },
    { line: lines.standIn, us: perEvent(spent.standInMs) },
  ];
}

const most = 100_000;
const mostRatio = 1.1;
const mostGrowthMb = 2;

export function backlogFigures(points: readonly Point[]): Figure[] {
  const few = pointAt(points, lines.worker, fullBatch);
  const many = pointAt(points, lines.worker, most);
  const name = `processor time of a worker per event with ${most} queued, to that with ${fullBatch}`;
  const growthMb = heldMb(many) - heldMb(few);
  return [
    ratioFigure(name, timeRatio(many, few), mostRatio),
    {
      goal: 8,
      name: `additional memory of a worker with ${most} queued events, compared with ${fullBatch}, MB`,
      value: growthMb,
      target: `<= ${mostGrowthMb}`,
      broken: !(growthMb <= mostGrowthMb),
    },
  ];
}
