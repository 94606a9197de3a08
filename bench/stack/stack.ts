/**
 * The whole local stack, from its doors to an endpoint, beside the code that a team writes first. Each side runs in processes of its
 * own.
 */
import type { Figure } from '../figure.ts';
import { startPeerProcess } from '../peers/process.ts';
import type { ReceiverAsk } from '../peers/receiver.ts';
import { burst, type Endpoint, type Measured, paced } from './measure.ts';
import { type Side, startPlainSide, startStackSide } from './sides.ts';

const goal = 11;
const warmUpEvents = 1000;
const burstEvents = 5000;
const atOnce = { perSecond: 50, events: 250 };
const targets = { perSecond: 1250, cpuUs: 1000, p50Ms: 3, p99Ms: 8, residentMB: 250, burstMs: 200 } as const;

interface Named {
  readonly name: string;
  readonly start: (endpoint: string) => Promise<Side>;
}

const plain: Named = { name: 'the code a team writes first, no queue', start: startPlainSide };

function stackSides(rates: readonly number[]): readonly Named[] {
  return (['PutEvents', 'Invoke'] as const).flatMap((door) =>
    (['memory', 'data folder'] as const).flatMap((store) =>
      rates.map((ratePerSecond) => ({
        name: `local stack, ${door}, ${store}, rate ${ratePerSecond}`,
        start: (endpoint: string) => startStackSide({ door, store, ratePerSecond, endpoint }),
      })),
    ),
  );
}

/** Measures each side in turn. The figures describe this machine; the ratio to the plain code carries over. */
export async function* measureStack(sides: 'usual' | 'full'): AsyncGenerator<Figure> {
  const reference = await measureSide(plain);
  yield* figuresOf(plain.name, reference, false);
  for (const side of stackSides(sides === 'full' ? [2000, 100_000] : [2000])) {
    const measured = await measureSide(side);
    yield* figuresOf(side.name, measured, true);
    const ratio = measured.burst.cpuUs / reference.burst.cpuUs;
    yield {
      goal,
      name: `${side.name}: CPU of an event / that of the plain code`,
      value: ratio,
      target: 'a comparison',
    };
  }
}

interface SideMeasured {
  readonly burst: Measured;
  readonly paced: Measured;
}

async function measureSide({ start }: Named): Promise<SideMeasured> {
  const receiver = startPeerProcess('receiver.ts');
  const port = await receiver.ask<number>({ kind: 'listen' } satisfies ReceiverAsk);
  const endpoint: Endpoint = { receiver, url: `http://127.0.0.1:${port}/orders` };
  const side = await start(endpoint.url);
  try {
    await burst(side, endpoint, warmUpEvents);
    return {
      burst: await burst(side, endpoint, burstEvents),
      paced: await paced(side, endpoint, atOnce.events, atOnce.perSecond),
    };
  } finally {
    await side.stop();
    receiver.stop();
  }
}

/** Nothing is broken by a figure of one round on a machine that may be busy, except a lost event and too much memory. */
function* figuresOf(name: string, { burst: full, paced: slow }: SideMeasured, isOurs: boolean): Generator<Figure> {
  const at = `at ${atOnce.perSecond} a second`;
  const target = (text: string): string => (isOurs ? text : 'a comparison');
  yield { goal, name: `${name}: events a second`, value: full.perSecond, target: target(`>= ${targets.perSecond}`) };
  yield { goal, name: `${name}: CPU us an event`, value: full.cpuUs, target: target(`<= ${targets.cpuUs}`) };
  yield {
    goal,
    name: `${name}: ms until the median event of a burst of ${burstEvents} arrives`,
    value: full.p50Ms,
    target: target(`<= ${targets.burstMs}`),
  };
  yield { goal, name: `${name}: CPU us an event, ${at}`, value: slow.cpuUs, target: 'a comparison' };
  yield { goal, name: `${name}: ms to arrival, p50, ${at}`, value: slow.p50Ms, target: target(`<= ${targets.p50Ms}`) };
  yield { goal, name: `${name}: ms to arrival, p99, ${at}`, value: slow.p99Ms, target: target(`<= ${targets.p99Ms}`) };
  yield {
    goal,
    name: `${name}: MB resident after ${warmUpEvents + burstEvents} events`,
    value: full.residentMB,
    target: target(`<= ${targets.residentMB}`),
    broken: isOurs && full.residentMB > targets.residentMB,
  };
  const lost = full.lost + slow.lost;
  yield { goal, name: `${name}: events lost`, value: lost, target: target('= 0'), broken: isOurs && lost > 0 };
}
