/**
 * Goal 10 on the local stack: the times of events for a healthy destination while many events wait for a dead endpoint, compared
 * with a second stack without the dead endpoint. To run it alone: `node bench/isolation/local.ts [--quick|--full]`. To run it
 * for one endpoint and one number of events: `node bench/isolation/local.ts hung 100000`.
 */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Figure } from '../figure.ts';
import { printFigure, printTable } from '../figure.ts';
import { quantile } from '../peers/balance.ts';
import type { Measured } from '../rounds.ts';
import { median, medianOf, medianRatio } from '../rounds.ts';
import { IsolationSide } from './side.ts';

/** `quick`: one round of two endpoints. `full`: also 100,000 queued events, and more rounds. */
export type Extent = 'quick' | 'usual' | 'full';

type DeadKind = 'hung' | 'refused' | 'unresolvable' | 'slow';

interface Trial {
  readonly kind: DeadKind;
  readonly queued: number;
  readonly rounds: number;
  /** Whether all rounds use the same queued events. Putting 100,000 events takes much longer than a round. */
  readonly isQueuedOnce?: boolean;
  /** The time during which events are put one after the other. */
  readonly watchMs: number;
}

const goal = 10;
const healthyEvents = 20;
const longestMs = 2000;
const mostTimes = 2;

/** An event that has not arrived counts as if it had taken this time. */
const notArrivedMs = 60_000;

/** Waiting for this part of the events is enough, because the median needs only half of them. */
const halfAndMore = 0.6;

const kinds: readonly DeadKind[] = ['hung', 'refused', 'unresolvable', 'slow'];

function trialsOf(extent: Extent): Trial[] {
  switch (extent) {
    case 'quick':
      return [{ kind: 'hung', queued: 300, rounds: 1, watchMs: 7000 }];
    case 'usual':
      return kinds.flatMap((kind) => [
        { kind, queued: 300, rounds: 1, watchMs: 1000 },
        { kind, queued: 3000, rounds: 1, watchMs: 5500 },
      ]);
    case 'full':
      return kinds.flatMap((kind) => [
        { kind, queued: 300, rounds: 3, watchMs: 3000 },
        { kind, queued: 3000, rounds: 3, watchMs: 3000 },
        { kind, queued: 100_000, rounds: 3, isQueuedOnce: true, watchMs: 3000 },
      ]);
  }
}

export async function* measureLocalIsolation(
  extent: Extent,
  trials: readonly Trial[] = trialsOf(extent),
): AsyncGenerator<Figure> {
  const [beside, alone] = await Promise.all([IsolationSide.start(), IsolationSide.start()]);
  try {
    const refused = `http://127.0.0.1:${await closedPort()}/refused`;
    const endpoints = { hung: '/hung', refused, unresolvable: 'https://dead.invalid/orders', slow: '/slow' };
    for (const trial of trials) yield* measureTrial({ beside, alone }, trial, endpoints[trial.kind]);
    if (extent !== 'quick') yield* measureFlaky({ beside, alone }, extent === 'full' ? 5 : 3);
  } finally {
    await Promise.all([beside.stop(), alone.stop()]);
  }
}

/** A stack with the dead endpoint and a stack without it. */
interface Sides {
  readonly beside: IsolationSide;
  readonly alone: IsolationSide;
}

/** The times of twenty events that were put at once, and of twenty that were put one after the other. */
interface Times {
  readonly atOnce: readonly number[];
  readonly single: readonly number[];
}

interface Round {
  readonly besideMs: Times;
  readonly aloneMs: Times;
  readonly lost: number;
}

async function* measureTrial(sides: Sides, trial: Trial, endpoint: string): AsyncGenerator<Figure> {
  const rounds: Round[] = [];
  let dead: readonly number[] | undefined;
  for (let round = 0; round < trial.rounds; round += 1) {
    if (dead === undefined || trial.isQueuedOnce !== true) dead = await queueDeadEvents(sides, trial, endpoint);
    rounds.push(await runRound(sides, trial, dead));
  }
  const of = `${trial.queued} events queued for one ${trial.kind} endpoint`;
  const allOf = (side: 'besideMs' | 'aloneMs') =>
    rounds.flatMap(({ [side]: { atOnce, single } }) => [...atOnce, ...single]);
  const p99Ms = quantile(allOf('besideMs'), 0.99);
  const aloneP99Ms = quantile(allOf('aloneMs'), 0.99);
  const lost = rounds.reduce((sum, round) => sum + round.lost, 0);
  yield {
    goal,
    name: `${of}: ms until a healthy event arrives, median`,
    value: median(allOf('besideMs')),
    target: '-',
  };
  yield {
    goal,
    name: `${of}: ms until a healthy event arrives, p99`,
    value: p99Ms,
    target: `<= ${longestMs}`,
    // If the stack without a dead endpoint is slow too, the cause is the machine, so the figure does not fail the bench.
    broken: p99Ms > Math.max(longestMs, mostTimes * aloneP99Ms),
  };
  const p99Name = `${of}: p99 divided by the p99 without these events`;
  // The p99 of so few events is the slowest of them, so this ratio is mostly noise.
  yield { goal, name: p99Name, value: p99Ms / aloneP99Ms, target: '-' };
  // Events at once take longer than single ones, so a median of both together would lie in the gap between them.
  yield timesAlone(
    `${of}: median of ${healthyEvents} at once divided by the median without these events`,
    rounds,
    'atOnce',
  );
  yield timesAlone(`${of}: median of single events divided by the median without these events`, rounds, 'single');
  yield { goal, name: `${of}: events lost`, value: lost, target: '= 0', broken: lost > 0 };
}

function timesAlone(name: string, rounds: readonly Round[], put: keyof Times): Figure {
  const ratio = medianRatio(
    rounds.map(({ besideMs }) => median(besideMs[put])),
    rounds.map(({ aloneMs }) => median(aloneMs[put])),
  );
  return timesFigure(name, ratio, rounds.length);
}

/** The noise needs at least three rounds. With fewer rounds, the figure never fails the bench. */
function timesFigure(name: string, { value, noise }: Measured, rounds: number): Figure {
  if (rounds < 3) return { goal, name, value, target: `<= ${mostTimes}` };
  return { goal, name, value, noise, target: `<= ${mostTimes}`, broken: value - noise > mostTimes };
}

/** @returns the numbers of the events that are queued for the dead endpoint */
async function queueDeadEvents({ beside, alone }: Sides, trial: Trial, endpoint: string): Promise<readonly number[]> {
  await beside.reset({ healthy: '/healthy', dead: endpoint });
  await alone.reset({ healthy: '/healthy' });
  for (const side of [beside, alone]) await side.arrivalsOf(await side.put('healthy', healthyEvents));
  return beside.put('dead', trial.queued);
}

/**
 * Both stacks get the same events for the healthy destination: twenty at once after the backlog, and then twenty single ones.
 * The single events go to the two stacks alternately.
 */
async function runRound({ beside, alone }: Sides, { watchMs }: Trial, dead: readonly number[]): Promise<Round> {
  const numbers = { beside: [...(await beside.put('healthy', healthyEvents))], alone: [] as number[] };
  const atOnceMs = await beside.arrivalsOf(numbers.beside);
  const aloneAtOnceMs = await alone.arrivalsOf(await alone.put('healthy', healthyEvents));
  numbers.beside = [];
  const turnMs = watchMs / (2 * healthyEvents);
  for (let event = 0; event < healthyEvents; event += 1) {
    await delay(turnMs);
    numbers.beside.push(...(await beside.put('healthy', 1)));
    await delay(turnMs);
    numbers.alone.push(...(await alone.put('healthy', 1)));
  }
  const besideMs = { atOnce: atOnceMs, single: await beside.arrivalsOf(numbers.beside) };
  const aloneMs = { atOnce: aloneAtOnceMs, single: await alone.arrivalsOf(numbers.alone) };
  const lostHealthy = [...besideMs.atOnce, ...besideMs.single].filter((ms) => ms === undefined).length;
  return {
    besideMs: timesOf(besideMs),
    aloneMs: timesOf(aloneMs),
    lost: lostHealthy + (await beside.lostOf(dead)),
  };
}

function timesOf(arrivals: Readonly<Record<keyof Times, readonly (number | undefined)[]>>): Times {
  const times = (put: keyof Times): number[] => arrivals[put].map((ms) => ms ?? notArrivedMs);
  return { atOnce: times('atOnce'), single: times('single') };
}

/** Compares two endpoints that get a thousand events at once. One of them answers every third request with 500. */
async function* measureFlaky({ beside, alone }: Sides, rounds: number): AsyncGenerator<Figure> {
  const events = 1000;
  let lost = 0;
  const medians = { flaky: [] as number[], healthy: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    for (const [side, endpoint, into] of [
      [beside, '/flaky', medians.flaky],
      [alone, '/healthy', medians.healthy],
    ] as const) {
      await side.reset({ healthy: endpoint });
      await side.arrivalsOf(await side.put('healthy', healthyEvents));
      const numbers = await side.put('healthy', events);
      const arrived = await side.arrivalsOf(numbers, halfAndMore);
      into.push(median(arrived.map((ms) => ms ?? notArrivedMs)));
      lost += await side.lostOf(numbers);
    }
  }
  const of = `${events} events at once, every third request fails`;
  yield { goal, name: `${of}: median ms`, ...medianOf(medians.flaky), target: '-' };
  yield timesFigure(
    `${of}: median divided by the median without failures`,
    medianRatio(medians.flaky, medians.healthy),
    rounds,
  );
  yield { goal, name: `${of}: events lost`, value: lost, target: '= 0', broken: lost > 0 };
}

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

if (import.meta.main) {
  const extent = (['quick', 'full'] as const).find((each) => process.argv.includes(`--${each}`)) ?? 'usual';
  const kind = kinds.find((each) => each === process.argv[2]);
  const one = kind && [{ kind, queued: Number(process.argv[3] ?? 3000), rounds: 1, watchMs: 7000 }];
  for await (const figure of measureLocalIsolation(one ? 'quick' : extent, one)) printFigure(figure);
  printTable();
}
