/** Goal 4 with real workers: eight processes, each wired as deployed, share the rates of one or two destinations. */
import type { SQSClient } from '@aws-sdk/client-sqs';
import { createSqsClient } from '../../lib/adapters/aws/sqs-client.ts';
import type { BenchProcess } from '../bench-process.ts';
import type { Figure } from '../figure.ts';
import { fullestSecond, meanRate, timeOfPart } from './arrivals.ts';
import type { Noise } from './noise.ts';
import { missingPart, strayRequests, watchIdle } from './noise.ts';
import { sendDemand, work } from './queue.ts';
import type { Demand } from './queue.ts';
import type { Arrivals, Received } from './receiver.ts';
import type { RateServers } from './servers.ts';
import { startRateServers } from './servers.ts';

const workers = 8;

interface Rated extends Demand {
  readonly ratePerSecond: number;
}

/** Destinations that get twice as many events as their rates allow. */
interface Scenario {
  readonly destinations: readonly Rated[];
  /** The part of each rate, and of all rates together, that must be used. */
  readonly leastPart: number;
  readonly leastPartOfAll: number;
  readonly seconds: number;
  /** How long the workers get events of another destination before, so that each has loaded and compiled its code. */
  readonly warmUpSeconds: number;
}

const alone: Scenario = {
  destinations: [{ destination: 'alone', ratePerSecond: 300, perSecond: 600 }],
  leastPart: 0.97,
  leastPartOfAll: 0.97,
  seconds: 20,
  warmUpSeconds: 10,
};

/**
 * Two destinations that are both overloaded compete for eight workers, and the local queue hands out their messages in turn. So the
 * slower one gets as many places as the other, and neither can use all of its rate. This only shows that none is starved.
 */
const competing: Scenario = {
  destinations: [
    { destination: 'limited', ratePerSecond: 200, perSecond: 400 },
    { destination: 'neighbour', ratePerSecond: 50, perSecond: 100 },
  ],
  leastPart: 0.6,
  leastPartOfAll: 0.8,
  seconds: 20,
  warmUpSeconds: 0,
};

const quickScenarios: readonly Scenario[] = [{ ...competing, seconds: 6, warmUpSeconds: 1 }];
const usualScenarios: readonly Scenario[] = [alone, competing];

const warmUp: Rated = { destination: 'warm-up', ratePerSecond: 2000, perSecond: 400 };

/** Events that arrive later than this after the computed end of the backlog count as lost. */
const graceSeconds = 20;

export async function measureWorkers({ quick }: { readonly quick: boolean }): Promise<Figure[]> {
  const servers = await startRateServers();
  const sqs = createSqsClient(servers.surroundings.aws);
  const scenarios = quick ? quickScenarios : usualScenarios;
  try {
    const queueUrl = String(servers.surroundings.environment['DELIVERY_QUEUE_URL']);
    for (const { destination, ratePerSecond } of [warmUp, ...scenarios.flatMap(({ destinations }) => destinations)]) {
      await servers.createDestination(destination, ratePerSecond);
    }
    const fleet = await startWorkers(servers);
    const figures: Figure[] = [];
    for (const scenario of scenarios) figures.push(...(await measure(scenario, { servers, sqs, queueUrl, fleet })));
    return figures;
  } finally {
    servers.stop();
    sqs.destroy();
  }
}

interface Fleet {
  readonly servers: RateServers;
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly fleet: readonly BenchProcess[];
}

async function measure(scenario: Scenario, { servers, sqs, queueUrl, fleet }: Fleet): Promise<Figure[]> {
  const { destinations, seconds, warmUpSeconds } = scenario;
  const ended = new AbortController();
  try {
    const sources = Promise.all(fleet.map((worker) => work(sqs, queueUrl, worker, ended.signal)));
    await untilAllCame(servers, await sendDemand(sqs, queueUrl, [warmUp], warmUpSeconds), graceSeconds);
    const idle = watchIdle();
    const sent = await sendDemand(sqs, queueUrl, destinations, seconds);
    const received = await untilAllCame(servers, sent, seconds + graceSeconds);
    const usedIdle = idle();
    ended.abort();
    const workerLagMs = Math.max(...(await sources));
    const noise = { endpointLagMs: received.worstLagMs, workerLagMs, idle: usedIdle };
    const figures = destinations.flatMap((each) =>
      figuresOf(each, sent[each.destination] ?? 0, received, noise, scenario),
    );
    const all = destinations.length > 1 ? [partOfAllRates(scenario, received, noise)] : [];
    return [...figures, ...all, ...noiseFigures(noise)];
  } finally {
    ended.abort();
  }
}

async function startWorkers(servers: RateServers): Promise<readonly BenchProcess[]> {
  const fleet = Array.from({ length: workers }, () => servers.start('rate/worker-process.ts'));
  await Promise.all(fleet.map((worker) => worker.ask(servers.surroundings)));
  return fleet;
}

/** Waits until every event of every destination has arrived, or the time is over. */
async function untilAllCame(
  servers: RateServers,
  sent: Readonly<Record<string, number>>,
  seconds: number,
): Promise<Received> {
  const giveUpMs = performance.now() + seconds * 1000;
  let worstLagMs = 0;
  for (;;) {
    const received = await servers.received();
    worstLagMs = Math.max(worstLagMs, received.worstLagMs);
    const missing = Object.entries(sent).some(([name, count]) => distinct(arrivalsOf(received, name)) < count);
    if (!missing || performance.now() > giveUpMs) return { ...received, worstLagMs };
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function arrivalsOf({ byPath }: Received, destination: string): Arrivals {
  return byPath[`/${destination}`] ?? { atMs: [], events: [] };
}

function distinct({ events }: Arrivals): number {
  return new Set(events).size;
}

/** Time for the queue and the workers to fill up. */
const settledAfterMs = 1000;

/**
 * The part of the rate that must be used. Some slots stay empty at the end, because the last events come back after delays of
 * whole seconds.
 */
const demandedPart = 0.95;

function figuresOf(
  { destination, ratePerSecond }: Rated,
  sent: number,
  received: Received,
  noise: Noise,
  { leastPart }: Scenario,
): Figure[] {
  const arrivals = arrivalsOf(received, destination);
  const figure = (what: string, value: number, target: string, broken: boolean): Figure => {
    const name = `${workers} worker processes, demand twice the rate of ${ratePerSecond}/s: ${what}`;
    return { goal: 4, name, value, target, broken };
  };
  const most = fullestSecond(arrivals.atMs);
  const limit = 1.03 * ratePerSecond + 1;
  const mean = requestsPerSecond(arrivals) / ratePerSecond;
  const lost = sent - distinct(arrivals);
  return [
    figure('fullest second', most, `<= ${limit}`, most > limit + strayRequests(ratePerSecond, noise)),
    figure('part of the rate that is used', mean, `>= ${leastPart}`, !(mean >= leastPart - missingPart(noise))),
    figure('events lost', lost, '= 0', lost > 0),
  ];
}

/** The destinations share the workers, so one may use less of its rate while the other uses more. */
function partOfAllRates({ destinations, leastPartOfAll }: Scenario, received: Received, noise: Noise): Figure {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const used = sum(destinations.map(({ destination }) => requestsPerSecond(arrivalsOf(received, destination))));
  const value = used / sum(destinations.map(({ ratePerSecond }) => ratePerSecond));
  const name = `${workers} worker processes, demand twice the rates: part of both rates together that is used`;
  const broken = !(value >= leastPartOfAll - missingPart(noise));
  return { goal: 4, name, value, target: `>= ${leastPartOfAll}`, broken };
}

/** The mean rate of requests after the workers have filled up and before the backlog runs out. */
function requestsPerSecond({ atMs }: Arrivals): number {
  return meanRate(atMs, (atMs[0] ?? 0) + settledAfterMs, timeOfPart(atMs, demandedPart));
}

/** These figures help to judge a figure that missed its target. */
function noiseFigures({ endpointLagMs, workerLagMs, idle }: Noise): Figure[] {
  const figure = (name: string, value: number) => ({
    goal: 4,
    name: `noise of the machine: ${name}`,
    value,
    target: '',
  });
  return [
    figure("endpoint's worst timer, ms late", endpointLagMs),
    figure("workers' worst timer, ms late", workerLagMs),
    figure('idle part of the processors', idle),
  ];
}
