/**
 * Sends the same events to the same endpoint with BullMQ on Redis, with the code that a team would write first, and with
 * Lastmile. Each of these is a side of the comparison. The queue servers are not comparable, because Redis is written in C and
 * the stack's SQS and DynamoDB are stand-ins in JavaScript. So the figure to compare is the processor time of the worker's
 * process. Events per second by the clock describe only this machine.
 */
import { startBenchProcess, type BenchProcess } from '../bench-process.ts';
import { surroundings } from '../bench-stack.ts';
import type { ContenderInput } from '../worker/contender-process.ts';
import type { Figure } from '../figure.ts';
import { quantile } from './balance.ts';
import { crash, type Counted, drain, type Endpoint, latencies } from './rounds.ts';
import { startPeerProcess } from './process.ts';
import type { ReceiverAsk } from './receiver.ts';
import { redisVersion, startRedis, type RedisServer } from './redis.ts';
import { type Side, startBullMq, startLastmile } from './sides.ts';
import { Table } from './table.ts';

const goal = 8;
const rounds = 5;
const path = '/orders';
const drained = { events: 2000, warmUp: 5000 };
const paced = { perSecond: 50, events: 200 };
const crashed = { events: 1200 };

interface Surroundings {
  readonly endpoint: Endpoint;
  readonly everysec: RedisServer;
  readonly always: RedisServer;
}

type Start = (surroundings: Surroundings, shortLocks: boolean) => Promise<Side>;

const ours = 'Lastmile';
const workerCpu = 'worker CPU, us per event';
const firstTry = 'no queue: the stack a team writes first';

const bullMq = 'BullMQ, undici Pool';
const ourBatch = `${ours}, 10 under way`;
const bullMqTen = `${bullMq}, 10 under way`;

/** Each side has either 100 events in flight or, like a worker on Lambda, one batch. */
const sides: Readonly<Record<string, Start>> = {
  'BullMQ, fetch': ({ endpoint: { url }, everysec }, shortLocks) =>
    startBullMq({ name: 'by-fetch', redis: everysec, endpoint: url, sender: 'fetch', underWay: 100, shortLocks }),
  [bullMq]: ({ endpoint: { url }, everysec }, shortLocks) =>
    startBullMq({ name: 'by-pool', redis: everysec, endpoint: url, sender: 'Pool', underWay: 100, shortLocks }),
  'BullMQ, undici Pool, fsync always': ({ endpoint: { url }, always }, shortLocks) =>
    startBullMq({ name: 'by-pool', redis: always, endpoint: url, sender: 'Pool', underWay: 100, shortLocks }),
  [bullMqTen]: ({ endpoint: { url }, everysec }, shortLocks) =>
    startBullMq({ name: 'by-ten', redis: everysec, endpoint: url, sender: 'Pool', underWay: 10, shortLocks }),
  [ours]: ({ endpoint: { url } }, shortLocks) => startLastmile({ endpoint: url, underWay: 100, shortLocks }),
  [ourBatch]: ({ endpoint: { url } }, shortLocks) => startLastmile({ endpoint: url, underWay: 10, shortLocks }),
};

/** The sides whose latency is measured. The number of events in flight does not affect it, so the other sides are left out. */
const pacedSides = Object.keys(sides).filter((name) => name !== ourBatch && name !== bullMqTen);

export async function measurePeers(): Promise<Figure[]> {
  const version = await redisVersion();
  if (version === undefined) {
    console.error('Skipped the comparison with BullMQ. Install redis-server to run it.');
    return [];
  }
  console.error(
    `${version}; events of 0.8 KB, ${rounds} rounds, 100 events in flight unless the name of the side says otherwise`,
  );
  const receiver = startPeerProcess('receiver.ts');
  const port = await receiver.ask<number>({ kind: 'listen' } satisfies ReceiverAsk);
  const endpoint = { receiver, url: `http://127.0.0.1:${port}${path}` };
  const [everysec, always] = [await startRedis('everysec'), await startRedis('always')];
  const table = new Table();
  try {
    const surroundings = { endpoint, everysec, always };
    await measureUndisturbed(surroundings, table);
    const lost = await measureCrashes(surroundings, table);
    return [
      ...table.figures(goal),
      ...atMostOne(table.ratios(goal, workerCpu, ours), bullMq),
      ...atMostOne(table.ratios(goal, workerCpu, ourBatch), bullMqTen),
      ...lost,
    ];
  } finally {
    receiver.stop();
    await Promise.all([everysec.stop(), always.stop()]);
  }
}

/** Our worker must not cost more than this peer. The ratios to the other sides are not goals. */
function atMostOne(ratios: readonly Figure[], peer: string): Figure[] {
  return ratios.map((figure) => {
    if (!figure.name.endsWith(` to ${peer}`)) return figure;
    return { ...figure, target: '<= 1', broken: !(figure.value - (figure.noise ?? 0) <= 1) };
  });
}

/** Measures processor time, rate and latency. Every side is measured once in each round. */
async function measureUndisturbed(surroundings: Surroundings, table: Table): Promise<void> {
  const { endpoint } = surroundings;
  const first = await startFirstTry(endpoint);
  const started = await startSides(surroundings, Object.keys(sides), false);
  try {
    for (const counted of Object.values(started)) await drain(counted, endpoint, drained.warmUp);
    await first.drain(drained.warmUp);
    await inRounds([...Object.keys(sides), firstTry], async (name) => {
      const counted = started[name];
      const { workerUs, serverUs, perSecond } = counted
        ? await drain(counted, endpoint, drained.events)
        : await first.drain(drained.events);
      table.add(workerCpu, name, workerUs);
      if (serverUs !== undefined) table.add('queue server CPU, us per event', name, serverUs);
      table.add('events per second', name, perSecond);
    });
    await inRounds(pacedSides, async (name) => {
      const counted = started[name];
      if (counted === undefined) return;
      const ms = await latencies(counted, endpoint, paced);
      table.add(`ms from enqueue to arrival at ${paced.perSecond}/s, p50`, name, quantile(ms, 0.5));
      table.add(`ms from enqueue to arrival at ${paced.perSecond}/s, p99`, name, quantile(ms, 0.99));
    });
  } finally {
    first.process.stop();
    await stopAll(started);
  }
}

/** Kills a worker in each round. Only one side of BullMQ and one of Lastmile take part. */
async function measureCrashes(surroundings: Surroundings, table: Table): Promise<Figure[]> {
  const started = await startSides(surroundings, [bullMq, ours], true);
  try {
    const lost: Record<string, number> = {};
    await inRounds(Object.keys(started), async (name) => {
      const counted = started[name];
      if (counted === undefined) return;
      const counts = await crash(counted, surroundings.endpoint, crashed.events);
      table.add('kill -9: unanswered requests', name, counts.unanswered);
      table.add('kill -9: events sent again', name, counts.again);
      lost[name] = (lost[name] ?? 0) + counts.lost;
    });
    return Object.entries(lost).map(([name, value]) => {
      const figure = { goal, name: `kill -9: events lost by ${rounds} kills: ${name}`, value, target: '= 0' };
      return { ...figure, broken: name === ours && value > 0 };
    });
  } finally {
    await stopAll(started);
  }
}

/** Runs each round in the opposite order of the previous round. */
async function inRounds(names: readonly string[], measure: (name: string) => Promise<void>): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) await measure(name);
  }
}

async function startSides(
  surroundings: Surroundings,
  names: readonly string[],
  shortLocks: boolean,
): Promise<Record<string, Counted>> {
  const started: Record<string, Counted> = {};
  try {
    for (const name of names) {
      const side = await sides[name]?.(surroundings, shortLocks);
      if (side !== undefined) started[name] = { side, events: 0 };
    }
  } catch (error) {
    await stopAll(started);
    throw error;
  }
  return started;
}

async function stopAll(started: Readonly<Record<string, Counted>>): Promise<void> {
  for (const { side } of Object.values(started)) await side.stop();
}

/** This side has no queue and keeps its events in memory, so it cannot guarantee at-least-once delivery. */
async function startFirstTry({ url, receiver }: Endpoint) {
  const process: BenchProcess = startBenchProcess('worker/contender-process.ts');
  const { origin } = new URL(url);
  await process.ask({ ...surroundings(origin), name: 'first try', receiver: origin, path } satisfies ContenderInput);
  const forget: ReceiverAsk = { kind: 'wait', events: 0, quietMs: 0, forget: true };
  return {
    process,
    async drain(events: number) {
      const beganMs = performance.now();
      const { elapsedMs } = (await process.ask({ count: events })) as { readonly elapsedMs: number };
      const perSecond = (events * 1000) / (performance.now() - beganMs);
      await receiver.ask(forget);
      return { workerUs: (elapsedMs * 1000) / events, serverUs: undefined, perSecond };
    },
  };
}
