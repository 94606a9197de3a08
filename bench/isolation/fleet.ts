/**
 * Goal 10 in the simulation: 50 batches at a time for 1,000 destinations, of which some are dead. To run it alone: `node
 * bench/isolation/fleet.ts [--full]`.
 */
import type { Figure } from '../figure.ts';
import { printFigure, printTable } from '../figure.ts';
import { quantile } from '../peers/balance.ts';
import type { EndpointHistory } from './journal.ts';
import {
  failuresAtOpening,
  intervalsUntil,
  mostProbesPerInterval,
  openings,
  requestsBeforeOpening,
  strayRequests,
} from './journal.ts';
import type { Endpoint, IsolationRun } from './simulation.ts';
import { answering, failing, hung, refused, simulateIsolation, slow, tenantFleet } from './simulation.ts';

const goal = 10;
const longestMs = 2000;
const settledAfterMs = 10_000;

const fleet = { ...tenantFleet, durationSeconds: 40 };

const kinds: readonly (readonly [string, Endpoint])[] = [
  ['hung', hung],
  ['refused', refused],
  ['slow', slow],
];

export async function* measureFleetIsolation({ full }: { readonly full: boolean }): AsyncGenerator<Figure> {
  const alone = await simulateIsolation({ ...fleet, dead: 0, deadEndpoint: answering });
  const aloneMs = quantile(waitsOf(alone), 0.99);
  yield { goal, name: 'simulated fleet without dead endpoints: p99 ms of waits', value: aloneMs, target: '-' };
  for (const dead of full ? [1, 10] : [10]) {
    for (const [kind, deadEndpoint] of kinds) {
      yield* figuresOf(
        `simulated fleet, ${dead} of 1000 ${kind}`,
        await simulateIsolation({ ...fleet, dead, deadEndpoint }),
      );
    }
  }
  yield* measureProbes();
  yield await measureRandomFailures();
  yield* measureHealing();
}

function* figuresOf(of: string, run: IsolationRun): Generator<Figure> {
  const laterMs = run.beganMs + settledAfterMs;
  const p99Ms = quantile(waitsOf(run), 0.99);
  const laterP99Ms = quantile(waitsOf(run, laterMs), 0.99);
  const limit = `<= ${longestMs}`;
  // No worker has called the dead endpoints before. Ten of them occupy the whole fleet until their first requests time out.
  const isOne = run.deadNames.length === 1;
  yield {
    goal,
    name: `${of}: p99 ms that healthy events wait`,
    value: p99Ms,
    ...(isOne ? { target: limit, broken: !(p99Ms <= longestMs) } : { target: '-' }),
  };
  yield {
    goal,
    name: `${of}: the same from the tenth second on`,
    value: laterP99Ms,
    target: limit,
    broken: !(laterP99Ms <= longestMs),
  };
  const heldMs = run.journal.held.reduce(
    (sum, { fromMs, untilMs }) => sum + Math.max(0, untilMs - Math.max(fromMs, laterMs)),
    0,
  );
  const share = heldMs / ((run.endMs - laterMs) * fleet.workers);
  yield {
    goal,
    name: `${of}: part of the invocations that dead destinations occupy, from the tenth second on`,
    value: share,
    // Each destination may occupy a third.
    ...(isOne ? { target: '<= 0.333', broken: !(share <= 1 / 3) } : { target: '-' }),
  };
  yield* openingFigures(of, historiesOf(run));
}

/** Yields nothing when no circuit has opened. */
function* openingFigures(of: string, histories: readonly EndpointHistory[]): Generator<Figure> {
  const failures = histories.map(failuresAtOpening).filter((count) => count !== undefined);
  if (failures.length === 0) return;
  const most = (count: (history: EndpointHistory) => number) => Math.max(...histories.map(count));
  // Failures at the same moment share one write, so the count may exceed the target a little.
  yield { goal, name: `${of}: most failures counted when a circuit opened`, value: Math.max(...failures), target: '5' };
  yield {
    goal,
    name: `${of}: most requests to a dead endpoint, except probes`,
    value: most((history) => requestsBeforeOpening(history) + strayRequests(history)),
    target: '-',
  };
  yield { goal, name: `${of}: most probes in one interval`, value: most(mostProbesPerInterval), target: '<= 1' };
}

/** Simulates one dead endpoint and eight workers. They have events for no other endpoint. */
async function* measureProbes(): AsyncGenerator<Figure> {
  const few = { ...fleet, workers: 8, destinations: 1, dead: 1, healthyPerSecond: 0, durationSeconds: 300 };
  for (const [kind, deadEndpoint] of kinds.slice(0, 2)) {
    const run = await simulateIsolation({ ...few, backlog: 300, deadEndpoint });
    const [history] = historiesOf(run);
    const value = history === undefined ? Number.NaN : mostProbesPerInterval(history);
    const name = `simulated eight workers, ${kind}: most probes in one interval`;
    yield { goal, name, value, target: '<= 1', broken: !(value <= 1) };
  }
}

async function measureRandomFailures(): Promise<Figure> {
  const requests = 100_000;
  const perSecond = 1000;
  const run = await simulateIsolation({
    ...fleet,
    destinations: 1,
    dead: 1,
    deadEndpoint: failing(0.3),
    backlog: 0,
    deadPerSecond: 0.7 * perSecond,
    healthyPerSecond: 0,
    ratePerSecond: 2 * perSecond,
    durationSeconds: requests / perSecond,
  });
  const value = historiesOf(run).reduce((sum, history) => sum + openings(history), 0);
  const sent = historiesOf(run).reduce((sum, history) => sum + history.requests.length, 0);
  const name = `simulated endpoint that fails 30 % of ${sent} requests: times that its circuit opened`;
  return { goal, name, value, target: '<= 1' };
}

/** Measures how soon events arrive at an endpoint that answers again after a minute. */
async function* measureHealing(): AsyncGenerator<Figure> {
  const healAfterSeconds = 60;
  for (const [kind, deadEndpoint] of kinds.slice(0, 2)) {
    for (const backlog of [3, 3000]) {
      const run = await simulateIsolation({
        ...fleet,
        destinations: 2,
        dead: 1,
        deadEndpoint,
        backlog,
        deadPerSecond: 0,
        healthyPerSecond: 1,
        durationSeconds: 400,
        healAfterSeconds,
      });
      const [history] = historiesOf(run);
      const healedMs = run.beganMs + healAfterSeconds * 1000;
      const delivered = history?.deliveredAtMs.filter((atMs) => atMs >= healedMs) ?? [];
      const of = `simulated ${kind} endpoint, ${backlog} queued, heals`;
      const firstMs = Math.min(...delivered);
      const first = history === undefined ? Number.NaN : intervalsUntil(history, firstMs, healedMs);
      yield { goal, name: `${of}: intervals until the first delivery`, value: first, target: '<= 1' };
      yield {
        goal,
        name: `${of}: seconds until the last delivery`,
        value: (Math.max(...delivered) - healedMs) / 1000,
        target: '-',
      };
      yield {
        goal,
        name: `${of}: events lost`,
        value: backlog - delivered.length,
        target: '= 0',
        broken: delivered.length < backlog,
      };
    }
  }
}

function waitsOf({ journal }: IsolationRun, fromMs = 0): readonly number[] {
  return journal.healthyWaits.filter(({ bornMs }) => bornMs >= fromMs).map(({ waitedMs }) => waitedMs);
}

function historiesOf({ journal, deadNames }: IsolationRun): readonly EndpointHistory[] {
  return deadNames.map((name) => journal.of(name));
}

if (import.meta.main) {
  const full = process.argv.includes('--full');
  for await (const figure of measureFleetIsolation({ full })) printFigure(figure);
  printTable();
}
